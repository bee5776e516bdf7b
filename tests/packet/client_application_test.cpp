// SPDX-License-Identifier: GPL-2.0-only
/// How clients' programs judge what they meet, each outcome with its cause.
#include "sim/packet/client_application.hpp"

#include <utility>

#include <gtest/gtest.h>
#include <ns3/object-ptr-container.h>

#include "sim/packet/server_application.hpp"
#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using journal::Outcome;

/// One client's connections one after the other, 20 ms round trip to the servers' side.
scenario::Scenario quiet_cluster(Protocol protocol, unsigned arrivals = 1) {
    auto s = busy_cluster(NetworkType::nat, protocol, 1, arrivals, seconds(1));
    s.clients[0].link.delay = milliseconds(10);
    return s;
}

TEST(ClientApplication, TcpResponseTimeCountsConnectRequestAndService) {
    auto scenario = quiet_cluster(Protocol::tcp);
    scenario.servers[0].service = scenario::Constant{0.050};
    const WorldRun run(scenario);
    const auto responses = run.events.all<journal::ResponseReceived>();
    ASSERT_EQ(responses.size(), 1U);
    // Two round trips and the service; the rest is the time on the wires of the LAN.
    EXPECT_GE(responses[0].response_time, milliseconds(90));
    EXPECT_LT(responses[0].response_time, milliseconds(92));
}

TEST(ClientApplication, LaterRequestsCountFromTheirStart) {
    auto scenario = quiet_cluster(Protocol::tcp);
    scenario.servers[0].service = scenario::Constant{0.050};
    scenario.workloads[0].requests = 2;
    scenario.workloads[0].think = scenario::Constant{1};
    const WorldRun run(scenario);
    const auto responses = run.events.all<journal::ResponseReceived>();
    ASSERT_EQ(responses.size(), 2U);
    EXPECT_GE(responses[1].response_time, milliseconds(70));
    EXPECT_LT(responses[1].response_time, milliseconds(72));
}

TEST(ClientApplication, UdpResponseTimeIsOneRoundTripAndTheService) {
    auto scenario = quiet_cluster(Protocol::udp);
    scenario.servers[0].service = scenario::Constant{0.050};
    const WorldRun run(scenario);
    const auto responses = run.events.all<journal::ResponseReceived>();
    ASSERT_EQ(responses.size(), 1U);
    EXPECT_GE(responses[0].response_time, milliseconds(70));
    EXPECT_LT(responses[0].response_time, milliseconds(72));
}

TEST(ClientApplication, GivesUpAfterTheTimeoutToTheNanosecond) {
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        auto scenario = quiet_cluster(protocol, 3);
        scenario.servers[0].service = scenario::Constant{60};
        scenario.workloads[0].timeout = milliseconds(1500);
        const WorldRun run(scenario);
        expect_accounts(run);
        EXPECT_EQ(run.count(Outcome::timed_out), 3U);
        for (const auto& c : run.events.all<journal::ConnectionClosed>()) {
            EXPECT_EQ(c.duration, milliseconds(1500));
        }
    }
}

TEST(ClientApplication, SendsNoSynAtTheMomentAtWhichItGivesUp) {
    // SYNs are due after 0, 1 and 1 + 2 s; a kernel's timers are never early, so the third is not
    // sent. Several clients, so that their timers were asked for in different orders.
    auto scenario = quiet_cluster(Protocol::tcp, 6);
    scenario.servers[0].service = scenario::Constant{0};
    scenario.workloads[0].timeout = seconds(3);
    scenario::Fault crash;
    crash.at = Time{milliseconds(1)};
    crash.kind = scenario::FaultKind::crash;
    crash.target.kind = scenario::FaultTarget::Kind::server;
    crash.what = "crash";
    scenario.faults.push_back(crash);
    RunOptions options;
    options.segments = true;
    const WorldRun run(scenario, options);
    std::map<Endpoint, unsigned> syns;
    for (const auto& s : run.events.all<journal::SegmentSeen>()) {
        syns[s.client] += s.flags == static_cast<std::uint8_t>(ipvs::TcpFlags::syn) ? 1U : 0U;
    }
    ASSERT_GE(syns.size(), 5U);
    unsigned again = 0;
    for (const auto& [client, count] : syns) {
        EXPECT_LE(count, 2U) << client.to_string();
        again += count == 2 ? 1U : 0U;
    }
    EXPECT_GE(again, 5U);
}

TEST(ClientApplication, EndOfTheRunLeavesConnectionsUnfinished) {
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        auto scenario = quiet_cluster(protocol, 2);
        scenario.servers[0].service = scenario::Constant{60};
        scenario.drain = seconds(1);
        const WorldRun run(scenario);
        expect_accounts(run);
        EXPECT_EQ(run.count(Outcome::unfinished), 2U);
    }
}

