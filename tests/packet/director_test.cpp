// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/director.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/packet/packet.hpp"
#include "sim/packet/clock.hpp"
#include "tests/packet/cluster_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using scenario::MembershipChange;
using std::chrono::seconds;

/// Every TCP or UDP packet that a router's IP layer receives.
class Tap {
public:
    explicit Tap(const ns3::Ptr<ns3::Node>& router) {
        router->GetObject<ns3::Ipv4L3Protocol>()->TraceConnectWithoutContext(
            "Rx", ns3::MakeCallback(&Tap::see, this));
    }
    struct Seen {
        Time at;
        packet::Flow flow;
    };
    std::vector<Seen> seen;

private:
    void see(ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv4>, std::uint32_t) {
        std::vector<std::uint8_t> bytes(packet->GetSize());
        packet->CopyData(bytes.data(), packet->GetSize());
        if (const auto flow = packet::flow_of(bytes)) {
            seen.push_back({now(), *flow});
        }
    }
};

/// What a fresh core::Ipvs decides when it is given the same packets.
std::vector<Endpoint> replayed_decisions(const scenario::Scenario& s,
                                         const std::vector<Tap::Seen>& packets) {
    ipvs::Ipvs ipvs;
    for (const auto& service : router::desired_services(s.config)) {
        ipvs.add_service(service.key, service.settings, Time{});
        for (const auto& d : service.destinations) {
            ipvs.add_destination(service.key, d.endpoint, d.settings, Time{});
        }
    }
    std::vector<Endpoint> chosen;
    for (const auto& p : packets) {
        const bool reply = p.flow.destination != vip;
        const auto verdict = ipvs.step(
            {.direction = reply ? ipvs::Direction::from_server : ipvs::Direction::from_client,
             .protocol = p.flow.protocol,
             .source = p.flow.source,
             .destination = p.flow.destination,
             .flags = static_cast<ipvs::TcpFlags>(p.flow.tcp_flags),
             .mark = {}},
            p.at);
        if (verdict.origin == ipvs::Origin::scheduled) {
            chosen.push_back(verdict.server);
        }
    }
    return chosen;
}

class DecisionsOfEveryMethod : public ::testing::TestWithParam<NetworkType> {};

