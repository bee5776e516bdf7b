// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/fault_effects.hpp"

#include <algorithm>

#include "sim/packet/clock.hpp"

namespace lvslab::packet_world {

using world::router_machine;

FaultEffects::FaultEffects(const RunningMachines& machines, const scenario::Scenario& scenario,
                           journal::Sink& sink)
    : machines_(machines),
      scenario_(scenario),
      states_(scenario, sink, [this](unsigned from, unsigned to, Side side) {
          return machines_.network.heartbeat_route(from, to, side);
      }) {}

// ---- machines ----

void FaultEffects::crash(const Machine& machine) {
    if (state(machine) == State::crashed) {
        return;
    }
    // The network first: what the programs still say as they go is not heard.
    machines_.network.crash(machine);
    if (auto* r = router(machine)) {
        r->crash();
    } else if (auto* s = server(machine)) {
        s->crash();
    } else if (auto* d = data_server(machine)) {
        d->crash(machine.node, now());
    } else if (auto* g = gateways(machine)) {
        g->died(machine.node, now());
    }
    for (auto* ftp : ftp_servers(machine)) {
        ftp->crash();
    }
    if (auto* load = load_daemon(machine)) {
        load->reboot();
    }
    change(machine, State::crashed);
}

void FaultEffects::restart(const Machine& machine) {
    crash(machine);
    machines_.network.restart(machine);
    if (auto* r = router(machine)) {
        r->boot();
    } else if (auto* s = server(machine)) {
        s->start();
    } else if (auto* d = data_server(machine)) {
        d->restart(machine.node);
    } else if (auto* g = gateways(machine)) {
        g->returned(machine.node);
    }
    for (auto* ftp : ftp_servers(machine)) {
        ftp->start();
    }
    change(machine, State::up);
}

void FaultEffects::hang(const Machine& machine) {
    if (state(machine) == State::crashed || state(machine) == State::hung) {
        return;
    }
    machines_.network.hang(machine);
    if (auto* r = router(machine)) {
        r->hold();
    } else if (auto* s = server(machine)) {
        s->freeze();
    } else if (auto* d = data_server(machine)) {
        d->freeze(machine.node, now());
    } else if (auto* g = gateways(machine)) {
        g->died(machine.node, now());
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
    // Told before the network goes on: what waited in the card is worked off within that call.
    change(machine, stopped ? State::service_stopped : State::up);
    if (was == State::hung) {
        machines_.network.resume(machine);
        tell_heartbeat_paths();
    }
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
        for (auto* ftp : ftp_servers(machine)) {
            ftp->stop();
        }
        change(machine, State::service_stopped);
    } else if (auto* d = data_server(machine)) {
        d->stop(machine.node, now());
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
    for (auto* ftp : ftp_servers(machine)) {
        ftp->start();
    }
    tell_heartbeat_paths();
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
        r->reload(config ? *config : scenario_.routers[index].config);
    }
}

// ---- links ----

void FaultEffects::cut(const MachineLinks& links, Way way) {
    machines_.network.cut(links, way);
    links_changed();
}
void FaultEffects::heal(const MachineLinks& links, Way way) {
    machines_.network.heal(links, way);
    links_changed();
}
void FaultEffects::set_loss(const MachineLinks& links, Way way, std::optional<double> loss) {
    machines_.network.set_loss(links, way, loss);
    links_changed();
}
void FaultEffects::set_extra_delay(const MachineLinks& links, Way way, Duration delay) {
    machines_.network.set_extra_delay(links, way, delay);
    links_changed();
}
void FaultEffects::cut_heartbeats(std::optional<Side> side, Way way) {
    machines_.network.cut_heartbeats(side, way);
    tell_heartbeat_paths();
}
void FaultEffects::heal_heartbeats(std::optional<Side> side, Way way) {
    machines_.network.heal_heartbeats(side, way);
    tell_heartbeat_paths();
}
void FaultEffects::set_heartbeat_loss(std::optional<Side> side, Way way,
                                      std::optional<double> loss) {
    machines_.network.set_heartbeat_loss(side, way, loss);
    tell_heartbeat_paths();
}
void FaultEffects::set_heartbeat_delay(std::optional<Side> side, Way way, Duration delay) {
    machines_.network.set_heartbeat_delay(side, way, delay);
    tell_heartbeat_paths();
}

void FaultEffects::links_changed() {
    for (const auto& r : machines_.routers) {
        r->look_at_links();
    }
    tell_heartbeat_paths();
}

// ---- what is told ----

void FaultEffects::change(const Machine& machine, State state) {
    states_.change(machine, state, now());
}

void FaultEffects::begin() {
    states_.begin(now());
}

void FaultEffects::tell_heartbeat_paths() {
    states_.tell_heartbeat_paths(now());
}

RouterHost* FaultEffects::router(unsigned index) {
    return index < machines_.routers.size() && scenario_.daemons ? machines_.routers[index].get()
                                                                 : nullptr;
}
RouterHost* FaultEffects::router(const Machine& machine) {
    return machine.kind == Machine::Kind::router ? router(machine.index) : nullptr;
}
ServerApplication* FaultEffects::server(const Machine& machine) {
    return machine.kind == Machine::Kind::server ? machines_.servers.at(machine.index).get()
                                                 : nullptr;
}
std::vector<FtpServer*> FaultEffects::ftp_servers(const Machine& machine) {
    std::vector<FtpServer*> found;
    for (const auto& ftp : machines_.ftp_servers) {
        if (machine.kind == Machine::Kind::server && ftp->server() == machine.index) {
            found.push_back(ftp.get());
        }
    }
    return found;
}
world::DataServer* FaultEffects::data_server(const Machine& machine) {
    return machine.kind == Machine::Kind::data_server
               ? machines_.data_servers.at(machine.index).get()
               : nullptr;
}
GatewayPair* FaultEffects::gateways(const Machine& machine) {
    return machine.kind == Machine::Kind::gateway ? &machines_.gateways : nullptr;
}
LoadDaemon* FaultEffects::load_daemon(const Machine& machine) {
    return machine.kind == Machine::Kind::server && machine.index < machines_.load_daemons.size()
               ? machines_.load_daemons[machine.index].get()
               : nullptr;
}

}  // namespace lvslab::packet_world
