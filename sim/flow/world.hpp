// SPDX-License-Identifier: GPL-2.0-only
/// The flow world: a scenario run with connections instead of packets (docs/flow-world.md).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::flow_world {

struct RunOptions {
    std::uint64_t seed = 1;
    std::optional<std::string> scheduler{};  ///< of every service, instead of the lvs.cf's
    bool segments = false;                   ///< tells each packet that a router's IPVS meets
    /// Off: nothing of single connections is told, nor made (Decision, ConnectionOpened,
    /// ResponseReceived, StaleResponse, ConnectionClosed, SessionEnded).
    bool connections = true;
    /// Called a thousand times over the run with the simulated time; false stops the run.
    std::function<bool(Time now)> progress{};
};

struct RunResult {
    bool complete = false;  ///< false: stopped by `progress`
    Time end{};             ///< simulated time at the end
    std::uint64_t connections = 0;
    std::uint64_t events = 0;
};

/// What the flow world cannot run of this scenario (errors), and what it runs otherwise than it is
/// written (warnings), each with its place; empty = it runs it as written.
Diagnostics unsupported(const scenario::Scenario& scenario);

/// Runs the scenario and tells the sink everything, RunStarted first; a complete run ends with
/// RunEnded, and a stopped one still closes every connection. Runs share nothing: several may go on
/// in threads of one process. Throws std::runtime_error if the scenario's parts do not fit
/// together.
RunResult run(const scenario::Scenario& scenario, const RunOptions& options, journal::Sink& sink);

}  // namespace lvslab::flow_world
