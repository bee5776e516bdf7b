// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/loop_timers.hpp"

#include <algorithm>
#include <chrono>

namespace lvslab::realmode {
namespace {

/// CLOCK_MONOTONIC under libstdc++.
using Clock = std::chrono::steady_clock;

Clock::time_point of_clock(Time t) {
    return Clock::time_point{std::chrono::duration_cast<Clock::duration>(t.time_since_epoch())};
}

}  // namespace

LoopTimers::LoopTimers(EventLoop& loop) : timer_(loop), alive_(std::make_shared<char>()) {}

Time LoopTimers::now() const {
    return Time{std::chrono::duration_cast<Duration>(Clock::now().time_since_epoch())};
}

ports::TimerId LoopTimers::at(Time when, std::function<void()> call) {
    const auto id = ++last_;
    if (when != never) {
        const Time due = std::max(when, now());
        alarms_.emplace(Key{due, id}, std::move(call));
        when_.emplace(id, due);
        arm();
    }
    return ports::TimerId{id};
}

/// The loop's timer stays as it is: going off for nothing is cheaper than to set it each time a
/// probe ends before its limit.
void LoopTimers::cancel(ports::TimerId timer) {
    const auto found = when_.find(timer.value());
    if (found != when_.end()) {
        alarms_.erase(Key{found->second, found->first});
        when_.erase(found);
    }
}

void LoopTimers::arm() {
    if (alarms_.empty() || alarms_.begin()->first.first >= armed_for_) {
        return;
    }
    armed_for_ = alarms_.begin()->first.first;
    timer_.expires_at(of_clock(armed_for_));
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& e) {
        if (!e && !alive.expired()) {
            go_off();
        }
    });
}

/// Alarms that are set meanwhile have a turn of the loop of their own, so that sockets get theirs.
void LoopTimers::go_off() {
    const auto alive = std::weak_ptr(alive_);
    const Time due = now();
    if (read_) {
        read_();
    }
    while (!alive.expired() && !alarms_.empty() && alarms_.begin()->first.first <= due) {
        auto alarm = alarms_.extract(alarms_.begin());
        when_.erase(alarm.key().second);
        alarm.mapped()();
    }
    if (!alive.expired()) {
        armed_for_ = never;
        arm();
    }
}

}  // namespace lvslab::realmode
