// SPDX-License-Identifier: GPL-2.0-only
/// The alarms of a real process, over its loop and the kernel's CLOCK_MONOTONIC.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/ports/timers.hpp"
#include "realmode/host/event_loop.hpp"

namespace lvslab::realmode {

/// A Time is CLOCK_MONOTONIC's, nanoseconds since boot: a step of the wall clock moves no alarm,
/// and several processes of one machine agree on it. A process that was held up (SIGSTOP) finds
/// its due alarms in their order when it goes on.
class LoopTimers final : public ports::Timers {
public:
    explicit LoopTimers(EventLoop& loop);
    LoopTimers(const LoopTimers&) = delete;
    LoopTimers& operator=(const LoopTimers&) = delete;

    Time now() const override;
    ports::TimerId at(Time when, std::function<void()> call) override;
    void cancel(ports::TimerId timer) override;

    /// Called before due alarms go off: hands in what was heard while the process was held up, as
    /// the port asks (HeartbeatSockets::read). It may set and cancel alarms.
    void read_first(std::function<void()> read) { read_ = std::move(read); }

private:
    using Key = std::pair<Time, std::uint64_t>;  ///< by time, then as asked for

    void arm();
    void go_off();

    boost::asio::steady_timer timer_;
    std::map<Key, std::function<void()>> alarms_;
    std::unordered_map<std::uint64_t, Time> when_;
    std::function<void()> read_;
    std::uint64_t last_ = 0;
    Time armed_for_ = never;
    std::shared_ptr<char> alive_;  ///< calls of Asio that come after the end find it gone
};

}  // namespace lvslab::realmode
