// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/network.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "sim/packet/addresses.hpp"
#include "sim/packet/ip_in_ip.hpp"
#include "sim/packet/network_builder.hpp"
#include "sim/packet/ns3_defaults.hpp"

namespace lvslab::packet_world {
namespace {

using ns3::Ptr;

/// No limit, no delay: a port inside the gateway's box.
constexpr scenario::Link inside{BitRate{0}, Duration{}, 0};

}  // namespace

std::vector<Ptr<EthernetPort>> ports_of(const Ptr<ns3::Node>& node) {
    std::vector<Ptr<EthernetPort>> ports;
    for (std::uint32_t i = 0; i < node->GetNDevices(); ++i) {
        if (auto port = ns3::DynamicCast<EthernetPort>(node->GetDevice(i))) {
            ports.push_back(port);
        }
    }
    return ports;
}

void Network::Builder::build_gateways() {
    for (unsigned node = 0; node < (scenario.gateway_standby ? 2U : 1U); ++node) {
        build_gateway(node);
    }
}

void Network::Builder::build_gateway(unsigned node) {
    const std::string name = node == 0 ? "gateway" : "gateway-standby";
    const auto& gateway = gateway_nodes.emplace_back(new_node(name, Routing::plain, false));
    gateway_interface_.resize(lans.size());
    for (std::size_t i = 0; i < lans.size(); ++i) {
        const auto& lan = topology.lans[i];
        if (lan.gateway.is_unspecified()) {
            continue;
        }
        const bool shared = !lan.gateway_nodes.empty();
        gateway_interface_[i] = plug(gateway, lans[i], name + "-" + lan.name, scenario::Link{},
                                     lvslab::Network{shared ? lan.gateway_nodes[node] : lan.gateway,
                                                     lan.network.prefix_length});
        for (const auto& address : shared ? std::vector<Address>{} : lan.more_gateways) {
            auto further = interface_address({address, lan.network.prefix_length});
            further.SetSecondary();
            gateway->GetObject<ns3::Ipv4>()->AddAddress(gateway_interface_[i], further);
        }
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
    for (unsigned node = 0; node < gateway_nodes.size(); ++node) {
        const auto interface = plug_hub(node, star, group, hub);
        if (node == 0) {
            hub_interface_.push_back(interface);
        }
    }
    const auto hub_interface = hub_interface_.back();
    auto& nodes = clients.emplace_back();
    for (unsigned i = 0; i < group.count; ++i) {
        const auto name = group.name + "-" + std::to_string(i);
        const auto address = scenario::client_address(group, i);
        auto node = new_node(name, Routing::plain, false);
        const auto interface = plug(node, star, name, group.link,
                                    lvslab::Network{address, group.network.prefix_length});
        const auto stack = node->GetObject<ns3::Ipv4L3Protocol>();
        const auto mac_of = [](const Ptr<ns3::Ipv4L3Protocol>& host, std::uint32_t number) {
            return host->GetNetDevice(number)->GetAddress();
        };
        add_neighbour(stack, interface, hub.address,
                      mac_of(gateway_nodes[0]->GetObject<ns3::Ipv4L3Protocol>(), hub_interface));
        for (const auto& gateway : gateway_nodes) {
            add_neighbour(gateway->GetObject<ns3::Ipv4L3Protocol>(), hub_interface, address,
                          mac_of(stack, interface));
        }
        static_routes(node)->SetDefaultRoute(to_ns3(hub.address), interface);
        nodes.push_back(node);
    }
}

/// A node of a pair has no address of its own among the clients: it asks for nobody there.
std::uint32_t Network::Builder::plug_hub(unsigned node, const Ptr<EthernetSwitch>& star,
                                         const scenario::ClientGroup& group,
                                         const lvslab::Network& hub) {
    const std::string name = node == 0 ? "gateway-" : "gateway-standby-";
    if (gateway_nodes.size() == 1) {
        return plug(gateway_nodes[node], star, name + group.name, inside, hub);
    }
    const auto interface = plug(gateway_nodes[node], star, name + group.name, inside, std::nullopt);
    static_routes(gateway_nodes[node])
        ->AddNetworkRouteTo(to_ns3(hub.base()), mask_of(hub.prefix_length), interface);
    return interface;
}

void Network::Builder::build_routers() {
    const auto routing = options.plain_router ? Routing::plain : Routing::hooked;
    for (std::size_t i = 0; i < scenario.routers.size(); ++i) {
        const auto& r = scenario.routers[i];
        const auto& place = topology.router_lans[i];
        auto node = new_node(r.name, routing, false);
        const auto& home = topology.lans[place.public_lan];
        plug(node, lans[place.public_lan], r.name + "-" + home.name, r.public_link,
             r.public_interface);
        if (place.private_lan) {
            plug(node, lans[*place.private_lan],
                 r.name + "-" + topology.lans[*place.private_lan].name, r.private_link,
                 *r.private_interface);
        }
        for (const auto& group : scenario.clients) {
            add_route(node, group.network, home.gateway, 1);
        }
        for (std::size_t lan = 0; lan < topology.lans.size(); ++lan) {
            if (lan != place.public_lan && lan != place.private_lan &&
                !topology.lans[lan].gateway.is_unspecified()) {
                add_route(node, topology.lans[lan].network, home.gateway, 1);
            }
        }
        limit_packets(node, r.packet_cost);
        if (!options.plain_router) {
            hooks.push_back(
                ns3::DynamicCast<RoutingHook>(node->GetObject<ns3::Ipv4>()->GetRoutingProtocol()));
            hooks.back()->set_forwarding(r.running.ip_forward);
            std::vector<lvslab::Network> routed;
            for (const auto& n : topology.routed) {
                routed.push_back(n.network);
            }
            hooks.back()->set_local_networks(std::move(routed));
        }
        routers.push_back(node);
        count(r.name, node);
    }
}

void Network::Builder::limit_packets(const Ptr<ns3::Node>& node, Duration cost) {
    if (cost != Duration{}) {
        const auto cpu = std::make_shared<PacketCpu>(cost);
        for (const auto& port : ports_of(node)) {
            port->set_cpu(cpu);
        }
    }
}

void Network::Builder::build_servers() {
    for (std::size_t i = 0; i < scenario.servers.size(); ++i) {
        build_server(i);
    }
    count("gateway", gateway_nodes[0]);
    if (gateway_nodes.size() > 1) {
        count("gateway standby", gateway_nodes[1]);
    }
}

void Network::Builder::build_server(std::size_t index) {
    const auto& server = scenario.servers[index];
    const auto lan = topology.server_lan[index];
    auto node = new_node(server.name, Routing::hooked, true);
    plug(node, lans[lan], server.name, server.link, server.interface);
    limit_packets(node, server.packet_cost);
    const auto stack = node->GetObject<ns3::Ipv4L3Protocol>();
    ns3::DynamicCast<RoutingHook>(stack->GetRoutingProtocol())->set_forwarding(server.ip_forward);
    auto gateways = server.gateways;
    if (gateways.empty()) {
        gateways.push_back(topology.server_gateway[index]);
    }
    // Behind a plain router replies take the way that they take with the director.
    if (options.plain_router && scenario.config.network == config::NetworkType::nat) {
        const auto& router = scenario.routers.front();
        gateways = {lan == 0 ? router.public_interface.address : router.private_interface->address};
    }
    set_default_gateways(node, std::move(gateways));
    servers.push_back(node);
    guarded.emplace_back();
    count(server.name, node);
    if (scenario.config.network == config::NetworkType::nat) {
        return;
    }
    if (scenario.config.network == config::NetworkType::tunnel) {
        const auto receiver = ns3::CreateObject<IpInIpReceiver>(stack);
        stack->Insert(receiver);
    }
    guard(index, server.vip);
}

namespace {

void set_default_route(const Ptr<ns3::Node>& node, const Address& gateway) {
    const auto routes = static_routes(node);
    for (std::uint32_t i = routes->GetNRoutes(); i-- > 0;) {
        const auto route = routes->GetRoute(i);
        if (route.IsDefault()) {
            routes->RemoveRoute(i);
        }
    }
    routes->SetDefaultRoute(to_ns3(gateway), 1);
}

}  // namespace

/// The first one is used until it does not answer ARP any more, then the next, and so on round
/// (fib_select_default, as far as its rules show with equal metrics).
void Network::Builder::set_default_gateways(const Ptr<ns3::Node>& node,
                                            std::vector<Address> gateways) {
    set_default_route(node, gateways.front());
    if (gateways.size() == 1) {
        return;
    }
    const auto port = ports_of(node).front();
    port->neighbours().on_failed(
        [node, gateways = std::move(gateways), now = std::size_t{0}](ns3::Ipv4Address a) mutable {
            if (from_ns3(a) == gateways[now]) {
                now = (now + 1) % gateways.size();
                set_default_route(node, gateways[now]);
            }
        });
}

void Network::Builder::build_data_servers() {
    for (std::size_t i = 0; i < scenario.data.size(); ++i) {
        const auto& server = scenario.data[i];
        const auto& place = topology.data[i];
        auto& nodes = data.emplace_back();
        for (std::size_t n = 0; n < place.lans.size(); ++n) {
            const auto name = server.name + (n == 0 ? "" : "-standby");
            auto node = new_node(name, Routing::hooked, false);
            plug(node, lans[place.lans[n]], name, server.link, place.interfaces[n]);
            if (!place.gateway.is_unspecified()) {
                set_default_route(node, place.gateway);
            }
            nodes.push_back(node);
            count(server.name + (n == 0 ? "" : " standby"), node);
        }
    }
}

std::vector<lvslab::Network> Network::Builder::virtual_networks() const {
    std::vector<lvslab::Network> networks;
    for (const auto& address : topology.virtual_addresses) {
        networks.push_back({address, 32});
    }
    for (const auto& r : topology.routed) {
        networks.push_back(r.network);
    }
    return networks;
}

void Network::Builder::guard(std::size_t server, scenario::VipGuard how) {
    using scenario::VipGuard;
    auto& guarded_now = guarded[server];
    const auto stack = servers[server]->GetObject<ns3::Ipv4L3Protocol>();
    const auto hook = ns3::DynamicCast<RoutingHook>(stack->GetRoutingProtocol());
    const auto port = ports_of(servers[server]).front();
    ArpPolicy policy;
    const bool silent = how == VipGuard::loopback;
    policy.own_interface_only = policy.own_name_only = silent;
    const bool alias = silent || how == VipGuard::arptables || how == VipGuard::unprotected;
    for (const auto& address : topology.virtual_addresses) {
        for (const std::uint32_t interface : {0U, 1U}) {
            stack->RemoveAddress(interface, to_ns3(address));
        }
        if (alias) {
            auto virtual_address = interface_address({address, 32});
            virtual_address.SetSecondary();
            stack->AddAddress(silent ? 0 : 1, virtual_address);
        }
        if (how == VipGuard::arptables) {
            policy.hidden.push_back(to_ns3(address));
        }
    }
    hook->set_filter(nullptr);
    port->set_leaving(nullptr);
    guarded_now = {.how = how, .local_networks = nullptr, .redirect = nullptr};
    if (how == VipGuard::redirect) {
        guarded_now.redirect = std::make_unique<Redirect>(
            stack, scenario.servers[server].interface.address, virtual_networks());
        hook->set_filter(guarded_now.redirect.get());
        hook->set_local_networks(virtual_networks());
        port->set_leaving(guarded_now.redirect.get());
    } else if (alias && !topology.routed.empty()) {
        guarded_now.local_networks = std::make_unique<LocalNetworks>(stack, virtual_networks());
        hook->set_filter(guarded_now.local_networks.get());
        hook->set_local_networks(virtual_networks());
    } else {
        hook->set_local_networks({});
    }
    port->neighbours().set_policy(std::move(policy));
}

/// Where a server may answer for a virtual address too, the order of the answers is chance.
void Network::Builder::delay_answers_where_two_may_answer() {
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const auto& server = scenario.servers[i];
        if (server.vip != scenario::VipGuard::unprotected &&
            server.vip_at_boot != scenario::VipGuard::unprotected) {
            continue;
        }
        const auto& lan = lans[topology.server_lan[i]];
        for (std::size_t p = 0; p < lan->GetNDevices(); ++p) {
            ns3::DynamicCast<EthernetPort>(lan->GetDevice(p))->neighbours().answer_with_delay();
        }
    }
}

void Network::Builder::route_gateway(const Ptr<ns3::Node>& gateway) {
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
    raise_gateway_addresses(0);
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
Ptr<ns3::Node> Network::data_server(unsigned index, unsigned node) const {
    return built_->data.at(index).at(node);
}
Ptr<ns3::Node> Network::gateway(unsigned node) const {
    return built_->gateway_nodes.at(node);
}
const Topology& Network::topology() const {
    return built_->topology;
}
std::vector<ListenEndpoint> Network::listen_endpoints(unsigned server) const {
    return world::listen_endpoints_of(built_->scenario, server, built_->options.plain_router,
                                      built_->guarded.at(server).how);
}
RoutingHook& Network::hook(unsigned router) const {
    return *built_->hooks.at(router);
}
namespace {

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
