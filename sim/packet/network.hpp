// SPDX-License-Identifier: GPL-2.0-only
/// Builds the network of a scenario in ns-3: nodes, links, addresses, routes.
///
///     clients --- gateway --- public LAN --- routers (VIPs) --- private LAN --- real servers
///                                \--- real servers (direct routing, tunnel)
///
/// IPv4 only. A client hangs on a link of its own at the gateway; a server on a link of its own at
/// its LAN's switch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/ns3.hpp"
#include "sim/packet/topology.hpp"

namespace lvslab::packet_world {

class RoutingHook;

struct NetworkOptions {
    std::uint64_t seed = 1;  ///< of losses and of ns-3's own draws
    /// The routers are plain ns-3 routers, and clients reach the real servers' own addresses
    /// through them: what the director's overhead is measured against.
    bool plain_router = false;
};

/// A node's frames since the run's start, over all its links (Ethernet header counted, no FCS).
struct TrafficCounters {
    std::uint64_t received_packets = 0, received_bytes = 0, sent_packets = 0, sent_bytes = 0;
};

/// The nodes and links of one scenario. ns-3 holds one simulation a process: build one network,
/// run it, destroy it (the destructor clears the simulator), then the next.
class Network {
public:
    /// The scenario must outlive the network. Sets ns-3's defaults and random run first.
    Network(const scenario::Scenario& scenario, const NetworkOptions& options);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    ns3::Ptr<ns3::Node> client(unsigned group, unsigned index) const;
    ns3::Ptr<ns3::Node> server(unsigned index) const;
    ns3::Ptr<ns3::Node> router(unsigned index) const;
    ns3::Ptr<ns3::Node> gateway() const;

    const Topology& topology() const;
    /// See listen_endpoints_of; the servers' own addresses behind a plain router.
    std::vector<ListenEndpoint> listen_endpoints(unsigned server) const;

    /// Where the packets of router `index` can be taken before they are routed.
    RoutingHook& hook(unsigned router) const;

    /// Floating addresses (virtual services', NAT's) on router `index`: on its private interface if
    /// it is NAT's, on its public one otherwise. Raising one that is up and lowering one that is
    /// down do nothing; a router's own address stays.
    void raise_address(unsigned router, const Address& address);
    void lower_address(unsigned router, const Address& address);
    bool has_address(unsigned router, const Address& address) const;
    /// One gratuitous ARP as send_arp sends it: a 60-byte broadcast reply whose sender and target
    /// are both the address and the router's own hardware address.
    void announce_address(unsigned router, const Address& address);
    /// All floating addresses: raised on router `index`, lowered on the others. The constructor
    /// raises them on the first router.
    void raise_floating_addresses(unsigned router);

    /// Captures the links of the nodes named ("all" = of every node) into FOLDER/NODE-LINK.pcap.
    /// Names: routers, servers, "gateway", a client group (each of its clients) or "GROUP-INDEX".
    void enable_pcap(const std::vector<std::string>& nodes, const std::string& folder);

    /// Routers, servers and the gateway by name, in that order; for traffic().
    const std::vector<std::string>& counted_nodes() const;
    TrafficCounters traffic(std::size_t counted_node) const;

private:
    class Builder;
    std::unique_ptr<Builder> built_;
};

}  // namespace lvslab::packet_world
