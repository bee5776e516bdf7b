// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/run_timers.hpp"

#include <chrono>

namespace lvslab::lab {

using SteadyClock = std::chrono::steady_clock;  // CLOCK_MONOTONIC

Time RunTimers::monotonic() {
    return Time{std::chrono::duration_cast<Duration>(SteadyClock::now().time_since_epoch())};
}

ports::TimerId RunTimers::at(Time when, std::function<void()> call) {
    const auto id = ++last_;
    alarms_.emplace(Key{when, id}, std::move(call));
    when_.emplace(id, when);
    arm();
    return ports::TimerId{id};
}

void RunTimers::cancel(ports::TimerId timer) {
    const auto found = when_.find(timer.value());
    if (found != when_.end()) {
        alarms_.erase({found->second, timer.value()});
        when_.erase(found);
        arm();
    }
}

void RunTimers::arm() {
    const Time due = alarms_.empty() ? never : alarms_.begin()->first.first;
    if (due == armed_for_) {
        return;
    }
    armed_for_ = due;
    if (due == never) {
        timer_.cancel();
        return;
    }
    timer_.expires_at(SteadyClock::time_point{
        std::chrono::duration_cast<SteadyClock::duration>(to_monotonic(due).time_since_epoch())});
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            go_off();
        }
    });
}

void RunTimers::go_off() {
    armed_for_ = never;
    const Time until = now();
    while (!alarms_.empty() && alarms_.begin()->first.first <= until) {
        const auto first = alarms_.begin();
        const auto call = std::move(first->second);
        when_.erase(first->first.second);
        alarms_.erase(first);
        call();
    }
    arm();
}

}  // namespace lvslab::lab
