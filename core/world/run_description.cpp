// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/run_description.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/world/configurations.hpp"

namespace lvslab::world {
namespace {

/// The weight that the first virtual service with this server gives it; 0 if it is inactive there
/// and never joins.
std::int32_t configured_weight(const scenario::Scenario& scenario, std::uint32_t index,
                               const std::vector<router::DesiredService>& services) {
    const bool joins = std::ranges::any_of(scenario.changes, [&](const auto& change) {
        return change.server == index && change.kind == scenario::MembershipChange::Kind::join;
    });
    for (const auto& service : services) {
        for (const auto& destination : service.destinations) {
            if (destination.endpoint.address == scenario.servers[index].interface.address &&
                (destination.active || joins)) {
                return destination.settings.weight.value();
            }
        }
    }
    return 0;
}

}  // namespace

journal::RunStarted run_description(const scenario::Scenario& scenario, const RunIdentity& run) {
    journal::RunStarted started;
    started.scenario = scenario.name;
    started.world = run.world;
    started.scheduler = run.scheduler.value_or("");
    started.seed = run.seed;
    const auto services = all_services(scenario, run.scheduler);
    for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
        started.servers.push_back(scenario.servers[i].name);
        started.workers.push_back(scenario.servers[i].workers);
        started.weights.push_back(configured_weight(scenario, i, services));
    }
    for (const auto& workload : scenario.workloads) {
        started.workloads.push_back(workload.name);
    }
    for (const auto& service : services) {
        started.services.push_back(service.name);
    }
    for (const auto& router : scenario.routers) {
        started.routers.push_back(router.name);
        if (scenario.daemons) {
            started.keepalive.push_back(router.config.keepalive);
            started.deadtime.push_back(router.config.deadtime);
        }
    }
    for (const auto& data : scenario.data) {
        started.data_servers.push_back(data.name);
    }
    return started;
}

}  // namespace lvslab::world
