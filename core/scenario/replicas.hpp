// SPDX-License-Identifier: GPL-2.0-only
/// Replicas of the content on the real servers' disks (manual, section 1.1.1): who serves what is
/// stale, and for how long it has been.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::scenario {

/// Publications come at intervals of `publish`, drawn from the stream `publications`, the first one
/// such an interval after the start; each server's rsync takes over all that was published before
/// it. At the start every replica is fresh. rsync takes no time and makes no traffic, and it runs
/// to its schedule whatever happens to the server. A server that reads its files from a data server
/// (three tiers) has no replica: it is never stale.
class Replicas {
public:
    /// The scenario must outlive it. Without `content` nothing is ever stale.
    Replicas(const Scenario& scenario, std::uint64_t seed);

    /// How long a server's replica has been stale at `now`: since the first publication after its
    /// last rsync; zero if it is fresh. `now` never goes back.
    Duration stale_for(unsigned server, Time now);

private:
    bool reads_shared_files(unsigned server) const;
    void publish_until(Time now);

    const Scenario& scenario_;
    RandomStream publications_;
    std::vector<Time> published_;   ///< ascending; the last one is after the last `now`
    std::vector<Duration> phases_;  ///< of each server's rsync
};

}  // namespace lvslab::scenario
