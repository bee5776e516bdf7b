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
      check_work_(seed, "check/" + scenario.servers[index].name),
      process_(simulation, [this](Ticket ticket) { done(ticket); }) {
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
    return process_.offer([&](server::Application& application, Time now) {
        const auto ticket = next_check_++;
        const bool taken = application.arrive_check(ticket, check_work_.uniform(), now);
        if (taken) {
            checks_.emplace(ticket, std::move(done));
        }
        return taken;
    });
}

world::CheckDialogue ServerHost::dialogue_at(Protocol protocol, Port port) const {
    return {world::check_answers_of(scenario_, index_, protocol, port),
            scenario_.servers[index_].answer.value_or("OK\n")};
}

Duration ServerHost::staleness() const {
    return replicas_.stale_for(index_, simulation_.now());
}

// ---- the station ----

void ServerHost::done(Ticket ticket) {
    if (ticket >> 63 != 0) {
        const auto check = checks_.extract(ticket);
        if (check) {
            check.mapped()();
        }
    } else if (process_.held(ticket)) {
        data_->begin(ticket);
    } else {
        owner_.work_done(ticket, true);
    }
}

void ServerHost::data_ended(Ticket ticket, bool ok) {
    process_.release(ticket, [&] { owner_.work_done(ticket, ok); });
}

// ---- faults ----

void ServerHost::start() {
    if (!running()) {
        process_.start(scenario_.servers[index_]);
        ++incarnation_;
    }
}

void ServerHost::end() {
    if (!running()) {
        return;
    }
    process_.end();
    checks_.clear();
    if (data_ != nullptr) {
        data_->end();
    }
    ++incarnation_;
}

void ServerHost::stop() {
    end();
}

void ServerHost::crash() {
    end();
    process_.crash();
    load_ = {};
}

void ServerHost::boot() {
    set_guard(scenario_.servers[index_].vip_at_boot);
    start();
}

void ServerHost::sample() {
    sink_.take({simulation_.now(), process_.load(index_)});
}

}  // namespace lvslab::flow_world