TEST_P(DecisionsOfEveryMethod, AreThoseOfIpvsGivenTheSamePackets) {
    auto scenario = cluster(GetParam(), 4, 20);
    for (auto& v : scenario.config.virtual_servers) {
        v.scheduler = "wlc";
        v.servers[1].weight = Weight{3};
    }
    ClusterRun run(scenario, 30'000);
    Tap tap(run.network.router(0));
    run.ask_evenly(300, Protocol::tcp, 0.003);
    run.ask_evenly(50, Protocol::udp, 0.01);
    run.go();
    std::vector<Endpoint> decided;
    for (const auto& d : run.recorder.all<journal::Decision>()) {
        ASSERT_NE(d.server, journal::no_index);
        decided.push_back({scenario.servers[d.server].interface.address, Port{80}});
    }
    EXPECT_EQ(decided.size(), 350U);
    EXPECT_EQ(decided, replayed_decisions(scenario, tap.seen));
}

INSTANTIATE_TEST_SUITE_P(Director, DecisionsOfEveryMethod,
                         ::testing::Values(NetworkType::nat, NetworkType::direct,
                                           NetworkType::tunnel));

TEST(Director, RefusesByIcmpWhenThereIsNoServer) {
    auto scenario = cluster(NetworkType::nat, 1, 2);
    for (auto& v : scenario.config.virtual_servers) {
        v.servers[0].active = false;
    }
    ClusterRun run(scenario, 1'000);
    const auto& by_tcp = run.ask(0, Protocol::tcp, vip, 1);
    const auto& by_udp = run.ask(1, Protocol::udp, vip, 1);
    run.go(1.5);
    EXPECT_TRUE(by_tcp.unreachable);
    EXPECT_TRUE(by_udp.unreachable);
    EXPECT_EQ(run.director.counters().rejected, 2U);
    const auto decisions = run.recorder.all<journal::Decision>();
    ASSERT_EQ(decisions.size(), 2U);
    EXPECT_EQ(decisions[0].server, journal::no_index);
    EXPECT_EQ(decisions[0].virtual_endpoint, vip);
}

/// Flags of the TCP segments that a node receives.
class FlagsSeen {
public:
    explicit FlagsSeen(const ns3::Ptr<ns3::Node>& node) {
        node->GetObject<ns3::Ipv4L3Protocol>()->TraceConnectWithoutContext(
            "Rx", ns3::MakeCallback(&FlagsSeen::see, this));
    }
    std::vector<std::uint8_t> flags;

private:
    void see(ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv4>, std::uint32_t) {
        std::vector<std::uint8_t> bytes(packet->GetSize());
        packet->CopyData(bytes.data(), packet->GetSize());
        if (const auto flow = packet::flow_of(bytes)) {
            flags.push_back(flow->tcp_flags);
        }
    }
};

TEST(Director, LetsTheHostResetASegmentThatBelongsToNoConnection) {
    ClusterRun run(cluster(NetworkType::direct, 1, 1), 1'000);
    const auto client = run.network.client(0, 0);
    FlagsSeen seen(client);
    const auto send_stray_ack = [&] {
        const auto stack = client->GetObject<ns3::Ipv4L3Protocol>();
        ns3::TcpHeader tcp;
        tcp.SetSourcePort(5000);
        tcp.SetDestinationPort(80);
        tcp.SetFlags(ns3::TcpHeader::ACK);
        tcp.EnableChecksums();
        tcp.InitializeChecksum("172.16.0.2", to_ns3(vip.address), 6);
        auto packet = ns3::Create<ns3::Packet>();
        packet->AddHeader(tcp);
        stack->Send(packet, "172.16.0.2", to_ns3(vip.address), 6, nullptr);
    };
    ns3::Simulator::Schedule(ns3::Seconds(1), ns3::MakeEvent(send_stray_ack));
    run.go(2);
    EXPECT_EQ(run.director.counters().reset, 1U);
    ASSERT_EQ(seen.flags.size(), 1U);
    EXPECT_NE(seen.flags[0] & packet::tcp_flag::rst, 0);
}

TEST(Director, TakesAServerOutQuiescesItAndPutsItBackAtTheirTimes) {
    auto scenario = cluster(NetworkType::nat, 2, 4);
    scenario.config.virtual_servers.pop_back();
    scenario.workloads.pop_back();
    ClusterRun run(scenario, 1'000);
    const auto change = [&](int second, MembershipChange::Kind kind, unsigned server) {
        ns3::Simulator::Schedule(ns3::Seconds(second), [&run, kind, server] {
            run.director.change_membership({now(), kind, server, {}}, run.scenario.config);
        });
    };
    change(1, MembershipChange::Kind::leave, 1);
    change(2, MembershipChange::Kind::join, 1);
    change(3, MembershipChange::Kind::quiesce, 0);
    change(4, MembershipChange::Kind::join, 0);
    run.ask_evenly(50, Protocol::tcp, 0.1);
    run.go();
    EXPECT_EQ(run.served(1'000), 50U);
    EXPECT_EQ(run.recorder.all<journal::DestinationAdded>().size(), 3U);
    EXPECT_EQ(run.recorder.all<journal::DestinationRemoved>().size(), 1U);
    const auto edits = run.recorder.all<journal::DestinationEdited>();
    ASSERT_EQ(edits.size(), 2U);
    EXPECT_EQ(edits[0].weight, 0);
    EXPECT_EQ(edits[1].weight, 1);
    for (const auto& e : run.recorder.events) {
        if (const auto* d = std::get_if<journal::Decision>(&e.payload)) {
            if (e.time >= Time{seconds(1)} && e.time < Time{seconds(2)}) {
                EXPECT_EQ(d->server, 0U);
            }
            if (e.time >= Time{seconds(3)} && e.time < Time{seconds(4)}) {
                EXPECT_EQ(d->server, 1U);
            }
        }
    }
}

TEST(Director, DoesNotRunWithoutWhatIpvsRefuses) {
    auto scenario = cluster(NetworkType::nat, 2, 1);
    scenario.config.virtual_servers[0].servers[1].weight = Weight{-1};
    EXPECT_THROW(ClusterRun(scenario, 1'000), std::runtime_error);
    scenario = cluster(NetworkType::nat, 2, 1);
    scenario.config.virtual_servers[1] = scenario.config.virtual_servers[0];
    EXPECT_THROW(ClusterRun(scenario, 1'000), std::runtime_error);
}

// A closed connection still counts (ip_vs_dest_totalconns), so three fill a server.
TEST(Director, KeepsAServerBelowItsUpperThreshold) {
    auto scenario = cluster(NetworkType::nat, 2, 4);
    scenario.config.virtual_servers[0].servers[0].u_threshold = 3;
    ClusterRun run(scenario, 1'000);
    run.ask_evenly(20, Protocol::tcp);
    run.go(1);
    EXPECT_EQ(run.served(1'000), 20U);
    EXPECT_EQ(run.decisions_per_server(), (std::vector<unsigned>{3, 17}));
}

TEST(Director, SamplesEveryServiceAndServerFromIpvs) {
    ClusterRun run(cluster(NetworkType::nat, 2, 4), 1'000);
    run.ask_evenly(10, Protocol::udp);
    run.go(2);
    run.director.sample();
    const auto loads = run.recorder.all<journal::DestinationLoad>();
    ASSERT_EQ(loads.size(), 4U);
    for (const auto& load : loads) {
        EXPECT_EQ(load.weight, 1);
        EXPECT_EQ(load.active, 0);
        EXPECT_EQ(load.inactive, run.director.services()[load.service].name == "web-udp" ? 5 : 0);
    }
}

/// Clients reach hosts of 203.0.113.0/24; a firewall mark leads them to the cluster.
scenario::Scenario proxy_cluster(NetworkType type) {
    auto s = cluster(type, 2, 4);
    s.config.virtual_servers.resize(1);
    s.workloads.resize(1);
    s.config.virtual_servers[0].fwmark = Fwmark{80};
    s.config.virtual_servers[0].scheduler = "dh";
    auto& w = s.workloads[0];
    w.destinations = {.network = *lvslab::Network::parse("203.0.113.0/24"), .port = Port{80}};
    w.to = {*Address::parse("203.0.113.1"), Port{80}};
    scenario::MarkRule rule;
    rule.protocol = Protocol::tcp;
    rule.destination = w.destinations->network;
    rule.first_port = rule.last_port = Port{80};
    rule.mark = Fwmark{80};
    s.marks.push_back(rule);
    s.routers[0].running.marks = s.marks;
    return s;
}

TEST(Director, LeadsMarkedPacketsForForeignAddressesToTheRealServers) {
    for (const auto type : {NetworkType::nat, NetworkType::direct, NetworkType::tunnel}) {
        ClusterRun run(proxy_cluster(type), 3'000);
        for (unsigned i = 0; i < 40; ++i) {
            run.ask(i % 4, Protocol::tcp, {Address::v4(0xCB007101U + i % 8), Port{80}}, 0.05 * i);
        }
        run.go();
        EXPECT_EQ(run.served(3'000), 40U);
        // dh: a destination's connections all go to one server.
        std::map<Endpoint, std::uint32_t> home;
        const auto decisions = run.recorder.all<journal::Decision>();
        EXPECT_EQ(decisions.size(), 40U);
        for (const auto& d : decisions) {
            EXPECT_EQ(d.service, 0U);
            EXPECT_EQ(home.try_emplace(d.virtual_endpoint, d.server).first->second, d.server);
        }
    }
}

}  // namespace
}  // namespace lvslab::packet_world::testing
