// SPDX-License-Identifier: GPL-2.0-only
/// The kernel world: a scenario run on network namespaces with the real kernel's IPVS, TCP and ARP,
/// and the real daemon.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/diagnostic.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "realmode/lab/server_programs.hpp"

namespace lvslab::lab {

struct RunOptions {
    std::uint64_t seed = 1;
    std::optional<std::string> scheduler;  ///< of every service, instead of the lvs.cf's
    std::string lvsrouter;                 ///< the daemon's program
    bool segments = false;                 ///< tells each packet that a router's IPVS meets
    ServerPrograms programs;               ///< of the real servers, instead of the lab's own
    /// Where their configurations and logs go, a folder for each server; empty = nowhere that
    /// lasts.
    std::string server_folder;
};

/// What the kernel world cannot run of this scenario as it is written (errors), and what it runs
/// otherwise (warnings), each with its place.
Diagnostics unsupported(const scenario::Scenario& scenario);

/// Runs the scenario, in real time, and tells the sink everything once it is over, RunStarted
/// first. False: SIGINT, SIGTERM or SIGHUP stopped it; nothing was told. Throws std::runtime_error
/// or std::system_error if the machine has not got what it takes (root, ip_vs, ip and tc). Nothing
/// of it stays behind, however it ends.
bool run(const scenario::Scenario& scenario, const RunOptions& options, journal::Sink& sink);

}  // namespace lvslab::lab
