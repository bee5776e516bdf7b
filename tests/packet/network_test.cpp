// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/network.hpp"

#include <gtest/gtest.h>

#include <tuple>

#include "sim/packet/neighbour.hpp"
#include "tests/packet/cluster_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;

class EveryForwardingMethod : public ::testing::TestWithParam<std::tuple<NetworkType, Protocol>> {};

TEST_P(EveryForwardingMethod, ServesEveryConnectionAndSpreadsThem) {
    const auto [type, protocol] = GetParam();
    const std::uint32_t response = protocol == Protocol::tcp ? 10'000 : 1'000;
    ClusterRun run(cluster(type, 4, 10), response);
    run.ask_evenly(100, protocol);
    run.go();
    EXPECT_EQ(run.served(response), 100U);
    EXPECT_EQ(run.decisions_per_server(), (std::vector<unsigned>{25, 25, 25, 25}));
}

TEST_P(EveryForwardingMethod, CarriesRequestsAndResponsesOfManyPackets) {
    const auto [type, protocol] = GetParam();
    // UDP: one datagram in fragments each way. TCP: a stream each way.
    const std::uint32_t size = protocol == Protocol::tcp ? 200'000 : 8'000;
    ClusterRun run(cluster(type, 2, 4), size);
    for (unsigned i = 0; i < 8; ++i) {
        run.ask(i % 4, protocol, vip, 0.1 * i, protocol == Protocol::tcp ? 1'400 : size);
    }
    run.go();
    EXPECT_EQ(run.served(size), 8U);
    EXPECT_EQ(run.decisions_per_server(), (std::vector<unsigned>{4, 4}));
}

INSTANTIATE_TEST_SUITE_P(Network, EveryForwardingMethod,
                         ::testing::Combine(::testing::Values(NetworkType::nat, NetworkType::direct,
                                                              NetworkType::tunnel),
                                            ::testing::Values(Protocol::tcp, Protocol::udp)),
                         [](const auto& instance) {
                             const auto type = std::get<0>(instance.param);
                             return std::string(type == NetworkType::nat      ? "nat_"
                                                : type == NetworkType::direct ? "direct_"
                                                                              : "tunnel_") +
                                    std::string(to_string(std::get<1>(instance.param)));
                         });

TEST(Network, ServesEveryTcpConnectionOverLinksThatLosePackets) {
    for (const auto type : {NetworkType::nat, NetworkType::direct, NetworkType::tunnel}) {
        auto scenario = cluster(type, 2, 10);
        scenario.clients[0].link.loss = 0.02;
        scenario.servers[0].link.loss = 0.01;
        ClusterRun run(scenario, 20'000);
        run.ask_evenly(100, Protocol::tcp);
        run.go(60);
        EXPECT_EQ(run.served(20'000), 100U);
    }
}

TEST(Network, UnderNatTheRoutersSendTheResponsesAndWithDirectRoutingTheyDoNot) {
    const auto router_sent = [](NetworkType type) {
        ClusterRun run(cluster(type, 2, 4), 500'000);
        run.ask_evenly(20, Protocol::tcp, 0.2);
        run.go(20);
        EXPECT_EQ(run.served(500'000), 20U);
        return run.traffic("lvs1").sent_bytes;
    };
    const auto nat = router_sent(NetworkType::nat);
    const auto direct = router_sent(NetworkType::direct);
    EXPECT_GT(nat, 20U * 500'000U);
    // Requests and acknowledgements only.
    EXPECT_LT(direct, nat / 10);
}

TEST(Network, ARealServersApplicationMayListenOnAnotherPortUnderNat) {
    auto scenario = cluster(NetworkType::nat, 2, 4);
    for (auto& v : scenario.config.virtual_servers) {
        v.servers[1].port = Port{8080};
    }
    ClusterRun run(scenario, 5'000);
    EXPECT_EQ(run.network.listen_endpoints(1).at(0).endpoint.to_string(), "10.11.12.2:8080");
    run.ask_evenly(20, Protocol::tcp);
    run.go();
    EXPECT_EQ(run.served(5'000), 20U);
    EXPECT_EQ(run.decisions_per_server(), (std::vector<unsigned>{10, 10}));
}

TEST(Network, ATunnelReachesServersInNetworksOfTheirOwn) {
    auto scenario = cluster(NetworkType::tunnel, 2, 4);
    for (unsigned i = 0; i < 2; ++i) {
        const auto site = lvslab::Network::parse("10." + std::to_string(51 + i) + ".0.11/24");
        scenario.servers[i].interface = *site;
        scenario.servers[i].link.delay = std::chrono::milliseconds(4);
        for (auto& v : scenario.config.virtual_servers) {
            v.servers[i].address = site->address;
        }
    }
    ClusterRun run(scenario, 10'000);
    run.ask_evenly(20, Protocol::tcp);
    run.go();
    EXPECT_EQ(run.served(10'000), 20U);
    EXPECT_EQ(run.decisions_per_server(), (std::vector<unsigned>{10, 10}));
}

TEST(Network, TheGatewayLearnsTheVirtualAddressFromTheRouterAlone) {
    ClusterRun run(cluster(NetworkType::direct, 4, 2), 1'000);
    run.ask_evenly(4, Protocol::tcp);
    run.go();
    const auto* entry = run.network.neighbour({Machine::Kind::gateway}, vip.address);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->mac(), run.network.router(0)->GetDevice(1)->GetAddress());
}

TEST(Network, FloatingAddressesMoveTogether) {
    auto scenario = cluster(NetworkType::nat, 2, 1);
    scenario.routers.push_back(router("lvs2", "192.168.26.8/24", "10.11.12.8/24"));
    Network network(scenario, {});
    const auto has = [&](unsigned router, const char* address) {
        return network.router(router)->GetObject<ns3::Ipv4>()->GetInterfaceForAddress(address) > 0;
    };
    for (const auto* floating : {"192.168.26.10", "10.11.12.10"}) {
        EXPECT_TRUE(has(0, floating));
        EXPECT_FALSE(has(1, floating));
    }
    network.raise_floating_addresses(1);
    for (const auto* floating : {"192.168.26.10", "10.11.12.10"}) {
        EXPECT_FALSE(has(0, floating));
        EXPECT_TRUE(has(1, floating));
    }
    EXPECT_TRUE(has(0, "192.168.26.9"));
}

TEST(Network, ARouterMayHaveOneFloatingAddressWithoutTheOthers) {
    auto scenario = cluster(NetworkType::nat, 2, 1);
    scenario.routers.push_back(router("lvs2", "192.168.26.8/24", "10.11.12.8/24"));
    Network network(scenario, {});
    network.raise_address(1, vip.address);
    network.raise_address(1, vip.address);
    EXPECT_TRUE(network.has_address(0, vip.address)) << "two owners: a split brain";
    EXPECT_TRUE(network.has_address(1, vip.address));
    EXPECT_FALSE(network.has_address(1, *scenario.config.nat_router));
    network.lower_address(0, vip.address);
    network.lower_address(0, vip.address);
    network.lower_address(0, scenario.routers[0].public_interface.address);
    EXPECT_FALSE(network.has_address(0, vip.address));
    EXPECT_TRUE(network.has_address(0, *scenario.config.nat_router));
    EXPECT_TRUE(network.has_address(0, scenario.routers[0].public_interface.address));
}

TEST(Network, ARunIsAFunctionOfItsSeed) {
    const auto traffic = [](std::uint64_t seed) {
        auto scenario = cluster(NetworkType::nat, 2, 4);
        scenario.clients[0].link.loss = 0.05;
        ClusterRun run(scenario, 50'000, seed);
        run.ask_evenly(40, Protocol::tcp);
        run.go(30);
        const auto t = run.traffic("lvs1");
        return std::tuple(t.received_packets, t.received_bytes, t.sent_packets, t.sent_bytes,
                          ns3::Simulator::GetEventCount());
    };
    EXPECT_EQ(traffic(1), traffic(1));
    EXPECT_NE(traffic(1), traffic(2));
}

TEST(Network, MoreServersDoNotChangeWhichPacketsAClientsLinkLoses) {
    const auto received_by_gateway = [](unsigned servers) {
        auto scenario = cluster(NetworkType::nat, servers, 2);
        scenario.clients[0].link.loss = 0.2;
        // The service has the first server alone, in any case.
        for (auto& v : scenario.config.virtual_servers) {
            v.servers.resize(1);
        }
        ClusterRun run(scenario, 1'000);
        run.ask_evenly(40, Protocol::udp, 0.05);
        run.go();
        return run.served(1'000);
    };
    const auto served = received_by_gateway(1);
    EXPECT_LT(served, 40U);
    EXPECT_EQ(served, received_by_gateway(5));
}

TEST(Network, BehindAPlainRouterClientsReachTheServersOwnAddresses) {
    for (const auto type : {NetworkType::nat, NetworkType::direct}) {
        const auto scenario = cluster(type, 2, 2);
        Network network(scenario, {.seed = 1, .plain_router = true});
        std::vector<std::unique_ptr<AnsweringServer>> servers;
        std::vector<std::unique_ptr<AskingClient>> clients;
        for (unsigned i = 0; i < 2; ++i) {
            servers.push_back(std::make_unique<AnsweringServer>(network, i, 10'000));
            clients.push_back(std::make_unique<AskingClient>(
                network.client(0, i), Protocol::tcp,
                Endpoint{scenario.servers[i].interface.address, Port{80}}, ns3::Seconds(1), 100));
        }
        ns3::Simulator::Stop(ns3::Seconds(10));
        ns3::Simulator::Run();
        for (const auto& client : clients) {
            EXPECT_EQ(client->received_bytes, 10'000U);
        }
        EXPECT_GT(network.traffic(0).sent_packets, 0U) << "the router was passed by";
    }
}

}  // namespace
}  // namespace lvslab::packet_world::testing
