// SPDX-License-Identifier: GPL-2.0-only
/// The packet world: a scenario run in ns-3 with real TCP and UDP.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/plan.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::packet_world {

struct RunOptions {
    std::uint64_t seed = 1;
    std::optional<std::string> scheduler{};  ///< of every service, instead of the lvs.cf's
    bool segments = false;                   ///< tells each packet that a router's IPVS meets
    std::vector<std::string> pcap{};         ///< nodes whose links are captured
    std::string pcap_folder{};               ///< an existing folder
    /// Called a thousand times over the run with the simulated time; false stops the run.
    std::function<bool(Time now)> progress{};
    /// Where a connection goes instead of to the virtual service. If set, the routers are plain
    /// ns-3 routers without a director: what the director's cost is measured against.
    std::function<Endpoint(const scenario::PlannedConnection&)> straight_to{};
};

struct RunResult {
    bool complete = false;  ///< false: stopped by `progress`
    Time end{};             ///< simulated time at the end
    std::uint64_t connections = 0;
    std::uint64_t events = 0;  ///< of ns-3
};

/// What the packet world cannot run of this scenario as it is written (errors), and what it runs
/// otherwise (warnings), each with its place; empty = it runs it as written.
Diagnostics unsupported(const scenario::Scenario& scenario);

/// Runs the scenario and tells the sink everything, RunStarted first; a complete run ends with
/// RunEnded, and a stopped one still closes every connection. One run at a time in a process.
/// Throws std::runtime_error if the scenario's parts do not fit together.
RunResult run(const scenario::Scenario& scenario, const RunOptions& options, journal::Sink& sink);

}  // namespace lvslab::packet_world
