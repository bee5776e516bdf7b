// SPDX-License-Identifier: GPL-2.0-only
/// All that a world gives one router.
#pragma once

#include "core/ports/address_owner.hpp"
#include "core/ports/dataplane.hpp"
#include "core/ports/heartbeat_link.hpp"
#include "core/ports/link_state.hpp"
#include "core/ports/load_source.hpp"
#include "core/ports/prober.hpp"
#include "core/ports/role_scripts.hpp"
#include "core/ports/router_log.hpp"
#include "core/ports/sync_channel.hpp"
#include "core/ports/timers.hpp"

namespace lvslab::ports {

/// They outlive whoever uses them.
struct Ports {
    Timers& timers;
    Dataplane& dataplane;
    SyncChannel& sync;
    Prober& prober;
    HeartbeatLink& heartbeats;
    LinkState& links;
    AddressOwner& addresses;
    LoadSource& loads;
    RoleScripts& scripts;
    RouterLog& log;
};

}  // namespace lvslab::ports
