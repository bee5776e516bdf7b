// SPDX-License-Identifier: GPL-2.0-only
/// A scenario's network as a graph: nodes and networks are vertices, attachments are edges.
#pragma once

#include <cstdint>
#include <string>

#include <boost/graph/adjacency_list.hpp>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::scenario {

/// A vertex: a node, all clients of a group, or a network that nodes are attached to.
struct TopologyNode {
    enum class Kind : std::uint8_t { clients, gateway, network, router, server };

    Kind kind = Kind::network;
    std::string name;
    unsigned index = 0;       ///< of clients, routers and servers: into the scenario's vector
    lvslab::Network network;  ///< of a network
};

/// Clients hang on the gateway; gateway and routers are attached to the public network, routers and
/// NAT's real servers to the private one. The gateway has a leg in every network of real servers
/// that answer clients themselves (direct routing, tunnel).
using Topology = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, TopologyNode>;

Topology topology_of(const Scenario& scenario);

/// What packets cannot do on that graph: clients must reach every router; every router the real
/// servers; and answers must come back, under NAT through a router and in no other way, else
/// without one.
Diagnostics check_topology(const Scenario& scenario);

}  // namespace lvslab::scenario
