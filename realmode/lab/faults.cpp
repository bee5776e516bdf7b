// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/faults.hpp"

#include <signal.h>

#include <stdexcept>

namespace lvslab::lab {

using world::Machine;
using world::MachineLinks;
using world::router_machine;
using world::Side;
using world::Way;

Faults::Faults(const Machines& machines, const scenario::Scenario& scenario,
               const ports::Timers& timers, journal::Sink& sink)
    : machines_(machines),
      scenario_(scenario),
      timers_(timers),
      states_(scenario, sink, [this](unsigned from, unsigned to, Side side) {
          return machines_.network.heartbeat_route(from, to, side);
      }) {}

// ---- machines ----

void Faults::crash(const Machine& machine) {
    if (state(machine) == State::crashed) {
        return;
    }
    const Time now = timers_.now();
    // The network first, and nobody sees it go: what the programs still say is not heard.
    auto* r = router(machine);
    if (r != nullptr) {
        r->signal(SIGSTOP);
    }
    machines_.network.crash(machine);
    if (r != nullptr) {
        r->crash();
    } else if (auto* s = server(machine)) {
        s->crash();
    } else if (auto* g = gateways(machine)) {
        g->died(machine.node, now);
    } else if (auto* d = data_server(machine)) {
        d->crash(machine.node, now);
    }
    states_.change(machine, State::crashed, now);
}

void Faults::restart(const Machine& machine) {
    crash(machine);
    const Time now = timers_.now();
    machines_.network.boot(machine);
    if (auto* r = router(machine)) {
        r->boot();
    } else if (auto* s = server(machine)) {
        s->start();
    } else if (auto* g = gateways(machine)) {
        g->returned(machine.node);
    } else if (auto* d = data_server(machine)) {
        d->restart(machine.node);
    }
    states_.change(machine, State::up, now);
}

void Faults::hang(const Machine& machine) {
    if (state(machine) == State::crashed || state(machine) == State::hung) {
        return;
    }
    const Time now = timers_.now();
    if (auto* r = router(machine)) {
        r->signal(SIGSTOP);
    } else if (auto* s = server(machine)) {
        s->freeze();
    } else if (auto* d = data_server(machine)) {
        d->freeze(machine.node, now);
    }
    machines_.network.freeze(machine, true);
    if (auto* g = gateways(machine)) {
        g->died(machine.node, now);
    }
    states_.change(machine, State::hung, now);
}

void Faults::resume(const Machine& machine) {
    const auto was = state(machine);
    if (was != State::hung && was != State::daemons_suspended) {
        return;
    }
    const Time now = timers_.now();
    auto* s = server(machine);
    auto* d = data_server(machine);
    const bool stopped =
        (s != nullptr && !s->running()) || (d != nullptr && !d->running(machine.node));
    if (was == State::hung) {
        machines_.network.freeze(machine, false);
    }
    states_.change(machine, stopped ? State::service_stopped : State::up, now);
    if (s != nullptr) {
        s->thaw();
    } else if (auto* g = gateways(machine)) {
        g->returned(machine.node);
    } else if (d != nullptr) {
        d->thaw(machine.node);
    } else if (auto* r = router(machine)) {
        r->signal(SIGCONT);
    }
}

// ---- programs ----

void Faults::stop(const Machine& machine) {
    if (state(machine) != State::up) {
        return;
    }
    if (auto* s = server(machine)) {
        s->stop();
        states_.change(machine, State::service_stopped, timers_.now());
    } else if (auto* d = data_server(machine)) {
        const Time now = timers_.now();
        d->stop(machine.node, now);
        states_.change(machine, State::service_stopped, now);
    }
}

void Faults::start(const Machine& machine) {
    if (state(machine) != State::service_stopped) {
        return;
    }
    states_.change(machine, State::up, timers_.now());
    if (auto* s = server(machine)) {
        s->start();
    } else if (auto* d = data_server(machine)) {
        d->start(machine.node);
    } else if (auto* r = router(machine)) {
        r->start_daemon();
    }
}

void Faults::slow(const Machine& machine, double factor) {
    if (auto* s = server(machine)) {
        s->slow_down(factor);
    } else if (auto* d = data_server(machine)) {
        d->slow_down(machine.node, factor);
    }
}

void Faults::suspend(unsigned index) {
    const auto machine = router_machine(index);
    auto* r = daemon(machine);
    if (r != nullptr && state(machine) == State::up) {
        r->signal(SIGSTOP);
        states_.change(machine, State::daemons_suspended, timers_.now());
    }
}

/// unsupported() has refused a scenario with one.
void Faults::kill(unsigned) {
    throw std::logic_error("lvsrouter has no lvsd of its own that could die alone");
}

void Faults::terminate(unsigned index) {
    const auto machine = router_machine(index);
    auto* r = daemon(machine);
    if (r != nullptr && state(machine) == State::up) {
        r->signal(SIGTERM);
        states_.change(machine, State::service_stopped, timers_.now());
    }
}

void Faults::release(unsigned index) {
    if (auto* r = daemon(router_machine(index))) {
        r->release();
    }
}

void Faults::reload(unsigned index, const std::string&,
                    const std::shared_ptr<const config::LvsConfig>& config) {
    if (auto* r = daemon(router_machine(index))) {
        r->reload(config ? *config : scenario_.routers[index].config);
    }
}

// ---- links ----

void Faults::cut(const MachineLinks& links, Way way) {
    const Time now = timers_.now();
    machines_.network.cut(links, way);
    states_.tell_heartbeat_paths(now);
}
void Faults::heal(const MachineLinks& links, Way way) {
    machines_.network.heal(links, way);
    states_.tell_heartbeat_paths(timers_.now());
}
void Faults::set_loss(const MachineLinks& links, Way way, std::optional<double> loss) {
    const Time now = timers_.now();
    machines_.network.set_loss(links, way, loss);
    states_.tell_heartbeat_paths(now);
}
void Faults::set_extra_delay(const MachineLinks& links, Way way, Duration delay) {
    const Time now = timers_.now();
    machines_.network.set_extra_delay(links, way, delay);
    states_.tell_heartbeat_paths(now);
}
void Faults::cut_heartbeats(std::optional<Side> side, Way way) {
    const Time now = timers_.now();
    machines_.network.cut_heartbeats(side, way);
    states_.tell_heartbeat_paths(now);
}
void Faults::heal_heartbeats(std::optional<Side> side, Way way) {
    machines_.network.heal_heartbeats(side, way);
    states_.tell_heartbeat_paths(timers_.now());
}
void Faults::set_heartbeat_loss(std::optional<Side> side, Way way, std::optional<double> loss) {
    const Time now = timers_.now();
    machines_.network.set_heartbeat_loss(side, way, loss);
    states_.tell_heartbeat_paths(now);
}
void Faults::set_heartbeat_delay(std::optional<Side> side, Way way, Duration delay) {
    const Time now = timers_.now();
    machines_.network.set_heartbeat_delay(side, way, delay);
    states_.tell_heartbeat_paths(now);
}

void Faults::begin() {
    states_.begin(Time{});
}

LabRouter* Faults::router(const Machine& machine) {
    return machine.kind == Machine::Kind::router && machine.index < machines_.routers.size()
               ? machines_.routers[machine.index].get()
               : nullptr;
}
LabRouter* Faults::daemon(const Machine& machine) {
    return scenario_.daemons ? router(machine) : nullptr;
}
GatewayPair* Faults::gateways(const Machine& machine) {
    return machine.kind == Machine::Kind::gateway ? &machines_.gateways : nullptr;
}
ServerApplication* Faults::server(const Machine& machine) {
    return machine.kind == Machine::Kind::server ? machines_.servers.at(machine.index).get()
                                                 : nullptr;
}

world::DataServer* Faults::data_server(const Machine& machine) {
    return machine.kind == Machine::Kind::data_server
               ? machines_.data_servers.at(machine.index).get()
               : nullptr;
}

}  // namespace lvslab::lab
