// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/network.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "core/base/random.hpp"
#include "core/router/desired_services.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/ethernet.hpp"
#include "sim/packet/ip_in_ip.hpp"
#include "sim/packet/ns3_defaults.hpp"
#include "sim/packet/routing_hook.hpp"

namespace lvslab::packet_world {
namespace {

using ns3::Ptr;

/// No limit, no delay: a port inside the gateway's box.
constexpr scenario::Link inside{BitRate{0}, Duration{}, 0};

/// What send_arp's frame has behind the ARP packet (28 bytes): 60 bytes with its Ethernet header.
constexpr std::uint32_t gratuitous_arp_padding = 18;

enum class Routing : std::uint8_t { plain, hooked };

/// Takes packets for whole networks as the host's own: a transparent proxy's real server.
class LocalNetworks : public PacketFilter {
public:
    LocalNetworks(Ptr<ns3::Ipv4> ip, std::vector<lvslab::Network> networks)
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
    Ptr<ns3::Ipv4> ip_;
    std::vector<lvslab::Network> networks_;
};

}  // namespace

/// Everything that was built.
class Network::Builder {
public:
    Builder(const scenario::Scenario& s, const NetworkOptions& o)
        : scenario(s), options(o), topology(topology_of(s)) {
        for (std::size_t i = 0; i < topology.lans.size(); ++i) {
            lans.push_back(new_switch());
        }
        build_gateway();
        build_clients();
        build_routers();
        build_servers();
        route_gateway();
    }

    const scenario::Scenario& scenario;
    NetworkOptions options;
    Topology topology;
    std::vector<Ptr<EthernetSwitch>> lans;
    Ptr<ns3::Node> gateway;
    std::vector<Ptr<ns3::Node>> routers, servers;
    std::vector<std::vector<Ptr<ns3::Node>>> clients;
    std::vector<Ptr<RoutingHook>> hooks;
    std::vector<std::unique_ptr<LocalNetworks>> local_networks;
    std::vector<std::string> counted_names;
    std::vector<Ptr<ns3::Node>> counted;

    Ptr<ns3::Ipv4L3Protocol> stack(unsigned router) const {
        return routers.at(router)->GetObject<ns3::Ipv4L3Protocol>();
    }
    /// Where a floating address stands on a router: on a real one's interfaces loopback is 0, the
    /// public one 1, the private one 2.
    std::uint32_t floating_interface(const Address& address) const;

private:
    Ptr<EthernetSwitch> new_switch() {
        auto lan = ns3::Create<EthernetSwitch>(switches_++);
        return lan;
    }

