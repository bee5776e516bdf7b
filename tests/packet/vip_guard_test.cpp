// SPDX-License-Identifier: GPL-2.0-only
// How direct-routing servers take packets for the virtual address: the ARP problem and its cures;
// gateways, forwarding, and what a packet costs.
#include <gtest/gtest.h>

#include "sim/packet/neighbour.hpp"
#include "sim/packet/packet_cpu.hpp"
#include "sim/packet/routing_hook.hpp"
#include "tests/packet/cluster_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using scenario::VipGuard;

constexpr Machine the_gateway{Machine::Kind::gateway};

scenario::Scenario guarded(VipGuard guard, unsigned servers = 2) {
    auto s = cluster(NetworkType::direct, servers, 4);
    for (auto& server : s.servers) {
        server.vip = server.vip_at_boot = guard;
    }
    return s;
}

bool gateway_knows_the_router(const ClusterRun& run) {
    const auto* entry = run.network.neighbour(the_gateway, vip.address);
    return entry != nullptr && entry->mac() == run.network.router(0)->GetDevice(1)->GetAddress();
}

class Cures : public ::testing::TestWithParam<VipGuard> {};

TEST_P(Cures, LeaveTheVirtualAddressToTheRouter) {
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        ClusterRun run(guarded(GetParam()), 1'000);
        run.ask_evenly(40, protocol, 0.5);
        run.go(40);
        EXPECT_EQ(run.served(1'000), 40U);
        EXPECT_EQ(run.decisions_per_server(), (std::vector<unsigned>{20, 20}));
        EXPECT_TRUE(gateway_knows_the_router(run));
    }
}

INSTANTIATE_TEST_SUITE_P(VipGuard, Cures,
                         ::testing::Values(VipGuard::loopback, VipGuard::arptables,
                                           VipGuard::redirect));

TEST(ArpProblem, AServerThatAnswersForTheVirtualAddressTakesItFromTheRouter) {
    unsigned stolen = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        auto s = guarded(VipGuard::loopback, 3);
        s.servers[1].vip = VipGuard::unprotected;
        ClusterRun run(s, 1'000, seed);
        run.ask_evenly(40, Protocol::udp, 0.5);
        run.go(40);
        EXPECT_EQ(run.served(1'000), 40U) << "they are answered all the same";
        const auto decisions = run.decisions_per_server();
        stolen += decisions[0] + decisions[1] + decisions[2] < 40 ? 1U : 0U;
    }
    EXPECT_GT(stolen, 0U) << "connections that the router never saw";
}

TEST(VipGuard, AServerWithoutTheAddressDropsWhatIsForIt) {
    auto s = guarded(VipGuard::loopback);
    s.servers[0].vip = VipGuard::none;
    ClusterRun run(s, 1'000);
    run.ask_evenly(20, Protocol::udp);
    run.go();
    EXPECT_EQ(run.served(1'000), 10U);
    EXPECT_LT(ns3::Simulator::GetEventCount(), 2'000U) << "packets go round in circles";
}

TEST(VipGuard, ARestartedServerHasWhatItHasAtBoot) {
    auto s = guarded(VipGuard::arptables, 1);
    s.servers[0].vip_at_boot = VipGuard::none;
    ClusterRun run(s, 1'000);
    run.ask_evenly(20, Protocol::udp, 0.1);
    ns3::Simulator::Schedule(ns3::Seconds(0.95), [&] {
        run.network.restart({Machine::Kind::server, 0});
    });
    run.go();
    EXPECT_EQ(run.served(1'000), 10U);
}

TEST(Redirect, CannotTellTwoServicesWithOnePortApart) {
    auto s = guarded(VipGuard::redirect, 1);
    auto second = s.config.virtual_servers[0];
    second.name = "shop";
    second.address = *Address::parse("192.168.26.11");
    s.config.virtual_servers.push_back(second);
    auto workload = s.workloads[0];
    workload.to.address = second.address;
    s.workloads.push_back(workload);
    const auto tcp_sockets = [&](VipGuard guard) {
        s.servers[0].vip = guard;
        Network network(s, {});
        return std::ranges::count(network.listen_endpoints(0), Protocol::tcp,
                                  &ListenEndpoint::protocol);
    };
    EXPECT_EQ(tcp_sockets(VipGuard::loopback), 2);
    EXPECT_EQ(tcp_sockets(VipGuard::redirect), 1);
}

TEST(Forwarding, ARouterWithoutItPassesRequestsButNotNatsReplies) {
    for (const auto type : {NetworkType::nat, NetworkType::direct}) {
        auto s = cluster(type, 2, 4);
        s.routers[0].running.ip_forward = false;
        ClusterRun run(s, 1'000);
        run.ask_evenly(20, Protocol::udp);
        run.go();
        EXPECT_EQ(run.director.counters().forwarded, 20U);
        EXPECT_EQ(run.served(1'000), type == NetworkType::nat ? 0U : 20U);
        EXPECT_EQ(run.network.hook(0).not_forwarded(), type == NetworkType::nat ? 20U : 0U);
    }
}

TEST(Gateways, ANatServerWithAnotherGatewayAnswersPastTheRouter) {
    auto s = cluster(NetworkType::nat, 2, 4);
    s.servers[1].gateways = {*Address::parse("10.11.12.253")};
    ClusterRun run(s, 1'000);
    run.ask_evenly(20, Protocol::tcp);
    run.go();
    EXPECT_EQ(run.served(1'000), 10U);
}

TEST(Gateways, AServerWithTwoUsesTheFirstUntilItIsDead) {
    auto s = cluster(NetworkType::direct, 1, 4);
    s.servers[0].gateways = {*Address::parse("192.168.26.77"), s.gateway};
    s.routers.push_back(router("lvs2", "192.168.26.77/24", "10.11.12.8/24"));
    ClusterRun run(s, 1'000);
    run.ask_evenly(40, Protocol::udp, 0.5);
    run.network.crash({Machine::Kind::router, 1});
    run.go(60);
    // Three requests for the dead one's address, one second apart; what waited for it is lost.
    EXPECT_GE(run.served(1'000), 33U);
    EXPECT_LT(run.served(1'000), 40U);
    const auto* dead = run.network.neighbour({Machine::Kind::server, 0}, s.servers[0].gateways[0]);
    ASSERT_NE(dead, nullptr);
    EXPECT_EQ(dead->state(Time{std::chrono::seconds(60)}), NeighbourState::failed);
}

TEST(PacketCpu, HandlesOnePacketAfterTheOtherAndDropsWhatFindsItFull) {
    using std::chrono::microseconds;
    PacketCpu cpu(microseconds(60));
    EXPECT_EQ(cpu.handle(Time{}), Time{microseconds(60)});
    EXPECT_EQ(cpu.handle(Time{}), Time{microseconds(120)});
    EXPECT_EQ(cpu.handle(Time{microseconds(500)}), Time{microseconds(560)});
    unsigned taken = 0;
    while (cpu.handle(Time{std::chrono::seconds(1)}) != never) {
        ++taken;
    }
    EXPECT_EQ(taken, PacketCpu::backlog);
    EXPECT_EQ(cpu.dropped(), 1U);
}

/// 536 bytes each 60 us: 8.93 MB/s go through NAT at the most (facts of Zhang's measurement), which
/// is 22 servers of 0.4 MB/s or 14.9 of 0.6 MB/s.
TEST(NatBottleneck, IsWhatAPacketCosts) {
    auto s = cluster(NetworkType::nat, 4, 1);
    s.clients[0].link = {};
    s.routers[0].packet_cost = std::chrono::microseconds(60);
    constexpr unsigned response = 536 - 28;
    ClusterRun run(s, response);
    // Requests are packets too: as many again, of no use to anyone here. 20 000 a second are more
    // than 1 s / 60 us = 16 667.
    constexpr unsigned asked = 10'000;
    run.ask_evenly(asked, Protocol::udp, 1.0 / 10'000);
    run.go(1.5);
    const auto handled = 2.0 * run.served(response);
    EXPECT_GT(run.network.backlog_dropped({Machine::Kind::router, 0}), 0U);
    const double megabytes = 16'667 * 536 / 1e6;
    EXPECT_NEAR(handled * 536 / 1e6, megabytes, 0.15 * megabytes);
    EXPECT_EQ(static_cast<int>(megabytes / 0.4), 22);
}

}  // namespace
}  // namespace lvslab::packet_world::testing
