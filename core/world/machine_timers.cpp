// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/machine_timers.hpp"

#include <algorithm>

namespace lvslab::world {

MachineTimers::~MachineTimers() {
    world_.cancel(next_);
}

ports::TimerId MachineTimers::at(Time when, std::function<void()> call) {
    const auto id = ++last_;
    const Time due = std::max(when, now());
    if (due != never) {
        alarms_.emplace(Key{due, id}, std::move(call));
        when_.emplace(id, due);
        arm();
    }
    return ports::TimerId{id};
}

void MachineTimers::cancel(ports::TimerId timer) {
    const auto found = when_.find(timer.value());
    if (found != when_.end()) {
        alarms_.erase(Key{found->second, found->first});
        when_.erase(found);
        arm();
    }
}

void MachineTimers::suspend() {
    suspended_ = true;
    world_.cancel(std::exchange(next_, {}));
    armed_for_ = never;
}

void MachineTimers::resume() {
    suspended_ = false;
    arm();
}

void MachineTimers::arm() {
    const Time due = alarms_.empty() ? never : alarms_.begin()->first.first;
    if (suspended_ || armed_for_ == due) {
        return;
    }
    world_.cancel(std::exchange(next_, {}));
    armed_for_ = due;
    if (due != never) {
        next_ = world_.at(due, [this] { go_off(); });
    }
}

void MachineTimers::go_off() {
    armed_for_ = never;
    while (!suspended_ && !alarms_.empty() && alarms_.begin()->first.first <= now()) {
        auto alarm = alarms_.extract(alarms_.begin());
        when_.erase(alarm.key().second);
        alarm.mapped()();
    }
    arm();
}

}  // namespace lvslab::world
