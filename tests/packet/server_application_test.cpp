// SPDX-License-Identifier: GPL-2.0-only
/// The queueing model behind real sockets: who waits, who is refused, how answers leave.
#include "sim/packet/server_application.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/packet/client_application.hpp"
#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using journal::Outcome;

/// One server; `arrivals` connections within 100 ms.
scenario::Scenario rush(Protocol protocol, unsigned arrivals) {
    return busy_cluster(NetworkType::nat, protocol, 1, arrivals, milliseconds(100));
}

std::vector<Duration> response_times(const WorldRun& run) {
    std::vector<Duration> times;
    for (const auto& r : run.events.all<journal::ResponseReceived>()) {
        times.push_back(r.response_time);
    }
    return times;
}

TEST(ServerApplication, FullQueueRefusesTcpWithAReset) {
    auto scenario = rush(Protocol::tcp, 10);
    scenario.servers[0].workers = 1;
    scenario.servers[0].queue = 2;
    scenario.servers[0].service = scenario::Constant{1};
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), 3U);
    EXPECT_EQ(run.count(Outcome::refused), 7U);
    EXPECT_EQ(run.events.all<journal::ServerLoad>().back().refused, 7U);
    for (const auto& c : run.events.all<journal::ConnectionClosed>()) {
        if (c.outcome == Outcome::refused) {
            EXPECT_LT(c.duration, milliseconds(50));
        }
    }
}

TEST(ServerApplication, BootsThoughConnectionsWaitedForTheirLastAcknowledgement) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 2, 800, seconds(4));
    for (const auto& [at, kind] : {std::pair(milliseconds(2000), scenario::FaultKind::crash),
                                   std::pair(milliseconds(2100), scenario::FaultKind::restart)}) {
        scenario::Fault fault;
        fault.kind = kind;
        fault.at = Time{at};
        fault.target.kind = scenario::FaultTarget::Kind::server;
        fault.what = "fault";
        scenario.faults.push_back(fault);
    }
    const WorldRun run(scenario);
    expect_accounts(run);
    // What it was serving, or was sent to it meanwhile, is all that is lost.
    EXPECT_GT(run.count(Outcome::served), 780U);
}

/// Frames that the server sends after one TCP segment with these flags to its port, from a
/// neighbour that it has no connection with.
std::uint64_t frames_after_stray(std::uint8_t flags) {
    const auto scenario = rush(Protocol::tcp, 1);
    Recorder events;
    Network network(scenario, {.seed = 1});
    const ServerApplication server(network, 0, scenario, events);
    ns3::TcpHeader stray;
    stray.SetFlags(flags);
    stray.SetAckNumber(ns3::SequenceNumber32(7));
    stray.SetSourcePort(40'000);
    stray.SetDestinationPort(80);
    const auto router = scenario.routers[0].private_interface->address;
    network.router(0)->GetObject<ns3::TcpL4Protocol>()->SendPacket(
        ns3::Create<ns3::Packet>(), stray, to_ns3(router),
        to_ns3(scenario.servers[0].interface.address));
    ns3::Simulator::Stop(ns3::Seconds(1));
    ns3::Simulator::Run();
    const auto& nodes = network.counted_nodes();
    const auto web1 = std::ranges::find(nodes, "web1") - nodes.begin();
    return network.traffic(static_cast<std::size_t>(web1)).sent_packets;
}

TEST(ServerApplication, SegmentOfNoConnectionIsResetAndAResetIsNot) {
    const auto silent = frames_after_stray(ns3::TcpHeader::RST | ns3::TcpHeader::ACK);
    EXPECT_GT(frames_after_stray(ns3::TcpHeader::ACK), silent);
}

TEST(ServerApplication, ConnectionWhoseHandshakeMeetsTheProcessEndIsReset) {
    auto scenario = rush(Protocol::tcp, 10);
    // SYNs are answered from 20 ms on, the first ACK comes after 60 ms.
    scenario.clients[0].link.delay = milliseconds(20);
    scenario::Fault stop;
    stop.kind = scenario::FaultKind::stop;
    stop.at = Time{milliseconds(50)};
    stop.target.kind = scenario::FaultTarget::Kind::server;
    stop.what = "stop web1";
    scenario.faults.push_back(stop);
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::refused), 10U);
}

TEST(ServerApplication, FullQueueDropsUdp) {
    auto scenario = rush(Protocol::udp, 10);
    scenario.servers[0].workers = 1;
    scenario.servers[0].queue = 2;
    scenario.servers[0].service = scenario::Constant{1};
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), 3U);
    EXPECT_EQ(run.count(Outcome::timed_out), 7U);
    EXPECT_EQ(run.events.all<journal::ServerLoad>().back().refused, 7U);
}