    Ptr<ns3::Node> new_node(const std::string& name, Routing routing, bool weak_host) {
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
    std::uint32_t plug(const Ptr<ns3::Node>& node, const Ptr<EthernetSwitch>& lan,
                       const std::string& name, const scenario::Link& link,
                       const lvslab::Network& address) {
        auto port = ns3::CreateObject<EthernetPort>(name, link, options.seed);
        node->AddDevice(port);
        lan->attach(port);
        auto ip = node->GetObject<ns3::Ipv4>();
        const auto interface = ip->AddInterface(port);
        ip->AddAddress(interface, interface_address(address));
        ip->SetUp(interface);
        return interface;
    }

    void count(const std::string& name, const Ptr<ns3::Node>& node) {
        counted_names.push_back(name);
        counted.push_back(node);
    }

    void build_gateway();
    void build_clients();
    void build_group(const scenario::ClientGroup& group);
    void build_routers();
    void build_servers();
    void build_server(std::size_t index);
    void give_virtual_addresses(std::size_t server);
    void route_gateway();

    std::uint8_t switches_ = 0;
    std::vector<std::uint32_t> gateway_interface_;  ///< by LAN
};

void Network::Builder::build_gateway() {
    gateway = new_node("gateway", Routing::plain, false);
    for (std::size_t i = 0; i < lans.size(); ++i) {
        const auto& lan = topology.lans[i];
        gateway_interface_.push_back(lan.gateway.is_unspecified()
                                         ? 0
                                         : plug(gateway, lans[i], "gateway-" + lan.name,
                                                scenario::Link{},
                                                {lan.gateway, lan.network.prefix_length}));
    }
}

void Network::Builder::build_clients() {
    for (const auto& group : scenario.clients) {
        build_group(group);
    }
}

/// A star of links around the gateway. In it neighbours know each other from the start: a link from
/// router to host has nobody to ask for, and a request to everyone would cost an event a client.
void Network::Builder::build_group(const scenario::ClientGroup& group) {
    const auto star = new_switch();
    const auto base = group.network.base().v4_host_order();
    const lvslab::Network hub{Address::v4(base + 1), group.network.prefix_length};
    const auto hub_interface = plug(gateway, star, "gateway-" + group.name, inside, hub);
    const auto gateway_stack = gateway->GetObject<ns3::Ipv4L3Protocol>();
    const auto hub_mac = gateway_stack->GetNetDevice(hub_interface)->GetAddress();
    auto& nodes = clients.emplace_back();
    for (unsigned i = 0; i < group.count; ++i) {
        const auto name = group.name + "-" + std::to_string(i);
        const auto address = scenario::client_address(group, i);
        auto node = new_node(name, Routing::plain, false);
        const auto interface =
            plug(node, star, name, group.link, {address, group.network.prefix_length});
        const auto stack = node->GetObject<ns3::Ipv4L3Protocol>();
        add_neighbour(stack, interface, hub.address, hub_mac);
        add_neighbour(gateway_stack, hub_interface, address,
                      stack->GetNetDevice(interface)->GetAddress());
        static_routes(node)->SetDefaultRoute(to_ns3(hub.address), interface);
        nodes.push_back(node);
    }
}

void Network::Builder::build_routers() {
    const auto routing = options.plain_router ? Routing::plain : Routing::hooked;
    for (const auto& r : scenario.routers) {
        auto node = new_node(r.name, routing, false);
        std::vector<std::pair<std::size_t, lvslab::Network>> legs{{0, r.public_interface}};
        if (r.private_interface) {
            legs.emplace_back(1, *r.private_interface);
        }
        for (const auto& [lan, address] : legs) {
            plug(node, lans[lan], r.name + "-" + topology.lans[lan].name, scenario::Link{},
                 address);
        }
        for (const auto& group : scenario.clients) {
            add_route(node, group.network, scenario.gateway, 1);
        }
        for (const auto& lan : topology.lans) {
            if (!lan.has_routers) {
                add_route(node, lan.network, scenario.gateway, 1);
            }
        }
        if (!options.plain_router) {
            hooks.push_back(
                ns3::DynamicCast<RoutingHook>(node->GetObject<ns3::Ipv4>()->GetRoutingProtocol()));
        }
        routers.push_back(node);
        count(r.name, node);
    }
}

void Network::Builder::build_servers() {
    for (std::size_t i = 0; i < scenario.servers.size(); ++i) {
        build_server(i);
    }
    count("gateway", gateway);
}

void Network::Builder::build_server(std::size_t index) {
    const auto& server = scenario.servers[index];
    const auto lan = topology.server_lan[index];
    auto node = new_node(server.name, Routing::hooked, true);
    const auto interface = plug(node, lans[lan], server.name, server.link, server.interface);
    // Behind a plain router replies take the way that they take with the director.
    auto via = topology.server_gateway[index];
    if (options.plain_router && scenario.config.network == config::NetworkType::nat) {
        const auto& router = scenario.routers.front();
        via = lan == 0 ? router.public_interface.address : router.private_interface->address;
    }
    static_routes(node)->SetDefaultRoute(to_ns3(via), interface);
    servers.push_back(node);
    count(server.name, node);
    if (scenario.config.network != config::NetworkType::nat) {
        give_virtual_addresses(index);
    }
}

/// Direct routing and tunnels: the virtual addresses stand on the loopback interface, where nobody
/// asks for them by ARP (Linux: arp_ignore=1, or the manual's arptables rules).
void Network::Builder::give_virtual_addresses(std::size_t server) {
    const auto& node = servers[server];
    const auto stack = node->GetObject<ns3::Ipv4L3Protocol>();
    for (const auto& address : topology.virtual_addresses) {
        stack->AddAddress(0, interface_address({address, 32}));
    }
    if (scenario.config.network == config::NetworkType::tunnel) {
        const auto receiver = ns3::CreateObject<IpInIpReceiver>(stack);
        stack->Insert(receiver);
    }
    if (!topology.routed.empty()) {
        std::vector<lvslab::Network> networks;
        for (const auto& r : topology.routed) {
            networks.push_back(r.network);
        }
        local_networks.push_back(std::make_unique<LocalNetworks>(stack, std::move(networks)));
        ns3::DynamicCast<RoutingHook>(stack->GetRoutingProtocol())
            ->set_filter(local_networks.back().get());
    }
}

void Network::Builder::route_gateway() {
    const auto routes = static_routes(gateway);
    const auto public_interface = gateway_interface_.front();
    const auto& public_network = topology.lans.front().network;
    for (const auto& f : topology.floating) {
        // An address outside the public network is asked for by ARP all the same.
        if (f.lan == 0 && !public_network.contains(f.address)) {
            routes->AddHostRouteTo(to_ns3(f.address), public_interface);
        }
    }
    for (const auto& r : topology.routed) {
        add_route(gateway, r.network, r.next_hop, public_interface);
    }
    if (options.plain_router) {
        for (const auto& server : scenario.servers) {
            add_route(gateway, {server.interface.address, 32},
                      scenario.routers.front().public_interface.address, public_interface);
        }
    }
}

Network::Network(const scenario::Scenario& scenario, const NetworkOptions& options) {
    set_ns3_defaults(options.seed);
    built_ = std::make_unique<Builder>(scenario, options);
    raise_floating_addresses(0);
}

Network::~Network() {
    ns3::Simulator::Destroy();
}

Ptr<ns3::Node> Network::client(unsigned group, unsigned index) const {
    return built_->clients.at(group).at(index);
}
Ptr<ns3::Node> Network::server(unsigned index) const {
    return built_->servers.at(index);
}
Ptr<ns3::Node> Network::router(unsigned index) const {
    return built_->routers.at(index);
}
Ptr<ns3::Node> Network::gateway() const {
    return built_->gateway;
}
const Topology& Network::topology() const {
    return built_->topology;
}
std::vector<ListenEndpoint> Network::listen_endpoints(unsigned server) const {
    return listen_endpoints_of(built_->scenario, server, built_->options.plain_router);
}
RoutingHook& Network::hook(unsigned router) const {
    return *built_->hooks.at(router);
}
std::uint32_t Network::Builder::floating_interface(const Address& address) const {
    const auto found = std::ranges::find(topology.floating, address, &FloatingAddress::address);
    return static_cast<std::uint32_t>(found == topology.floating.end() ? 1 : found->lan + 1);
}

void Network::raise_address(unsigned router, const Address& address) {
    const auto stack = built_->stack(router);
    // A router's own address may serve as a virtual one; it is there already.
    if (stack->GetInterfaceForAddress(to_ns3(address)) < 0) {
        auto floating = interface_address({address, 32});
        floating.SetSecondary();
        stack->AddAddress(built_->floating_interface(address), floating);
    }
}

void Network::lower_address(unsigned router, const Address& address) {
    const auto& r = built_->scenario.routers.at(router);
    const bool own = address == r.public_interface.address ||
                     (r.private_interface && address == r.private_interface->address);
    if (!own && has_address(router, address)) {
        built_->stack(router)->RemoveAddress(built_->floating_interface(address), to_ns3(address));
    }
}

bool Network::has_address(unsigned router, const Address& address) const {
    return built_->stack(router)->GetInterfaceForAddress(to_ns3(address)) >= 0;
}

void Network::announce_address(unsigned router, const Address& address) {
    const auto device = built_->stack(router)->GetNetDevice(built_->floating_interface(address));
    const auto mac = device->GetAddress();
    ns3::ArpHeader arp;
    arp.SetReply(mac, to_ns3(address), mac, to_ns3(address));
    auto packet = ns3::Create<ns3::Packet>(gratuitous_arp_padding);
    packet->AddHeader(arp);
    device->Send(packet, device->GetBroadcast(), ns3::ArpL3Protocol::PROT_NUMBER);
}

void Network::raise_floating_addresses(unsigned router) {
    for (unsigned i = 0; i < built_->routers.size(); ++i) {
        for (const auto& f : built_->topology.floating) {
            if (i == router) {
                raise_address(i, f.address);
            } else {
                lower_address(i, f.address);
            }
        }
    }
}

namespace {

std::vector<Ptr<EthernetPort>> ports_of(const Ptr<ns3::Node>& node) {
    std::vector<Ptr<EthernetPort>> ports;
    for (std::uint32_t i = 0; i < node->GetNDevices(); ++i) {
        if (auto port = ns3::DynamicCast<EthernetPort>(node->GetDevice(i))) {
            ports.push_back(port);
        }
    }
    return ports;
}

void capture(const Ptr<ns3::Node>& node, const std::string& folder) {
    for (const auto& port : ports_of(node)) {
        ns3::PcapHelper helper;
        port->capture_to(
            helper.CreateFile((std::filesystem::path(folder) / (port->name() + ".pcap")).string(),
                              std::ios::out, ns3::PcapHelper::DLT_EN10MB));
    }
}

}  // namespace

void Network::enable_pcap(const std::vector<std::string>& nodes, const std::string& folder) {
    const auto wanted = [&](const std::string& name) {
        return std::ranges::any_of(nodes,
                                   [&](const std::string& n) { return n == "all" || n == name; });
    };
    for (std::size_t i = 0; i < built_->counted.size(); ++i) {
        if (wanted(built_->counted_names[i])) {
            capture(built_->counted[i], folder);
        }
    }
    for (std::size_t g = 0; g < built_->clients.size(); ++g) {
        const auto& group = built_->scenario.clients[g].name;
        for (std::size_t i = 0; i < built_->clients[g].size(); ++i) {
            if (wanted(group) || wanted(group + "-" + std::to_string(i))) {
                capture(built_->clients[g][i], folder);
            }
        }
    }
}

const std::vector<std::string>& Network::counted_nodes() const {
    return built_->counted_names;
}

TrafficCounters Network::traffic(std::size_t counted_node) const {
    TrafficCounters sum;
    for (const auto& port : ports_of(built_->counted.at(counted_node))) {
        sum.received_packets += port->received_packets();
        sum.received_bytes += port->received_bytes();
        sum.sent_packets += port->sent_packets();
        sum.sent_bytes += port->sent_bytes();
    }
    return sum;
}

}  // namespace lvslab::packet_world
