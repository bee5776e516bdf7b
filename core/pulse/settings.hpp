// SPDX-License-Identifier: GPL-2.0-only
/// What lvs.cf says about failover.
#pragma once

#include <optional>
#include <string>

#include "core/base/time.hpp"

namespace lvslab::pulse {

/// Which of the pair a node is. It is primary if one of its interfaces carries lvs.cf's `primary`
/// (pulse.c, amMaster): a fact of the machine, not of its state.
enum class NodeRole { primary, backup };

/// Who is active when a repaired primary returns.
enum class Failback {
    none,     ///< the program's way: whoever is active stays so
    primary,  ///< the manual's way: the primary takes the service back
};

/// lvs.cf, as far as pulse goes. Defaults are Piranha's.
struct Settings {
    NodeRole role = NodeRole::primary;
    Duration keepalive = std::chrono::seconds(2);  ///< time between heartbeats, > 0
    Duration deadtime = std::chrono::seconds(5);   ///< silence that means death, > 0
    bool backup_active = true;   ///< there is a backup: heartbeats are sent and links looked at
    bool private_path = true;    ///< primary_private differs from primary
    bool monitor_links = false;  ///< a link without carrier is a local fault
    bool syncdaemon = false;     ///< connection synchronisation changes its role with the node
    bool force_active = false;   ///< active from the start (pulse --forceactive)
    std::optional<std::string> active_cmd, inactive_cmd;
    Failback failback = Failback::none;
};

}  // namespace lvslab::pulse
