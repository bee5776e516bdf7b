// SPDX-License-Identifier: GPL-2.0-only
/// What must hold between the parts of a scenario, and between it and its lvs.cf.
#pragma once

#include "core/base/diagnostic.hpp"
#include "core/scenario/acceptable.hpp"
#include "core/scenario/places.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::scenario {

/// Networks and addresses: routers share their networks, networks do not overlap, no address is
/// used twice, groups fit into their networks. Sets the gateway if the scenario does not.
void check_addresses(Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d);

/// Every lvs.cf against the topology: routers, forwarding method, virtual addresses, real servers;
/// those that a fault reloads included.
void check_config(const Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d);

/// What real servers do about gateways, the virtual address and data servers, and the routers'
/// forwarding.
void check_servers(const Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d);

/// Every workload reaches an active virtual service, and every one of these has a workload. Sets
/// the workloads' protocols.
void check_services(Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d);

/// Faults and expectations: nothing happens after the end, and moments can come.
void check_faults(const Scenario& s, const Places& places, Diagnostics& d);

}  // namespace lvslab::scenario
