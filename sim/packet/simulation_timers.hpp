// SPDX-License-Identifier: GPL-2.0-only
/// The world's own alarms: each is an event of ns-3, and nothing holds them up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "core/ports/timers.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

class SimulationTimers final : public ports::Timers {
public:
    SimulationTimers() = default;
    ~SimulationTimers() override;
    SimulationTimers(const SimulationTimers&) = delete;
    SimulationTimers& operator=(const SimulationTimers&) = delete;

    Time now() const override;
    ports::TimerId at(Time when, std::function<void()> call) override;
    void cancel(ports::TimerId timer) override;

private:
    void go_off(std::uint64_t timer);

    struct Alarm {
        ns3::EventId event;
        std::function<void()> call;
    };
    std::map<std::uint64_t, Alarm> alarms_;
    std::uint64_t last_ = 0;
};

}  // namespace lvslab::packet_world
