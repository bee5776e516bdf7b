// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/phases.hpp"

#include <string>

#include "core/base/random.hpp"

namespace lvslab::scenario {
namespace {

Duration drawn(std::uint64_t seed, const std::string& stream, Duration period) {
    if (period <= Duration::zero()) {
        return {};
    }
    RandomStream random(seed, stream);
    return Duration{
        static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(period.count())))};
}

}  // namespace

Duration daemon_phase(const Scenario& scenario, std::uint64_t seed, unsigned router) {
    const auto& r = scenario.routers[router];
    return drawn(seed, "daemons/" + r.name, r.config.keepalive);
}

Duration check_phase(const Scenario& scenario, std::uint64_t seed, unsigned router,
                     const config::VirtualServer& service, const config::RealServer& server) {
    return drawn(seed,
                 "checks/" + scenario.routers[router].name + '/' + service.name + '/' + server.name,
                 service.timeout);
}

Duration rsync_phase(const Scenario& scenario, std::uint64_t seed, unsigned server) {
    if (!scenario.content) {
        return {};
    }
    return drawn(seed, "rsync/" + scenario.servers[server].name, scenario.content->rsync);
}

}  // namespace lvslab::scenario