TEST(ClientApplication, UdpResponseOfManyDatagramsArrivesWhole) {
    auto scenario = quiet_cluster(Protocol::udp);
    scenario.workloads[0].response = scenario::Constant{20'001};
    const WorldRun run(scenario);
    const auto responses = run.events.all<journal::ResponseReceived>();
    ASSERT_EQ(responses.size(), 1U);
    EXPECT_EQ(responses[0].bytes, 20'001U);
}

TEST(ClientApplication, SmallestSizesStillCarryTheirHeaders) {
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        auto scenario = quiet_cluster(protocol, 3);
        scenario.workloads[0].request = scenario::Constant{1};
        scenario.workloads[0].response = scenario::Constant{1};
        const WorldRun run(scenario);
        EXPECT_EQ(run.count(Outcome::served), 3U);
    }
}

/// Clients alone: the servers run no application.
struct WithoutServers {
    explicit WithoutServers(const scenario::Scenario& s)
        : scenario(s),
          network(scenario, {.seed = 1}),
          director(network, 0, scenario, {}, events),
          clients(network, scenario, 1, events) {
        director.load(scenario.config);
        ns3::Simulator::Stop(ns3::Seconds(20));
        ns3::Simulator::Run();
    }
    scenario::Scenario scenario;
    Recorder events;
    Network network;
    Director director;
    ClientApplication clients;
};

TEST(ClientApplication, ClosedPortOfAServerRefusesInOneRoundTrip) {
    const WithoutServers run(quiet_cluster(Protocol::tcp, 4));
    const auto closed = run.events.all<journal::ConnectionClosed>();
    ASSERT_EQ(closed.size(), 4U);
    for (const auto& c : closed) {
        EXPECT_EQ(c.outcome, Outcome::refused);
        EXPECT_LT(c.duration, milliseconds(22));
    }
    EXPECT_EQ(run.clients.open_now(), 0U);
}

TEST(ClientApplication, HoldsNoConnectionAfterItsEnd) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 2, 500, seconds(5));
    Recorder events;
    Network network(scenario, {.seed = 1});
    Director director(network, 0, scenario, {}, events);
    director.load(scenario.config);
    ServerApplication first(network, 0, scenario, events);
    ServerApplication second(network, 1, scenario, events);
    ClientApplication clients(network, scenario, 1, events);
    std::uint64_t most = 0;
    for (unsigned i = 0; i < 50; ++i) {
        ns3::Simulator::Schedule(ns3::MilliSeconds(100 * i),
                                 [&] { most = std::max(most, clients.open_now()); });
    }
    ns3::Simulator::Stop(ns3::Seconds(10));
    ns3::Simulator::Run();
    EXPECT_EQ(clients.opened(), 500U);
    EXPECT_EQ(clients.open_now(), 0U);
    // 100/s for some 30 ms each.
    EXPECT_LT(most, 20U);
    EXPECT_EQ(first.held() + second.held(), 0U);
}

/// Sockets that ns-3's TCP and UDP hold on a node.
std::size_t sockets_of(const ns3::Ptr<ns3::Node>& node) {
    std::size_t count = 0;
    for (const auto* type : {"ns3::TcpL4Protocol", "ns3::UdpL4Protocol"}) {
        const auto protocol = node->GetObject<ns3::Object>(ns3::TypeId::LookupByName(type));
        ns3::ObjectPtrContainerValue list;
        protocol->GetAttribute("SocketList", list);
        count += list.GetN();
    }
    return count;
}

// ns-3's protocols keep every socket that was made through them; TCP alone forgets the closed ones.
TEST(ClientApplication, LeavesNothingOfEndedConnectionsInNs3) {
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        // Served; too slow for the client; too slow, and the queue is full.
        for (const auto& [work, queue] : {std::pair{0.01, 64U}, {60.0, 500U}, {60.0, 0U}}) {
            auto scenario = busy_cluster(NetworkType::nat, protocol, 2, 500, seconds(5));
            scenario.workloads[0].timeout = seconds(1);
            for (auto& server : scenario.servers) {
                server.service = scenario::Constant{work};
                server.queue = queue;
            }
            Recorder events;
            Network network(scenario, {.seed = 1});
            Director director(network, 0, scenario, {}, events);
            director.load(scenario.config);
            ServerApplication first(network, 0, scenario, events);
            ServerApplication second(network, 1, scenario, events);
            ClientApplication clients(network, scenario, 1, events);
            ns3::Simulator::Stop(ns3::Seconds(10));
            ns3::Simulator::Run();
            ASSERT_EQ(clients.opened(), 500U);
            EXPECT_EQ(clients.open_now(), 0U);
            for (unsigned i = 0; i < scenario.clients[0].count; ++i) {
                EXPECT_EQ(sockets_of(network.client(0, i)), 0U);
            }
            // What it listens on.
            EXPECT_EQ(sockets_of(network.server(0)), 1U);
            EXPECT_EQ(sockets_of(network.server(1)), 1U);
        }
    }
}

}  // namespace
}  // namespace lvslab::packet_world::testing