TEST(ServerApplication, LaterRequestThatFindsTheQueueFullIsReset) {
    auto scenario = rush(Protocol::tcp, 2);
    scenario.servers[0].workers = 1;
    scenario.servers[0].queue = 0;
    scenario.servers[0].service = scenario::Constant{0.030};
    scenario.workloads[0].requests = 2;
    // The first asks again just after the second, which came 50 ms later, has begun to be served.
    scenario.workloads[0].think = scenario::Constant{0.010};
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), 1U);
    EXPECT_EQ(run.count(Outcome::reset), 1U);
}

TEST(ServerApplication, FcfsLetsTheSecondWait) {
    auto scenario = rush(Protocol::udp, 2);
    scenario.servers[0].workers = 1;
    scenario.servers[0].service = scenario::Constant{0.100};
    const auto times = response_times(WorldRun(scenario));
    ASSERT_EQ(times.size(), 2U);
    // The second comes 50 ms after the first and waits 50 ms.
    EXPECT_NEAR(to_seconds(times[1] - times[0]), 0.050, 0.001);
}

TEST(ServerApplication, ProcessorSharingSlowsBothDown) {
    auto scenario = rush(Protocol::udp, 2);
    scenario.servers[0].workers = 1;
    scenario.servers[0].discipline = scenario::Discipline::processor_sharing;
    scenario.servers[0].service = scenario::Constant{0.100};
    const auto times = response_times(WorldRun(scenario));
    ASSERT_EQ(times.size(), 2U);
    // Alone for 50 ms, then both at half speed: the first leaves 150 ms after it came, the second
    // when 50 ms more at full speed are done, 150 ms after it came too.
    EXPECT_NEAR(to_seconds(times[0]), to_seconds(times[1]), 0.001);
    EXPECT_GE(times[0], milliseconds(150));
}

TEST(ServerApplication, LargeResponsesLeaveThroughASmallSendBuffer) {
    auto scenario = rush(Protocol::tcp, 4);
    scenario.workloads[0].request = scenario::Constant{50'000};
    scenario.workloads[0].response = scenario::Constant{500'000};
    scenario.workloads[0].timeout = seconds(60);
    Recorder events;
    Network network(scenario, {.seed = 1});
    // After the network, which sets its own: now Send() finds its buffer full again and again.
    ns3::Config::SetDefault("ns3::TcpSocket::SndBufSize", ns3::UintegerValue(6000));
    Director director(network, 0, scenario, {}, events);
    director.load(scenario.config);
    ServerApplication server(network, 0, scenario, events);
    ClientApplication clients(network, scenario, 1, events);
    ns3::Simulator::Stop(ns3::Seconds(60));
    ns3::Simulator::Run();
    const auto responses = events.all<journal::ResponseReceived>();
    ASSERT_EQ(responses.size(), 4U);
    for (const auto& r : responses) {
        EXPECT_EQ(r.bytes, 500'000U);
    }
    EXPECT_EQ(server.held(), 0U);
}

TEST(ServerApplication, LetsGoOfClientsThatVanished) {
    auto scenario = rush(Protocol::tcp, 20);
    // Half of all packets are lost: some FIN or RST never arrives, some handshake half.
    scenario.clients[0].link.loss = 0.5;
    scenario.workloads[0].timeout = seconds(2);
    Recorder events;
    Network network(scenario, {.seed = 1});
    Director director(network, 0, scenario, {}, events);
    director.load(scenario.config);
    ServerApplication server(network, 0, scenario, events);
    ClientApplication clients(network, scenario, 1, events);
    ns3::Simulator::Stop(ns3::Seconds(10));
    ns3::Simulator::Run();
    const auto before = server.held();
    server.sample();
    ns3::Simulator::Stop(ns3::Seconds(200));
    ns3::Simulator::Run();
    EXPECT_GT(before, 0U) << "nothing was left to let go: the case shows nothing";
    EXPECT_EQ(server.held(), 0U);
}

TEST(ServerApplication, CacheAnswersTheSecondRequestForADestinationFaster) {
    auto scenario = rush(Protocol::udp, 2);
    scenario.servers[0].cache = scenario::Cache{10, scenario::Constant{0.200}};
    scenario.servers[0].workers = 2;
    const auto times = response_times(WorldRun(scenario));
    ASSERT_EQ(times.size(), 2U);
    // Both are for one destination: the hit overtakes the miss.
    EXPECT_LT(times[0], milliseconds(50));
    EXPECT_GE(times[1], milliseconds(210));
}

}  // namespace
}  // namespace lvslab::packet_world::testing
