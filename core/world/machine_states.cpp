// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/machine_states.hpp"

#include <cstdint>
#include <utility>

namespace lvslab::world {

std::string name_of(const scenario::Scenario& scenario, const Machine& machine) {
    const auto* standby = machine.node == 0 ? "" : " standby";
    switch (machine.kind) {
        case Machine::Kind::router:
            return scenario.routers.at(machine.index).name;
        case Machine::Kind::server:
            return scenario.servers.at(machine.index).name;
        case Machine::Kind::data_server:
            return scenario.data.at(machine.index).name + standby;
        case Machine::Kind::gateway:
            break;
    }
    return std::string("gateway") + standby;
}

MachineStates::MachineStates(const scenario::Scenario& scenario, journal::Sink& sink, Route route)
    : scenario_(scenario), sink_(sink), route_(std::move(route)) {}

void MachineStates::begin(Time now) {
    begun_ = true;
    tell_heartbeat_paths(now);
}

MachineStates::State MachineStates::of(const Machine& machine) const {
    const auto found = states_.find(machine);
    return found == states_.end() ? State::up : found->second;
}

void MachineStates::change(const Machine& machine, State state, Time now) {
    states_[machine] = state;
    sink_.take({now, journal::NodeChanged{name_of(scenario_, machine), state}});
    tell_heartbeat_paths(now);
}

void MachineStates::tell_heartbeat_paths(Time now) {
    const auto count = begun_ ? static_cast<unsigned>(scenario_.routers.size()) : 0U;
    for (unsigned from = 0; from < count; ++from) {
        for (unsigned to = 0; to < count; ++to) {
            if (from == to) {
                continue;
            }
            for (const auto side : {Side::public_net, Side::private_net}) {
                const auto is = path(from, to, side);
                const auto [known, fresh] = paths_.try_emplace({from, to, side}, is);
                if (fresh || known->second != is) {
                    known->second = is;
                    sink_.take(
                        {now, journal::HeartbeatPath{from, to, static_cast<std::uint8_t>(side),
                                                     is.open, is.delay}});
                }
            }
        }
    }
}

/// Words of a daemon that is held up do not leave, and what it is told waits.
HeartbeatRoute MachineStates::path(unsigned from, unsigned to, Side side) const {
    const auto& config = scenario_.routers[from].config;
    const bool used = side == Side::public_net || (!config.primary_private.is_unspecified() &&
                                                   config.primary_private != config.primary);
    if (!scenario_.daemons || !config.backup_active || !used ||
        of(router_machine(from)) != State::up || of(router_machine(to)) != State::up) {
        return {};
    }
    const auto route = route_(from, to, side);
    return {route.open, route.open ? route.delay : Duration{}};
}

}  // namespace lvslab::world
