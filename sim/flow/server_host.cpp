// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/server_host.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "core/world/check_answers.hpp"
#include "sim/flow/data_tier.hpp"

namespace lvslab::flow_world {

ServerHost::ServerHost(Simulation& simulation, std::uint32_t index,
                       const scenario::Scenario& scenario, journal::Sink& sink, std::uint64_t seed,
                       WorkOwner& owner, scenario::Replicas& replicas)
    : simulation_(simulation),
      index_(index),
      scenario_(scenario),
      sink_(sink),
      owner_(owner),
      replicas_(replicas),
      check_work_(seed, "check/" + scenario.servers[index].name) {
    set_guard(scenario.servers[index].vip);
    start();
}

ServerHost::~ServerHost() = default;

void ServerHost::set_guard(scenario::VipGuard guard) {
    guard_ = guard;
    const auto wanted = world::listen_endpoints_of(scenario_, index_, false, guard);
    std::set<world::ListenEndpoint> endpoints(wanted.begin(), wanted.end());
    const auto checked = world::check_endpoints_of(scenario_, index_);
    endpoints.insert(checked.begin(), checked.end());
    endpoints_.assign(endpoints.begin(), endpoints.end());
}

bool ServerHost::listens(Protocol protocol, const Endpoint& endpoint) const {
    return std::ranges::any_of(endpoints_, [&](const auto& e) {
        return e.protocol == protocol && e.endpoint.port == endpoint.port &&
               (e.endpoint.address == endpoint.address || e.endpoint.address.is_unspecified() ||
                guard_ == scenario::VipGuard::redirect);
    });
}

bool ServerHost::submit_check(std::function<void()> done) {
    serve();
    const auto ticket = next_check_++;
    const bool taken = application_->arrive_check(ticket, check_work_.uniform(), working_time());
    if (taken) {
        checks_.emplace(ticket, std::move(done));
    }
    arm();
    return taken;
}

world::CheckDialogue ServerHost::dialogue_at(Protocol protocol, Port port) const {
    return {world::check_answers_of(scenario_, index_, protocol, port),
            scenario_.servers[index_].answer.value_or("OK\n")};
}

Duration ServerHost::staleness() const {
    return replicas_.stale_for(index_, simulation_.now());
}

// ---- the station ----

void ServerHost::serve() {
    while (const auto done = application_->complete(working_time())) {
        if (*done >> 63 != 0) {
            const auto check = checks_.extract(*done);
            if (check) {
                check.mapped()();
            }
        } else if (application_->held(*done)) {
            data_->begin(*done);
        } else {
            owner_.work_done(*done, true);
        }
    }
}

void ServerHost::data_ended(Ticket ticket, bool ok) {
    // Completions of this very nanosecond come before the request that waits for this worker.
    serve();
    application_->release(ticket, working_time());
    owner_.work_done(ticket, ok);
    arm();
}

void ServerHost::arm() {
    const Time due = application_ ? application_->next_completion() : never;
    if (due == never || frozen_at_) {
        return;
    }
    const Time at = due + frozen_for_;
    if (armed_for_ > at) {  // an event that comes too early arms the right one
        armed_for_ = at;
        simulation_.push(at, Hop::server, index_);
    }
}

void ServerHost::wake() {
    if (simulation_.now() < armed_for_) {
        return;  // of an arming that an earlier one has replaced
    }
    armed_for_ = never;
    if (application_ && !frozen_at_) {
        serve();
    }
    arm();
}

// ---- faults ----

void ServerHost::start() {
    if (!application_) {
        application_.emplace(scenario_.servers[index_]);
        application_->slow_down(slowness_);
        ++incarnation_;
    }
}

void ServerHost::end() {
    if (!application_) {
        return;
    }
    work_before_ += application_->station().work_done(working_time());
    refused_before_ += application_->station().refused();
    checks_.clear();
    if (data_ != nullptr) {
        data_->end();
    }
    application_.reset();
    ++incarnation_;
}

void ServerHost::stop() {
    end();
}

void ServerHost::crash() {
    end();
    frozen_at_.reset();
    load_ = {};
}

void ServerHost::boot() {
    set_guard(scenario_.servers[index_].vip_at_boot);
    start();
}

void ServerHost::freeze() {
    if (!frozen_at_) {
        frozen_at_ = simulation_.now();
    }
}

void ServerHost::thaw() {
    if (frozen_at_) {
        frozen_for_ += simulation_.now() - *frozen_at_;
        frozen_at_.reset();
        arm();
    }
}

void ServerHost::slow_down(double factor) {
    slowness_ = factor;
    if (application_) {
        application_->slow_down(factor);
    }
}

void ServerHost::sample() {
    journal::ServerLoad load{index_, 0, 0, work_before_, refused_before_};
    if (application_) {
        const auto& station = application_->station();
        load.busy = station.busy();
        load.queued = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(station.queued(), journal::no_index - 1));
        load.work_done += station.work_done(working_time());
        load.refused += station.refused();
    }
    sink_.take({simulation_.now(), load});
}

}  // namespace lvslab::flow_world
