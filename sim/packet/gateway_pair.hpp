// SPDX-License-Identifier: GPL-2.0-only
/// The redundant gateway (firewall) between the clients and the cluster.
#pragma once

#include "core/scenario/scenario.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/standby_pair.hpp"

namespace lvslab::packet_world {

/// The gateway's addresses in every network and in the clients' stars move to the standby. A single
/// gateway has none to move. It keeps no state of connections, so there is none to lose.
class GatewayPair {
public:
    /// The network must outlive it.
    GatewayPair(Network& network, const scenario::Scenario& scenario);

    /// After what the network has done: the machine crashed or hangs; it runs again.
    void died(unsigned node) { pair_.died(node); }
    void returned(unsigned node) { pair_.returned(node); }

private:
    StandbyPair pair_;
};

}  // namespace lvslab::packet_world
