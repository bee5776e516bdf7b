// SPDX-License-Identifier: GPL-2.0-only
/// How a router's daemons are when a run begins, drawn from the seed: the same in every world.
#pragma once

#include <cstdint>

#include "core/base/time.hpp"
#include "core/router/lvs_router.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::world {

/// Start::settled: the daemons have run for long, and the first router is the active one. The
/// phases of heartbeats and checks are uniform in their periods, from the streams
/// `phase/heartbeat/ROUTER` and `phase/check/ROUTER/SERVICE/SERVER`. Where the first router has its
/// heartbeats' phase, the backup heard the last one before it. The scenario must outlive the start.
router::RouterStart settled_start(const scenario::Scenario& scenario, std::uint64_t seed,
                                  unsigned router);

/// Start::cold: when the daemons start, uniform in [0, keepalive), from the stream
/// `phase/start/ROUTER`.
Duration cold_start_after(const scenario::Scenario& scenario, std::uint64_t seed, unsigned router);

}  // namespace lvslab::world
