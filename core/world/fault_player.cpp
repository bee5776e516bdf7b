// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/fault_player.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace lvslab::world {
namespace {

using scenario::Fault;
using scenario::FaultKind;
using scenario::FaultTarget;

Machine machine_of(const FaultTarget& target) {
    switch (target.kind) {
        case FaultTarget::Kind::server:
            return {Machine::Kind::server, target.index};
        case FaultTarget::Kind::data_server:
            return {Machine::Kind::data_server, target.index, target.standby ? 1U : 0U};
        case FaultTarget::Kind::gateway:
            return {Machine::Kind::gateway, 0, target.standby ? 1U : 0U};
        case FaultTarget::Kind::router:
        case FaultTarget::Kind::active_router:
        case FaultTarget::Kind::standby_router:
        case FaultTarget::Kind::heartbeat:
            break;
    }
    return {Machine::Kind::router, target.index};
}

/// "heal heartbeat private" for what undoes "cut heartbeat private".
std::string undoing(const Fault& fault, FaultKind by) {
    const auto target = fault.what.find(' ');
    return fmt::format("{}{}", name_of(by),
                       target == std::string::npos ? "" : fault.what.substr(target));
}

}  // namespace

FaultPlayer::FaultPlayer(const scenario::Scenario& scenario, FaultTargets& targets,
                         ports::Timers& timers, journal::Sink& sink)
    : scenario_(scenario), targets_(targets), timers_(timers), sink_(sink) {
    for (std::uint32_t i = 0; i < scenario.faults.size(); ++i) {
        const auto& fault = scenario.faults[i];
        if (fault.at) {
            schedule(*fault.at, i, 0);
        } else if (fault.after) {
            watches_.push_back(std::make_unique<journal::MomentWatch>(*fault.after));
            watches_.back()->on_happened(
                [this, i](Time happened) { schedule(happened + scenario_.faults[i].wait, i, 0); });
        }
    }
}

FaultPlayer::~FaultPlayer() {
    for (const auto alarm : alarms_) {
        timers_.cancel(alarm);
    }
}

void FaultPlayer::take(const journal::Event& event) {
    if (const auto* started = std::get_if<journal::RunStarted>(&event.payload)) {
        roles_.start(*started);
    } else if (const auto* node = std::get_if<journal::NodeChanged>(&event.payload)) {
        roles_.on(event.time, *node);
    } else if (const auto* role = std::get_if<journal::RoleChanged>(&event.payload)) {
        roles_.on(event.time, *role);
    }
    for (const auto& watch : watches_) {
        watch->take(event);
    }
}

void FaultPlayer::schedule(Time at, std::uint32_t fault, unsigned strikes) {
    alarm(std::max(at, timers_.now()), [this, fault, strikes] { strike(fault, strikes); });
}

void FaultPlayer::alarm(Time at, std::function<void()> call) {
    const auto id = std::make_shared<ports::TimerId>();
    *id = timers_.at(at, [this, id, call = std::move(call)] {
        alarms_.erase(*id);
        call();
    });
    alarms_.insert(*id);
}

void FaultPlayer::strike(std::uint32_t index, unsigned strikes) {
    const auto& fault = scenario_.faults[index];
    if (fault.every && (!fault.times || strikes + 1 < *fault.times)) {
        schedule(timers_.now() + *fault.every, index, strikes + 1);
    }
    const auto target = resolve(fault.target);
    if (!target) {
        return;
    }
    sink_.take({timers_.now(), journal::FaultInjected{index, fault.what}});
    act(fault, fault.kind, fault.amount, *target);
    if (fault.length && undone_by(fault.kind)) {
        alarm(timers_.now() + *fault.length, [this, index, target] { undo(index, *target); });
    }
}

void FaultPlayer::undo(std::uint32_t index, FaultTarget target) {
    const auto& fault = scenario_.faults[index];
    const auto by = *undone_by(fault.kind);
    sink_.take({timers_.now(), journal::FaultInjected{index, undoing(fault, by)}});
    act(fault, by, 1, target);
}

std::optional<FaultTarget> FaultPlayer::resolve(const FaultTarget& target) const {
    const bool active = target.kind == FaultTarget::Kind::active_router;
    if (!active && target.kind != FaultTarget::Kind::standby_router) {
        return target;
    }
    for (unsigned i = 0; i < scenario_.routers.size(); ++i) {
        if (roles_.running(i) && roles_.active(i) == active) {
            auto found = target;
            found.kind = FaultTarget::Kind::router;
            found.index = i;
            return found;
        }
    }
    return std::nullopt;
}

void FaultPlayer::act(const Fault& fault, FaultKind kind, double amount,
                      const FaultTarget& target) {
    const auto machine = machine_of(target);
    switch (kind) {
        case FaultKind::crash:
            return targets_.crash(machine);
        case FaultKind::restart:
            return targets_.restart(machine);
        case FaultKind::hang:
            return targets_.hang(machine);
        case FaultKind::resume:
            return targets_.resume(machine);
        case FaultKind::stop:
            return targets_.stop(machine);
        case FaultKind::start:
            return targets_.start(machine);
        case FaultKind::slow:
            return targets_.slow(machine, amount);
        case FaultKind::suspend:
            return targets_.suspend(target.index);
        case FaultKind::kill:
            return targets_.kill(target.index);
        case FaultKind::terminate:
            return targets_.terminate(target.index);
        case FaultKind::release:
            return targets_.release(target.index);
        case FaultKind::reload:
            return targets_.reload(target.index, fault.config_path, fault.config);
        case FaultKind::cut:
        case FaultKind::heal:
        case FaultKind::loss:
        case FaultKind::delay:
            return act_on_links(fault, kind, target);
    }
}

void FaultPlayer::act_on_links(const Fault& fault, FaultKind kind, const FaultTarget& target) {
    const bool heartbeats = target.kind == FaultTarget::Kind::heartbeat;
    const MachineLinks links{machine_of(target), target.side};
    switch (kind) {
        case FaultKind::cut:
            return heartbeats ? targets_.cut_heartbeats(target.side, fault.way)
                              : targets_.cut(links, fault.way);
        case FaultKind::heal:
            return heartbeats ? targets_.heal_heartbeats(target.side, fault.way)
                              : targets_.heal(links, fault.way);
        case FaultKind::loss:
            return heartbeats ? targets_.set_heartbeat_loss(target.side, fault.way, fault.amount)
                              : targets_.set_loss(links, fault.way, fault.amount);
        case FaultKind::delay:
            return heartbeats ? targets_.set_heartbeat_delay(target.side, fault.way, fault.delay)
                              : targets_.set_extra_delay(links, fault.way, fault.delay);
        default:
            return;
    }
}

}  // namespace lvslab::world
