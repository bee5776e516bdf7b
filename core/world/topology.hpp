// SPDX-License-Identifier: GPL-2.0-only
/// Who is where in a scenario's network: LANs, floating addresses, routes, listening applications.
/// Worked out from the scenario alone, before any node or namespace exists.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::world {

/// What a real server's application listens on.
struct ListenEndpoint {
    Protocol protocol = Protocol::tcp;
    Endpoint endpoint;  ///< address 0.0.0.0 = whatever address the packet came for
    friend constexpr auto operator<=>(const ListenEndpoint&, const ListenEndpoint&) = default;
};

/// A local network with a switch.
struct Lan {
    std::string name;         ///< "public", "private", or the network for a remote site's
    lvslab::Network network;  ///< its base address
    bool has_routers = false;
    Address gateway;  ///< the gateway's address in it; 0.0.0.0 = the gateway is not on it
    /// Other addresses of the gateway in it: those that servers name and nobody else has.
    std::vector<Address> more_gateways{};
    /// Of a redundant gateway: the own addresses of its nodes. Those above float.
    std::vector<Address> gateway_nodes{};
};

/// Where a router's interfaces are. Routers need not be in the same networks (the manual's 3.3
/// warns of it): then neither heartbeats nor floating addresses of one network reach the other.
struct RouterLans {
    std::size_t public_lan = 0;
    std::optional<std::size_t> private_lan{};
};

/// An address that moves between the routers.
struct FloatingAddress {
    Address address;
    std::size_t lan;
    /// The interface that it stands on, on whichever router.
    scenario::NetworkSide side = scenario::NetworkSide::public_net;
};

/// Where a data server's nodes are: the first, and its standby if it has one.
struct DataServerPlace {
    std::vector<std::size_t> lans;            ///< of each node
    std::vector<lvslab::Network> interfaces;  ///< of each node; a pair's service address floats
    Address gateway;                          ///< their default route; 0.0.0.0 = none
};

/// A network that clients reach through the active router.
struct RoutedNetwork {
    lvslab::Network network;
    Address next_hop;  ///< a floating address on the public LAN
};

struct Topology {
    std::vector<Lan> lans;                   ///< [0] is the first router's public one
    std::vector<RouterLans> router_lans;     ///< of each router
    std::vector<std::size_t> server_lan;     ///< of each server
    std::vector<Address> server_gateway;     ///< of each server: its default route
    std::vector<FloatingAddress> floating;   ///< virtual addresses, then NAT's, each once
    std::vector<Address> virtual_addresses;  ///< of the active services, sorted
    std::vector<RoutedNetwork> routed;       ///< destinations that are no virtual address
    std::vector<DataServerPlace> data;       ///< of each data server
};

/// The scenario has been checked by its reader.
Topology topology_of(const scenario::Scenario& scenario);

/// Endpoints that the application of server `index` must listen on, sorted, each once: its own
/// address under NAT, the clients' destination under direct routing and tunnels (but its own if it
/// takes that by REDIRECT). With `own_addresses` its own in any case.
std::vector<ListenEndpoint> listen_endpoints_of(
    const scenario::Scenario& scenario, unsigned index, bool own_addresses,
    scenario::VipGuard guard = scenario::VipGuard::loopback);

}  // namespace lvslab::world
