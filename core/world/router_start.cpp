// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/router_start.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/random.hpp"

namespace lvslab::world {
namespace {

Duration phase(std::uint64_t seed, const std::string& what, Duration period) {
    RandomStream stream(seed, "phase/" + what);
    return Duration{std::llround(stream.uniform() * static_cast<double>(period.count()))};
}

Duration first_check(const scenario::Router& router, std::uint64_t seed,
                     const ports::ServiceName& service, const ports::ServerName& server) {
    const auto v = std::ranges::find_if(router.config.virtual_servers,
                                        [&](const auto& s) { return s.name == service.name; });
    if (v == router.config.virtual_servers.end()) {
        return {};
    }
    return phase(seed, "check/" + router.name + "/" + service.name + "/" + server.name,
                 v->check_interval.value_or(v->timeout));
}

}  // namespace

router::RouterStart settled_start(const scenario::Scenario& scenario, std::uint64_t seed,
                                  unsigned router) {
    const auto heartbeat = [&](unsigned index) {
        const auto& r = scenario.routers[index];
        return phase(seed, "heartbeat/" + r.name, r.config.keepalive);
    };
    router::RouterStart start;
    start.how = router == 0 ? pulse::Start::settled_active : pulse::Start::settled_backup;
    start.first_heartbeat = heartbeat(router);
    if (scenario.routers.size() > 1) {
        const unsigned partner = router == 0 ? 1 : 0;
        start.heard_ago = scenario.routers[partner].config.keepalive - heartbeat(partner);
    }
    start.first_check = [&r = scenario.routers[router], seed](const auto& service,
                                                              const auto& server) {
        return first_check(r, seed, service, server);
    };
    return start;
}

Duration cold_start_after(const scenario::Scenario& scenario, std::uint64_t seed, unsigned router) {
    const auto& r = scenario.routers[router];
    return phase(seed, "start/" + r.name, r.config.keepalive);
}

}  // namespace lvslab::world
