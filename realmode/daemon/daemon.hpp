// SPDX-License-Identifier: GPL-2.0-only
/// A router's process: this host's ports, core/router's LvsRouter, one loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"
#include "realmode/daemon/beginning.hpp"

namespace lvslab::realmode {

struct DaemonOptions {
    std::string config_file;
    std::string control_socket;
    std::string state_folder;
    std::optional<std::string> events;         ///< file or descriptor; unset = none
    std::optional<std::string> heartbeat_key;  ///< file
    bool force_active = false;                 ///< pulse --forceactive
    std::optional<Duration> first_heartbeat;   ///< from the start; unset = keepalive
    bool keep_services = false;                ///< leave them in IPVS at its end
    std::optional<Beginning> beginning{};      ///< of the lab; unset = as the program starts
};

/// In the state folder: the addresses and the sync daemon that the router holds.
std::string record_file(const DaemonOptions& options);
/// In the state folder: which services in IPVS are the router's.
std::string services_file(const DaemonOptions& options);
/// In the state folder: the lvs.cf that is in force (keep_in_force()).
std::string config_in_force_file(const DaemonOptions& options);

/// How the process came to be.
struct DaemonStart {
    int lifeline = -1;   ///< to the supervisor; -1 = none
    bool again = false;  ///< the one before died: a file that is bad by now is not the end
    /// The one before held addresses when it died: the partner is given the service.
    bool after_active = false;
};

/// Runs until it is told to end (SIGTERM, SIGINT, `stop`, the end of its supervisor), or ends by
/// itself as a backup that lvs.cf does not want. Gives the exit code: done, bad_input if it cannot
/// run here (each reason is an error in the log), failed if it lost its supervisor.
int run_daemon(const DaemonOptions& options, const DaemonStart& start);

}  // namespace lvslab::realmode
