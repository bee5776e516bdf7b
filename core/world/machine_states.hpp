// SPDX-License-Identifier: GPL-2.0-only
/// In what state the machines of a run are and which routers hear each other: the story of faults
/// that every world tells alike.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/machine.hpp"

namespace lvslab::world {

/// The name by which the journal knows a machine: the scenario's, "gateway" for the gateway; with
/// " standby" behind it for the second node of a pair.
std::string name_of(const scenario::Scenario& scenario, const Machine& machine);

inline Machine router_machine(unsigned index) {
    return {.kind = Machine::Kind::router, .index = index, .node = 0};
}

/// The way of heartbeats from one router's interface to the other's on the same side.
struct HeartbeatRoute {
    bool open = false;  ///< words surely arrive: nothing is cut, lost, crashed or hung
    Duration delay{};   ///< without waiting in queues; 0 unless open
    friend bool operator==(const HeartbeatRoute&, const HeartbeatRoute&) = default;
};

/// Keeps the states, and tells NodeChanged and HeartbeatPath whenever they have become others.
class MachineStates {
public:
    using State = journal::NodeState;
    /// What the network says of the way between two routers.
    using Route = std::function<HeartbeatRoute(unsigned from, unsigned to, Side side)>;

    /// Scenario and sink must outlive it.
    MachineStates(const scenario::Scenario& scenario, journal::Sink& sink, Route route);

    /// From here on heartbeat paths are told, each that the scenario has at once. Never called
    /// where routers run no daemons of ours.
    void begin(Time now);
    State of(const Machine& machine) const;
    void change(const Machine& machine, State state, Time now);
    /// Anything may have changed whether words reach the partner: tells what has.
    void tell_heartbeat_paths(Time now);

private:
    HeartbeatRoute path(unsigned from, unsigned to, Side side) const;

    const scenario::Scenario& scenario_;
    journal::Sink& sink_;
    Route route_;
    bool begun_ = false;
    std::map<Machine, State> states_;  ///< up, if it is not there
    std::map<std::tuple<unsigned, unsigned, Side>, HeartbeatRoute> paths_;
};

}  // namespace lvslab::world
