// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/simulation.hpp"

#include <algorithm>

namespace lvslab::flow_world {

// A timer's name is its slot and which of the slot's alarms it is, so that one that has gone off
// cannot be taken for the slot's next.

ports::TimerId Simulation::at(Time when, std::function<void()> call) {
    if (when == never) {
        return {};
    }
    const auto number = alarms_.take();
    auto& alarm = alarms_[number];
    alarm.call = std::move(call);
    ++alarm.generation;
    push(std::max(when, now_), Hop::alarm, number);
    return ports::TimerId{std::uint64_t{alarm.generation} << 32 | number};
}

void Simulation::cancel(ports::TimerId timer) {
    const auto number = static_cast<std::uint32_t>(timer.value());
    if (number < alarms_.size() && alarms_[number].generation == timer.value() >> 32) {
        alarms_[number].call = nullptr;  // its event finds nothing to do
    }
}

void Simulation::ring(std::uint32_t number) {
    const auto call = std::exchange(alarms_[number].call, nullptr);
    ++alarms_[number].generation;
    alarms_.give_back(number);
    if (call) {
        call();
    }
}

NodeTimers::~NodeTimers() {
    simulation_.cancel(event_);
}

ports::TimerId NodeTimers::at(Time when, std::function<void()> call) {
    const auto id = ++last_;
    const Time due = std::max(when, now());
    if (due != never) {
        alarms_.emplace(Key{due, id}, std::move(call));
        when_.emplace(id, due);
        arm();
    }
    return ports::TimerId{id};
}

void NodeTimers::cancel(ports::TimerId timer) {
    const auto found = when_.find(timer.value());
    if (found != when_.end()) {
        alarms_.erase(Key{found->second, found->first});
        when_.erase(found);
        arm();
    }
}

void NodeTimers::suspend() {
    suspended_ = true;
    simulation_.cancel(std::exchange(event_, {}));
    armed_for_ = never;
}

void NodeTimers::resume() {
    suspended_ = false;
    arm();
}

void NodeTimers::arm() {
    const Time due = alarms_.empty() ? never : alarms_.begin()->first.first;
    if (suspended_ || armed_for_ == due) {
        return;
    }
    simulation_.cancel(std::exchange(event_, {}));
    armed_for_ = due;
    event_ = simulation_.at(due, [this] { go_off(); });
}

void NodeTimers::go_off() {
    armed_for_ = never;
    while (!suspended_ && !alarms_.empty() && alarms_.begin()->first.first <= now()) {
        auto alarm = alarms_.extract(alarms_.begin());
        when_.erase(alarm.key().second);
        alarm.mapped()();
    }
    arm();
}

}  // namespace lvslab::flow_world
