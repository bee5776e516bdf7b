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
#include <optional>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/machine.hpp"
#include "core/world/machine_states.hpp"
#include "core/world/topology.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

using world::ListenEndpoint;
using world::Machine;
using world::MachineLinks;
using world::MachineState;
using world::Side;
using world::Topology;
using world::Way;

class Neighbour;
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
    /// `node`: 0 the gateway, 1 its standby if it has one.
    ns3::Ptr<ns3::Node> gateway(unsigned node = 0) const;
    /// `node`: 0 the first of the pair, 1 the standby.
    ns3::Ptr<ns3::Node> data_server(unsigned index, unsigned node) const;

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
    /// One gratuitous ARP as send_arp sends it (see NeighbourTable::announce).
    void announce_address(unsigned router, const Address& address);
    /// All floating addresses: raised on router `index`, lowered on the others. The constructor
    /// raises them on the first router.
    void raise_floating_addresses(unsigned router);

    /// A data server's service address, on one of its nodes (a single one always has it).
    void raise_data_address(unsigned data_server, unsigned node);
    void lower_data_address(unsigned data_server, unsigned node);
    /// One gratuitous ARP for it.
    void announce_data_address(unsigned data_server, unsigned node);

    /// All addresses of a redundant gateway: on one of its nodes, and on the other one no more. In
    /// the clients' stars, where neighbours know each other from the start, the clients know at
    /// once. Nothing to do for a single gateway. The constructor raises them on the first node.
    void raise_gateway_addresses(unsigned node);
    /// One gratuitous ARP for each, in the networks of the cluster.
    void announce_gateway_addresses(unsigned node);

    // Machines. What runs on them (sockets, IPVS, daemons) is not the network's.

    /// No frame in or out; what waited in its cards, its neighbour tables and a router's floating
    /// addresses are gone.
    void crash(const Machine& machine);
    /// Boots with what the scenario has at_boot: a router's ip_forward, a server's VipGuard. Its
    /// own addresses and routes are back. A machine that runs crashes first.
    void restart(const Machine& machine);
    /// No frame in or out. Up to EthernetPort::ring_frames a card that come in wait; so does what
    /// the machine's timers, which ns-3 cannot stop, send meanwhile.
    void hang(const Machine& machine);
    void resume(const Machine& machine);
    MachineState state(const Machine& machine) const;

    // Links, each way.

    /// Frames that are offered, or under way, meet the cut and are counted so.
    void cut(const MachineLinks& links, Way way);
    /// Whole again: no cut, loss or delay of a fault.
    void heal(const MachineLinks& links, Way way);
    /// A probability in place of the scenario's; nothing = the scenario's again.
    void set_loss(const MachineLinks& links, Way way, std::optional<double> loss);
    /// On top of the scenario's delay.
    void set_extra_delay(const MachineLinks& links, Way way, Duration delay);
    /// A link with a carrier; one that is cut one way only still has it (ethtool, MII).
    bool has_carrier(unsigned router, Side side) const;

    // Heartbeats alone (UDP to the routers' heartbeat_port), on one path or both. Out is what the
    // first router sends.

    void cut_heartbeats(std::optional<Side> side, Way way);
    void heal_heartbeats(std::optional<Side> side, Way way);
    void set_heartbeat_loss(std::optional<Side> side, Way way, std::optional<double> loss);
    void set_heartbeat_delay(std::optional<Side> side, Way way, Duration delay);

    /// From one router's interface on this side to the other's. Not open if their interfaces on it
    /// are in different networks without a way between them, or if one of them has none.
    world::HeartbeatRoute heartbeat_route(unsigned from, unsigned to, Side side) const;

    /// Packets that found a node's processor too busy (PacketCpu::backlog).
    std::uint64_t backlog_dropped(const Machine& machine) const;
    /// Of every link of routers, servers, data servers and the gateway: "web1/up", "web1/down".
    std::vector<journal::LinkTraffic> link_traffic() const;

    /// What the host knows of the neighbour that has `address`; null = nothing. For tests.
    const Neighbour* neighbour(const Machine& machine, const Address& address) const;

    /// Captures the links of the nodes named ("all" = of every node) into FOLDER/NODE-LINK.pcap.
    /// Names: routers, servers, data servers ("db", "db standby"), "gateway", "gateway standby", a
    /// client group (each of its clients) or "GROUP-INDEX".
    void enable_pcap(const std::vector<std::string>& nodes, const std::string& folder);

    /// Routers, servers, the gateway, its standby, data servers and their standbys by name, in that
    /// order; for traffic().
    const std::vector<std::string>& counted_nodes() const;
    TrafficCounters traffic(std::size_t counted_node) const;

private:
    template <class Change>
    void change_heartbeats(std::optional<Side> side, Way way, Change&& change);

    class Builder;
    std::unique_ptr<Builder> built_;
};

}  // namespace lvslab::packet_world
