// SPDX-License-Identifier: GPL-2.0-only
/// One probe under way: what its limit, its end and its breaking off have in common.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/base/time.hpp"
#include "realmode/host/event_loop.hpp"

namespace lvslab::realmode {

/// How a probe ended.
struct ProbeEnd {
    bool up = false;
    /// This host could not carry it out (no descriptor, no such program): for the log.
    std::string trouble;
};

/// Handlers that wait in the loop own the probe, so it outlives its prober's interest in it; once
/// it has ended or was broken off none of them does anything.
class ProbeRun : public std::enable_shared_from_this<ProbeRun> {
public:
    using Ended = std::function<void(ProbeEnd)>;

    virtual ~ProbeRun() = default;
    ProbeRun(const ProbeRun&) = delete;
    ProbeRun& operator=(const ProbeRun&) = delete;

    /// Called once. The end comes once and from the loop, never from within.
    virtual void begin() = 0;
    /// Breaks it off: the end does not come any more.
    void stop() {
        if (!std::exchange(over_, true)) {
            limit_.cancel();
            ended_ = nullptr;
            close();
        }
    }

protected:
    ProbeRun(EventLoop& loop, Ended ended) : loop_(loop), limit_(loop), ended_(std::move(ended)) {}

    EventLoop& loop() { return loop_; }

    /// A handler that keeps this probe and does nothing when it is over.
    template <class Call>
    auto unless_over(Call call) {
        return [self = shared_from_this(), call = std::move(call)](auto&&... with) mutable {
            if (!self->over_) {
                call(std::forward<decltype(with)>(with)...);
            }
        };
    }

    /// From now; takes the place of the limit before. A server that does not keep it is down.
    void limit(Duration duration) {
        limit_.expires_after(duration);
        limit_.async_wait(unless_over([this](boost::system::error_code error) {
            if (!error) {
                end({});
            }
        }));
    }
    /// Never from begin(): see end_soon.
    void end(ProbeEnd how) {
        const auto ended = std::move(ended_);
        stop();
        ended(std::move(how));
    }
    void end_soon(ProbeEnd how) {
        boost::asio::post(loop_, unless_over([this, how = std::move(how)] { end(how); }));
    }

private:
    virtual void close() = 0;

    EventLoop& loop_;
    boost::asio::steady_timer limit_;
    Ended ended_;
    bool over_ = false;
};

}  // namespace lvslab::realmode
