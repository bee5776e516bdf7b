// SPDX-License-Identifier: GPL-2.0-only
/// What a Network is made of. Only network*.cpp include it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/ethernet.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/redirect.hpp"
#include "sim/packet/routing_hook.hpp"

namespace lvslab::packet_world {

/// The Ethernet cards of a node, in the order of its interfaces.
std::vector<ns3::Ptr<EthernetPort>> ports_of(const ns3::Ptr<ns3::Node>& node);

/// Takes packets for whole networks as the host's own: a transparent proxy's real server.
class LocalNetworks : public PacketFilter {
public:
    LocalNetworks(ns3::Ptr<ns3::Ipv4> ip, std::vector<lvslab::Network> networks)
        : ip_(std::move(ip)), networks_(std::move(networks)) {}

    bool take(const ArrivedPacket& arrived) override {
        const auto to = from_ns3(arrived.header.GetDestination());
        if (std::ranges::none_of(networks_, [&](const auto& n) { return n.contains(to); })) {
            return false;
        }
        const auto interface = ip_->GetInterfaceForDevice(arrived.device);
        arrived.deliver(arrived.packet, arrived.header, static_cast<std::uint32_t>(interface));
        return true;
    }

private:
    ns3::Ptr<ns3::Ipv4> ip_;
    std::vector<lvslab::Network> networks_;
};

/// How a server takes packets for the virtual addresses now.
struct Guarded {
    scenario::VipGuard how = scenario::VipGuard::none;
    std::unique_ptr<LocalNetworks> local_networks;
    std::unique_ptr<Redirect> redirect;
};

/// Everything that was built.
class Network::Builder {
public:
    Builder(const scenario::Scenario& s, const NetworkOptions& o)
        : scenario(s), options(o), topology(world::topology_of(s)) {
        for (std::size_t i = 0; i < topology.lans.size(); ++i) {
            lans.push_back(new_switch());
        }
        build_gateways();
        build_clients();
        build_routers();
        build_servers();
        build_data_servers();
        delay_answers_where_two_may_answer();
        for (const auto& gateway : gateway_nodes) {
            route_gateway(gateway);
        }
    }

    const scenario::Scenario& scenario;
    NetworkOptions options;
    Topology topology;
    std::vector<ns3::Ptr<EthernetSwitch>> lans;
    std::vector<ns3::Ptr<ns3::Node>> gateway_nodes;  ///< a standby is the second
    std::vector<ns3::Ptr<ns3::Node>> routers, servers;
    std::vector<std::vector<ns3::Ptr<ns3::Node>>> data;  ///< of each data server: its nodes
    std::vector<std::vector<ns3::Ptr<ns3::Node>>> clients;
    std::vector<ns3::Ptr<RoutingHook>> hooks;
    std::vector<Guarded> guarded;  ///< of each server
    std::vector<std::string> counted_names;
    std::vector<ns3::Ptr<ns3::Node>> counted;

    ns3::Ptr<ns3::Ipv4L3Protocol> stack(unsigned router) const {
        return routers.at(router)->GetObject<ns3::Ipv4L3Protocol>();
    }
    /// Where a floating address stands on a router: loopback is interface 0, the public one 1, the
    /// private one 2.
    std::uint32_t floating_interface(const Address& address) const;
    ns3::Ptr<ns3::Node> node(const Machine& machine) const;
    /// Gives a redundant gateway's addresses to one of its nodes.
    void move_gateway(unsigned node);
    /// The cards of a gateway's node in the cluster's networks, by LAN; null = it has none there.
    ns3::Ptr<EthernetPort> gateway_port(unsigned node, std::size_t lan) const;
    /// Has a server take packets for the virtual addresses in this way, and in no other.
    void guard(std::size_t server, scenario::VipGuard how);

private:
    enum class Routing : std::uint8_t { plain, hooked };

    ns3::Ptr<EthernetSwitch> new_switch() {
        auto lan = ns3::Create<EthernetSwitch>(switches_++);
        return lan;
    }

    ns3::Ptr<ns3::Node> new_node(const std::string& name, Routing routing, bool weak_host) {
        auto node = ns3::CreateObject<ns3::Node>();
        ns3::InternetStackHelper stack;
        stack.SetIpv6StackInstall(false);
        if (routing == Routing::hooked) {
            stack.SetRoutingHelper(RoutingHookHelper());
        } else {
            stack.SetRoutingHelper(ns3::Ipv4StaticRoutingHelper());
        }
        stack.Install(node);
        // A number of its own for what ns-3 itself draws (ARP's jitter): more nodes shift nothing.
        const auto stream = stable_hash("ns3/" + name) >> 2U;
        stack.AssignStreams(ns3::NodeContainer(node), static_cast<std::int64_t>(stream));
        // Weak hosts take packets for an address of any of their interfaces. Only the real servers
        // need it (the virtual address stands on their loopback); the search costs time elsewhere.
        node->GetObject<ns3::Ipv4>()->SetAttribute("WeakEsModel", ns3::BooleanValue(weak_host));
        return node;
    }

    /// Plugs a node into a LAN; its interface number.
    std::uint32_t plug(const ns3::Ptr<ns3::Node>& node, const ns3::Ptr<EthernetSwitch>& lan,
                       const std::string& name, const scenario::Link& link,
                       const std::optional<lvslab::Network>& address) {
        auto port = ns3::CreateObject<EthernetPort>(name, link, options.seed);
        node->AddDevice(port);
        lan->attach(port);
        auto ip = node->GetObject<ns3::Ipv4>();
        const auto interface = ip->AddInterface(port);
        if (address) {
            ip->AddAddress(interface, interface_address(*address));
        }
        ip->SetUp(interface);
        return interface;
    }

    void count(const std::string& name, const ns3::Ptr<ns3::Node>& node) {
        counted_names.push_back(name);
        counted.push_back(node);
    }

    void build_gateways();
    void build_gateway(unsigned node);
    std::uint32_t plug_hub(unsigned node, const ns3::Ptr<EthernetSwitch>& star,
                           const scenario::ClientGroup& group, const lvslab::Network& hub);
    void build_clients();
    void build_group(const scenario::ClientGroup& group);
    void build_routers();
    void build_servers();
    void build_server(std::size_t index);
    void build_data_servers();
    void set_default_gateways(const ns3::Ptr<ns3::Node>& node, std::vector<Address> gateways);
    void delay_answers_where_two_may_answer();
    std::vector<lvslab::Network> virtual_networks() const;
    void limit_packets(const ns3::Ptr<ns3::Node>& node, Duration cost);
    void route_gateway(const ns3::Ptr<ns3::Node>& gateway);

    std::uint8_t switches_ = 0;
    // A gateway's nodes have the same interface numbers.
    std::vector<std::uint32_t> gateway_interface_;  ///< by LAN; 0 = none
    std::vector<std::uint32_t> hub_interface_;      ///< by client group
};

}  // namespace lvslab::packet_world
