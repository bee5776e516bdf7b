// SPDX-License-Identifier: GPL-2.0-only
/// When the periodic work of daemons begins: drawn from the seed, so that a fault at a fixed time
/// meets every phase of it.
#pragma once

#include <cstdint>

#include "core/base/time.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::scenario {

/// A router's first heartbeat after the run's start: uniform in [0, keepalive) of its own lvs.cf,
/// from the stream `daemons/ROUTER`.
Duration daemon_phase(const Scenario& scenario, std::uint64_t seed, unsigned router);

/// The first check of a real server after its checker's start: uniform in [0, timeout) of the
/// virtual service, from the stream `checks/ROUTER/SERVICE/SERVER` (names of the lvs.cf).
Duration check_phase(const Scenario& scenario, std::uint64_t seed, unsigned router,
                     const config::VirtualServer& service, const config::RealServer& server);

/// The first rsync of a real server's replica: uniform in [0, rsync), from the stream
/// `rsync/SERVER`; zero without `content`.
Duration rsync_phase(const Scenario& scenario, std::uint64_t seed, unsigned server);

}  // namespace lvslab::scenario
