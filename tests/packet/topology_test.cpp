// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/topology.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/packet/traffic.hpp"

namespace lvslab::packet_world::testing {

using world::listen_endpoints_of;
using world::Topology;
using world::topology_of;
namespace {

using config::NetworkType;

std::vector<std::string> listened(const scenario::Scenario& s, unsigned server, bool own = false) {
    std::vector<std::string> texts;
    for (const auto& l : listen_endpoints_of(s, server, own)) {
        texts.push_back(std::string(to_string(l.protocol)) + " " + l.endpoint.to_string());
    }
    return texts;
}

std::vector<std::string> floating(const Topology& t) {
    std::vector<std::string> texts;
    for (const auto& f : t.floating) {
        texts.push_back(f.address.to_string() + " on " + t.lans[f.lan].name);
    }
    return texts;
}

using Texts = std::vector<std::string>;

TEST(Topology, NatServersAnswerThroughTheFloatingAddressOfThePrivateNetwork) {
    const auto t = topology_of(cluster(NetworkType::nat, 2, 1));
    ASSERT_EQ(t.lans.size(), 2U);
    EXPECT_EQ(t.server_lan, (std::vector<std::size_t>{1, 1}));
    EXPECT_EQ(t.server_gateway[0].to_string(), "10.11.12.10");
    EXPECT_TRUE(t.lans[1].gateway.is_unspecified()) << "the clients' gateway is not on it";
    EXPECT_EQ(floating(t), (Texts{"192.168.26.10 on public", "10.11.12.10 on private"}));
}

TEST(Topology, NatServersAnswerThroughTheRouterItselfIfNoFloatingAddressIsSet) {
    auto s = cluster(NetworkType::nat, 1, 1);
    s.config.nat_router.reset();
    EXPECT_EQ(topology_of(s).server_gateway[0].to_string(), "10.11.12.9");
}

TEST(Topology, DirectRoutingServersAnswerThroughTheClientsGateway) {
    const auto t = topology_of(cluster(NetworkType::direct, 1, 1));
    EXPECT_EQ(t.server_lan[0], 0U);
    EXPECT_EQ(t.server_gateway[0].to_string(), "192.168.26.254");
    EXPECT_EQ(floating(t), (Texts{"192.168.26.10 on public"}));
}

TEST(Topology, ASiteOfItsOwnHasTheGatewayAtItsLastFreeAddress) {
    auto s = cluster(NetworkType::tunnel, 2, 1);
    s.servers[0].interface = *lvslab::Network::parse("10.51.0.11/24");
    s.servers[1].interface = *lvslab::Network::parse("10.52.0.254/24");
    const auto t = topology_of(s);
    ASSERT_EQ(t.lans.size(), 4U);
    EXPECT_EQ(t.lans[2].name, "10.51.0.0");
    EXPECT_FALSE(t.lans[2].has_routers);
    EXPECT_EQ(t.server_gateway[0].to_string(), "10.51.0.254");
    EXPECT_EQ(t.server_gateway[1].to_string(), "10.52.0.253");
}

TEST(Topology, MarkedDestinationsAreRoutedToTheServicesAddress) {
    auto s = cluster(NetworkType::nat, 1, 1);
    s.config.virtual_servers.resize(1);
    s.config.virtual_servers[0].fwmark = Fwmark{9};
    s.workloads.resize(1);
    s.workloads[0].destinations = {.network = *lvslab::Network::parse("203.0.113.0/24"),
                                   .port = Port{8080}};
    s.workloads[0].to = {*Address::parse("203.0.113.1"), Port{8080}};
    scenario::MarkRule rule;
    rule.destination = s.workloads[0].destinations->network;
    rule.mark = Fwmark{9};
    s.marks.push_back(rule);
    const auto t = topology_of(s);
    ASSERT_EQ(t.routed.size(), 1U);
    EXPECT_EQ(t.routed[0].network.to_string(), "203.0.113.0/24");
    EXPECT_EQ(t.routed[0].next_hop.to_string(), "192.168.26.10");
    // NAT keeps a marked packet's port; elsewhere any address of the range may come.
    EXPECT_EQ(listened(s, 0), (Texts{"tcp 10.11.12.1:8080"}));
    s.config.network = NetworkType::direct;
    EXPECT_EQ(listened(s, 0), (Texts{"tcp 0.0.0.0:8080"}));
}

TEST(Topology, ShopsServersListenOnEveryPortOfItsSessions) {
    auto s = cluster(NetworkType::nat, 1, 1);
    s.config.virtual_servers.resize(1);
    s.workloads.resize(1);
    s.workloads[0].kind = scenario::Workload::Kind::sessions;
    s.workloads[0].sessions.ports = {Port{80}, Port{443}};
    EXPECT_EQ(listened(s, 0), (Texts{"tcp 10.11.12.1:80"})) << "nothing leads to port 443";
    auto https = s.config.virtual_servers[0];
    https.port = Port{443};
    https.servers[0].port = Port{8443};
    s.config.virtual_servers.push_back(https);
    EXPECT_EQ(listened(s, 0), (Texts{"tcp 10.11.12.1:80", "tcp 10.11.12.1:8443"}));
    s.config.network = NetworkType::direct;
    EXPECT_EQ(listened(s, 0), (Texts{"tcp 192.168.26.10:80", "tcp 192.168.26.10:443"}));
}

TEST(Topology, MarkedSessionsKeepTheirPorts) {
    auto s = cluster(NetworkType::nat, 1, 1);
    s.config.virtual_servers.resize(1);
    s.config.virtual_servers[0].fwmark = Fwmark{80};
    s.workloads.resize(1);
    s.workloads[0].kind = scenario::Workload::Kind::sessions;
    s.workloads[0].sessions.ports = {Port{80}, Port{443}};
    scenario::MarkRule rule;
    rule.destination = lvslab::Network{s.workloads[0].to.address, 32};
    rule.mark = Fwmark{80};
    s.marks.push_back(rule);
    EXPECT_EQ(listened(s, 0), (Texts{"tcp 10.11.12.1:80", "tcp 10.11.12.1:443"}));
}

TEST(Topology, ABackupMayBeInOtherNetworks) {
    auto s = cluster(NetworkType::nat, 1, 1);
    s.routers.push_back(router("lvs2", "192.168.27.8/24", "10.11.13.8/24"));
    const auto t = topology_of(s);
    ASSERT_EQ(t.lans.size(), 4U);
    EXPECT_EQ(t.lans[0].name + " " + t.lans[1].name, "public private");
    EXPECT_EQ(t.router_lans[1].public_lan, 2U);
    EXPECT_EQ(t.router_lans[1].private_lan, 3U);
    EXPECT_EQ(t.lans[2].gateway.to_string(), "192.168.27.254") << "its way to the clients";
    Network network(s, {});
    EXPECT_TRUE(network.heartbeat_route(0, 1, Side::public_net).open);
    EXPECT_FALSE(network.heartbeat_route(0, 1, Side::private_net).open);
    network.raise_floating_addresses(1);
    EXPECT_TRUE(network.has_address(1, *Address::parse("192.168.26.10")));
}

TEST(Topology, AGatewayThatNobodyElseHasIsTheClientsGateways) {
    auto s = cluster(NetworkType::direct, 3, 1);
    s.servers[0].gateways = {*Address::parse("192.168.26.253")};
    s.servers[1].gateways = {*Address::parse("192.168.26.9")};
    const auto t = topology_of(s);
    EXPECT_EQ(t.server_gateway[0].to_string(), "192.168.26.253");
    EXPECT_EQ(t.server_gateway[1].to_string(), "192.168.26.9");
    EXPECT_EQ(t.server_gateway[2].to_string(), "192.168.26.254");
    ASSERT_EQ(t.lans[0].more_gateways.size(), 1U) << "a router's address is the router's";
    EXPECT_EQ(t.lans[0].more_gateways[0].to_string(), "192.168.26.253");
}

TEST(Topology, APairOfDataServersHasAnAddressThatMoves) {
    auto s = cluster(NetworkType::nat, 1, 1);
    scenario::DataServer db;
    db.name = "db";
    db.interface = *lvslab::Network::parse("10.11.12.50/24");
    db.standby = scenario::Standby{.interface = *lvslab::Network::parse("10.11.12.51/24")};
    s.data.push_back(db);
    Network network(s, {});
    const auto has = [&](unsigned node) {
        return network.data_server(0, node)->GetObject<ns3::Ipv4>()->GetInterfaceForAddress(
                   "10.11.12.50") > 0;
    };
    network.raise_data_address(0, 0);
    EXPECT_TRUE(has(0));
    network.crash({Machine::Kind::data_server, 0, 0});
    network.raise_data_address(0, 1);
    EXPECT_FALSE(has(0));
    EXPECT_TRUE(has(1));
}

TEST(ListenEndpoints, AreTheServersOwnUnderNatAndTheVirtualOnesOtherwise) {
    EXPECT_EQ(listened(cluster(NetworkType::nat, 2, 1), 1),
              (Texts{"tcp 10.11.12.2:80", "udp 10.11.12.2:80"}));
    for (const auto type : {NetworkType::direct, NetworkType::tunnel}) {
        EXPECT_EQ(listened(cluster(type, 2, 1), 1),
                  (Texts{"tcp 192.168.26.10:80", "udp 192.168.26.10:80"}));
    }
}

TEST(ListenEndpoints, BehindAPlainRouterAreTheServersOwn) {
    EXPECT_EQ(listened(cluster(NetworkType::direct, 2, 1), 1, true),
              (Texts{"tcp 192.168.26.102:80", "udp 192.168.26.102:80"}));
}

TEST(ListenEndpoints, AreThoseOfTheServicesThatTheServerIsIn) {
    auto s = cluster(NetworkType::nat, 2, 1);
    s.config.virtual_servers[1].servers.resize(1);
    EXPECT_EQ(listened(s, 1), (Texts{"tcp 10.11.12.2:80"}));
    // An inactive one may join later.
    s.config.virtual_servers[0].servers[1].active = false;
    EXPECT_EQ(listened(s, 1), (Texts{"tcp 10.11.12.2:80"}));
}

TEST(ListenEndpoints, OfASorryServerAreThoseOfItsService) {
    auto s = cluster(NetworkType::nat, 2, 1);
    for (auto& v : s.config.virtual_servers) {
        v.servers.resize(1);
    }
    EXPECT_EQ(listened(s, 1), Texts{});
    s.config.virtual_servers[0].sorry_server = s.servers[1].interface.address;
    EXPECT_EQ(listened(s, 1), (Texts{"tcp 10.11.12.2:80"}));
}

}  // namespace
}  // namespace lvslab::packet_world::testing
