// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/simulation_timers.hpp"

#include <algorithm>
#include <utility>

#include "sim/packet/clock.hpp"

namespace lvslab::packet_world {

SimulationTimers::~SimulationTimers() {
    for (auto& [id, alarm] : alarms_) {
        alarm.event.Cancel();
    }
}

Time SimulationTimers::now() const {
    return packet_world::now();
}

ports::TimerId SimulationTimers::at(Time when, std::function<void()> call) {
    const auto id = ++last_;
    const Duration wait = std::max(when - now(), Duration::zero());
    alarms_[id] = {ns3::Simulator::Schedule(to_ns3(wait), &SimulationTimers::go_off, this, id),
                   std::move(call)};
    return ports::TimerId{id};
}

void SimulationTimers::cancel(ports::TimerId timer) {
    const auto found = alarms_.find(timer.value());
    if (found != alarms_.end()) {
        found->second.event.Cancel();
        alarms_.erase(found);
    }
}

void SimulationTimers::go_off(std::uint64_t timer) {
    const auto found = alarms_.find(timer);
    const auto call = std::move(found->second.call);
    alarms_.erase(found);
    call();
}

}  // namespace lvslab::packet_world
