// SPDX-License-Identifier: GPL-2.0-only
/// The redundant gateway (firewall) between the clients and the cluster.
#pragma once

#include "core/ports/timers.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/standby_pair.hpp"
#include "realmode/lab/lab_network.hpp"

namespace lvslab::lab {

/// The gateway's addresses in every network move to the standby, as in the packet world: `takeover`
/// after the active node died or began to hang, announced five times a second apart. A single
/// gateway has none to move.
class GatewayPair {
public:
    /// Both must outlive it.
    GatewayPair(LabNetwork& network, const scenario::Scenario& scenario, ports::Timers& timers);

    /// After what the network has done: the machine crashed or hangs, at that time; it runs again.
    void died(unsigned node, Time when) { pair_.died(node, when); }
    void returned(unsigned node) { pair_.returned(node); }

private:
    world::StandbyPair pair_;
};

}  // namespace lvslab::lab
