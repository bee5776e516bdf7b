// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/replicas.hpp"

#include <algorithm>
#include <cmath>

#include "core/scenario/phases.hpp"

namespace lvslab::scenario {
namespace {

// Publications in quicker succession cannot be told apart by any reader.
constexpr Duration shortest = std::chrono::milliseconds(1);
// No run is longer, and a heavy tail may draw more than the clock holds.
constexpr double longest_seconds = 366.0 * 24 * 3600;

}  // namespace

Replicas::Replicas(const Scenario& scenario, std::uint64_t seed)
    : scenario_(scenario), publications_(seed, "publications") {
    for (unsigned i = 0; i < scenario.servers.size(); ++i) {
        phases_.push_back(rsync_phase(scenario, seed, i));
    }
}

Duration Replicas::stale_for(unsigned server, Time now) {
    if (!scenario_.content || reads_shared_files(server)) {
        return {};
    }
    publish_until(now);
    const auto period = scenario_.content->rsync;
    const auto since_first = now.time_since_epoch() - phases_[server];
    const Time last_rsync = since_first < Duration::zero() ? Time{} : now - since_first % period;
    const auto first = std::upper_bound(published_.begin(), published_.end(), last_rsync);
    return first != published_.end() && *first <= now ? now - *first : Duration{};
}

bool Replicas::reads_shared_files(unsigned server) const {
    const auto& need = scenario_.servers[server].data;
    return need && scenario_.data[need->data_server].kind == DataServer::Kind::files;
}

void Replicas::publish_until(Time now) {
    while (published_.empty() || published_.back() <= now) {
        const double seconds = std::min(
            quantile(scenario_.content->publish, publications_.uniform()), longest_seconds);
        const auto gap = std::max(Duration{std::llround(seconds * 1e9)}, shortest);
        published_.push_back((published_.empty() ? Time{} : published_.back()) + gap);
    }
}

}  // namespace lvslab::scenario
