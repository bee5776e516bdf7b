// SPDX-License-Identifier: GPL-2.0-only
/// A scenario's network as a graph: nodes and networks are vertices, attachments are edges.
#pragma once

#include <cstdint>
#include <string>

#include <boost/graph/adjacency_list.hpp>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/scenario/acceptable.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::scenario {

/// A vertex: a node, all clients of a group, or a network that nodes are attached to.
struct TopologyNode {
    enum class Kind : std::uint8_t { clients, gateway, network, router, server, data };

    Kind kind = Kind::network;
    std::string name;
    unsigned index =
        0;  ///< of clients, routers, servers and data servers: into the scenario's vector
    lvslab::Network network;  ///< of a network
};

/// Clients hang on the gateway; gateway and routers are attached to the public network, routers and
/// NAT's real servers to the private one. The gateway has a leg in every network of real servers
/// that answer clients themselves (direct routing, tunnel), and where a server's `gateway` is an
/// address of nobody else. A data server is attached to its network, its standby beside it.
using Topology = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, TopologyNode>;

Topology topology_of(const Scenario& scenario);

/// Whether an address that a server has as its gateway belongs to the gateway between clients and
/// cluster: it is no router's and not nat_router.
bool is_gateways_own(const Scenario& scenario, const Address& address);

/// What packets cannot do on that graph: clients must reach every router; every router the real
/// servers; and answers must come back, under NAT through a router and in no other way, else
/// without one. Real servers must reach the data servers that they need.
void check_topology(const Scenario& scenario, Acceptance& accept, Diagnostics& d);
Diagnostics check_topology(const Scenario& scenario);

}  // namespace lvslab::scenario
