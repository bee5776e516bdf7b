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

}  // namespace lvslab::flow_world
