// SPDX-License-Identifier: GPL-2.0-only
/// The process of a server in front of its station, on a machine that may stand still.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"
#include "core/ports/timers.hpp"
#include "core/server/station.hpp"

namespace lvslab::world {

/// Works off what a world's sockets hand in. Work is server::Application or server::DataStation:
/// it is there while the process runs. The process has a clock of its own that stands still while
/// its machine does (freeze), so that work goes on afterwards where it was.
///
/// What is due is done before anything new comes in: requests that end in this very nanosecond
/// free their workers and their places first.
template <class Work>
class ServerProcess {
public:
    using Ticket = server::Station::Ticket;

    /// `done` hears of each request whose work is done, also of those that are held. The timers,
    /// the world's own, must outlive the process.
    ServerProcess(ports::Timers& timers, std::function<void(Ticket)> done)
        : timers_(timers), done_(std::move(done)) {}
    ~ServerProcess() { disarm(); }
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    /// Starts with nothing of what was; `parts` are what Work is made of. No error if it runs.
    template <class... Parts>
    void start(Parts&&... parts) {
        if (!work_) {
            work_.emplace(std::forward<Parts>(parts)...);
            work_->slow_down(slowness_);
        }
    }
    /// Ends: what waited is lost. No error if it does not run.
    void end() {
        if (work_) {
            work_before_ += work_->station().work_done(working_time());
            refused_before_ += work_->station().refused();
            disarm();
            work_.reset();
        }
    }
    /// Its machine has died: it does not stand still any more either.
    void crash() {
        end();
        frozen_at_.reset();
    }
    void freeze() {
        if (!frozen_at_) {
            frozen_at_ = timers_.now();
            disarm();
        }
    }
    void thaw() {
        if (frozen_at_) {
            frozen_for_ += timers_.now() - *frozen_at_;
            frozen_at_.reset();
            arm();
        }
    }
    /// Work takes `factor` times as long from now on, also after a start; 1 = as the scenario says.
    void slow_down(double factor) {
        slowness_ = factor;
        if (work_) {
            work_->slow_down(factor);
        }
    }

    bool running() const { return work_.has_value(); }
    bool frozen() const { return frozen_at_.has_value(); }
    /// Requests that run, wait or are held; 0 if it does not run.
    std::uint64_t population() const { return work_ ? work_->station().population() : 0; }
    /// As Station's: its own work is done, and it waits for release().
    bool held(Ticket ticket) const { return work_->held(ticket); }

    /// `arrival(work, time)` hands a request in and says whether there was a place for it; so does
    /// offer(). False too if the process does not run, or who heard of work that was due ended it.
    template <class Arrival>
    bool offer(Arrival&& arrival) {
        serve();
        if (!work_) {
            return false;
        }
        const bool taken = arrival(*work_, working_time());
        arm();
        return taken;
    }
    /// A held request leaves, `then()` is called, and its worker goes on; nothing of it if the
    /// process has ended.
    template <class Then>
    void release(Ticket ticket, Then&& then) {
        serve();
        if (work_) {
            work_->release(ticket, working_time());
            then();
            arm();
        }
    }
    /// Does what is due, as it would by itself: for clocks that go on while a program computes.
    void catch_up() {
        if (work_ && !frozen_at_) {
            serve();
            arm();
        }
    }

    /// What all its processes so far have done, and what it does now.
    journal::ServerLoad load(std::uint32_t server) const {
        journal::ServerLoad load{server, 0, 0, work_before_, refused_before_};
        if (work_) {
            const auto& station = work_->station();
            constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
            load.busy = station.busy();
            load.queued = static_cast<std::uint32_t>(std::min(station.queued(), most));
            load.work_done += station.work_done(working_time());
            load.refused += station.refused();
        }
        return load;
    }

private:
    Time working_time() const { return frozen_at_.value_or(timers_.now()) - frozen_for_; }

    void serve() {
        while (work_) {
            const auto done = work_->complete(working_time());
            if (!done) {
                return;
            }
            done_(*done);
        }
    }

    void arm() {
        const Time due = work_ ? work_->next_completion() : never;
        if (due == never || frozen_at_ || armed_for_ <= due) {
            return;  // an alarm that comes too early arms the right one
        }
        timers_.cancel(alarm_);
        armed_for_ = due;
        alarm_ = timers_.at(due + frozen_for_, [this] {
            armed_for_ = never;
            serve();
            arm();
        });
    }

    void disarm() {
        timers_.cancel(std::exchange(alarm_, {}));
        armed_for_ = never;
    }

    ports::Timers& timers_;
    std::function<void(Ticket)> done_;
    std::optional<Work> work_;
    double slowness_ = 1;
    ports::TimerId alarm_{};
    Time armed_for_ = never;  ///< in working time
    std::optional<Time> frozen_at_;
    Duration frozen_for_{};
    Duration work_before_{};  ///< of processes that have ended
    std::uint64_t refused_before_ = 0;
};

}  // namespace lvslab::world
