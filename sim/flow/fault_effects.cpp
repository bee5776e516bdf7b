// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/fault_effects.hpp"

namespace lvslab::flow_world {

using world::router_machine;

FaultEffects::FaultEffects(const Surroundings& around,
                           std::vector<std::unique_ptr<DataServerHost>>& data_servers,
                           Traffic& traffic, world::StandbyPair& gateways)
    : around_(around),
      data_servers_(data_servers),
      traffic_(traffic),
      gateways_(gateways),
      states_(around.scenario, around.sink, [this](unsigned from, unsigned to, Side side) {
          const auto route = around_.network.heartbeat_route(from, to, side);
          return world::HeartbeatRoute{route.open, route.delay};
      }) {}

// ---- machines ----

void FaultEffects::crash(const Machine& machine) {
    if (state(machine) == State::crashed) {
        return;
    }
    around_.network.set_state(machine, MachineState::crashed);
    if (auto* r = router(machine)) {
        r->crash();
    } else if (auto* s = server(machine)) {
        s->crash();
    } else if (auto* d = data_server(machine)) {
        d->crash(machine.node, around_.simulation.now());
    } else if (auto* g = gateways(machine)) {
        g->died(machine.node, around_.simulation.now());
    }
    change(machine, State::crashed);
}

void FaultEffects::restart(const Machine& machine) {
    crash(machine);
    around_.network.set_state(machine, MachineState::up);
    if (auto* r = router(machine)) {
        r->boot();
    } else if (auto* s = server(machine)) {
        s->boot();
    } else if (auto* d = data_server(machine)) {
        d->restart(machine.node);
    } else if (auto* g = gateways(machine)) {
        g->returned(machine.node);
    }
    change(machine, State::up);
}

void FaultEffects::hang(const Machine& machine) {
    if (state(machine) == State::crashed || state(machine) == State::hung) {
        return;
    }
    around_.network.set_state(machine, MachineState::hung);
    if (auto* r = router(machine)) {
        r->hold();
    } else if (auto* s = server(machine)) {
        s->freeze();
    } else if (auto* d = data_server(machine)) {
        d->freeze(machine.node, around_.simulation.now());
    } else if (auto* g = gateways(machine)) {
        g->died(machine.node, around_.simulation.now());
    }
    change(machine, State::hung);
}

void FaultEffects::resume(const Machine& machine) {
    const auto was = state(machine);
    if (was != State::hung && was != State::daemons_suspended) {
        return;
    }
    auto* s = server(machine);
    auto* d = data_server(machine);
    const bool stopped =
        (s != nullptr && !s->running()) || (d != nullptr && !d->running(machine.node));
    around_.network.set_state(machine, MachineState::up);
    change(machine, stopped ? State::service_stopped : State::up);
    if (s != nullptr) {
        s->thaw();
    } else if (d != nullptr) {
        d->thaw(machine.node);
    } else if (auto* g = gateways(machine)) {
        g->returned(machine.node);
    } else if (auto* r = router(machine)) {
        r->go_on();
    }
}

// ---- programs ----

void FaultEffects::stop(const Machine& machine) {
    if (state(machine) != State::up) {
        return;
    }
    if (auto* s = server(machine)) {
        s->stop();
        traffic_.server_stopped(machine.index);
        change(machine, State::service_stopped);
    } else if (auto* d = data_server(machine)) {
        d->stop(machine.node, around_.simulation.now());
        change(machine, State::service_stopped);
    }
}

void FaultEffects::start(const Machine& machine) {
    if (state(machine) != State::service_stopped) {
        return;
    }
    change(machine, State::up);
    if (auto* s = server(machine)) {
        s->start();
    } else if (auto* d = data_server(machine)) {
        d->start(machine.node);
    } else if (auto* r = router(machine)) {
        r->start_daemons();
    }
}

void FaultEffects::slow(const Machine& machine, double factor) {
    if (auto* s = server(machine)) {
        s->slow_down(factor);
    } else if (auto* d = data_server(machine)) {
        d->slow_down(machine.node, factor);
    }
}

void FaultEffects::suspend(unsigned index) {
    auto* r = router(index);
    if (r != nullptr && state(router_machine(index)) == State::up) {
        r->hold();
        change(router_machine(index), State::daemons_suspended);
    }
}

/// lvsd dies; pulse lives on and starts another one when it becomes active again.
void FaultEffects::kill(unsigned index) {
    if (auto* r = router(index)) {
        r->kill_services();
    }
}

void FaultEffects::terminate(unsigned index) {
    auto* r = router(index);
    if (r != nullptr && state(router_machine(index)) == State::up) {
        r->terminate();
        change(router_machine(index), State::service_stopped);
    }
}

void FaultEffects::release(unsigned index) {
    if (auto* r = router(index)) {
        r->release();
    }
}

void FaultEffects::reload(unsigned index, const std::string&,
                          const std::shared_ptr<const config::LvsConfig>& config) {
    if (auto* r = router(index)) {
        r->reload(config ? *config : around_.scenario.routers[index].config);
    }
}

// ---- links ----

void FaultEffects::cut(const MachineLinks& links, Way way) {
    around_.network.change(links, way, [](Impairment& i) { i.cut = true; });
    links_changed();
}
void FaultEffects::heal(const MachineLinks& links, Way way) {
    around_.network.change(links, way, [](Impairment& i) { i = {}; });
    links_changed();
}
/// Refused before the run (unsupported): a message here is not its packets.
void FaultEffects::set_loss(const MachineLinks&, Way, std::optional<double>) {}
void FaultEffects::set_extra_delay(const MachineLinks& links, Way way, Duration delay) {
    around_.network.change(links, way, [&](Impairment& i) { i.delay = delay; });
    links_changed();
}
void FaultEffects::cut_heartbeats(std::optional<Side> side, Way way) {
    around_.network.change_heartbeats(side, way, [](Impairment& i) { i.cut = true; });
    tell_heartbeat_paths();
}
void FaultEffects::heal_heartbeats(std::optional<Side> side, Way way) {
    around_.network.change_heartbeats(side, way, [](Impairment& i) { i = {}; });
    tell_heartbeat_paths();
}
void FaultEffects::set_heartbeat_loss(std::optional<Side> side, Way way,
                                      std::optional<double> loss) {
    around_.network.change_heartbeats(side, way, [&](Impairment& i) { i.loss = loss.value_or(0); });
    tell_heartbeat_paths();
}
void FaultEffects::set_heartbeat_delay(std::optional<Side> side, Way way, Duration delay) {
    around_.network.change_heartbeats(side, way, [&](Impairment& i) { i.delay = delay; });
    tell_heartbeat_paths();
}

void FaultEffects::links_changed() {
    for (const auto& r : around_.routers) {
        r->look_at_links();
    }
    tell_heartbeat_paths();
}

// ---- what is told ----

void FaultEffects::change(const Machine& machine, State state) {
    states_.change(machine, state, around_.simulation.now());
}

void FaultEffects::tell_heartbeat_paths() {
    states_.tell_heartbeat_paths(around_.simulation.now());
}

RouterHost* FaultEffects::router(unsigned index) {
    return index < around_.routers.size() && around_.scenario.daemons ? around_.routers[index].get()
                                                                      : nullptr;
}
RouterHost* FaultEffects::router(const Machine& machine) {
    return machine.kind == Machine::Kind::router ? router(machine.index) : nullptr;
}
ServerHost* FaultEffects::server(const Machine& machine) {
    return machine.kind == Machine::Kind::server ? around_.servers.at(machine.index).get()
                                                 : nullptr;
}
world::DataServer* FaultEffects::data_server(const Machine& machine) {
    return machine.kind == Machine::Kind::data_server ? &data_servers_.at(machine.index)->server()
                                                      : nullptr;
}
world::StandbyPair* FaultEffects::gateways(const Machine& machine) {
    return machine.kind == Machine::Kind::gateway ? &gateways_ : nullptr;
}

}  // namespace lvslab::flow_world
