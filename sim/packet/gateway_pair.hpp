// SPDX-License-Identifier: GPL-2.0-only
/// The redundant gateway (firewall) between the clients and the cluster.
#pragma once

#include "core/scenario/scenario.hpp"
#include "core/world/standby_pair.hpp"
#include "sim/packet/network.hpp"

namespace lvslab::packet_world {

/// The gateway's addresses in every network and in the clients' stars move to the standby. A single
/// gateway has none to move. It keeps no state of connections, so there is none to lose.
class GatewayPair {
public:
    /// Network and timers must outlive it.
    GatewayPair(Network& network, const scenario::Scenario& scenario, ports::Timers& timers);

    /// After what the network has done: the machine crashed or hangs, at that time; it runs again.
    void died(unsigned node, Time when) { pair_.died(node, when); }
    void returned(unsigned node) { pair_.returned(node); }

private:
    world::StandbyPair pair_;
};

}  // namespace lvslab::packet_world
