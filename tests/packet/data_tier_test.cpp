// SPDX-License-Identifier: GPL-2.0-only
/// Real servers that need a data server: its traffic, its queue, and what clients meet when it is
/// lost.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/world/data_server.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/data_client.hpp"
#include "sim/packet/data_service.hpp"
#include "sim/packet/simulation_timers.hpp"
#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using journal::Outcome;
using Kind = scenario::DataServer::Kind;
using scenario::Fault;
using scenario::FaultKind;
using scenario::FaultTarget;

/// 20 connections a second for 20 s to two servers; each request reads twice and writes once.
scenario::Scenario three_tiers(NetworkType type, bool standby, Kind kind = Kind::database) {
    auto s = busy_cluster(type, Protocol::tcp, 2, 400, seconds(20));
    const std::string network = type == NetworkType::nat ? "10.11.12." : "192.168.26.";
    scenario::DataServer db;
    db.name = "db";
    db.kind = kind;
    db.interface = *lvslab::Network::parse(network + "200/24");
    db.service = scenario::Constant{0.004};
    if (standby) {
        db.standby = scenario::Standby{*lvslab::Network::parse(network + "201/24"), seconds(3)};
    }
    s.data.push_back(db);
    for (auto& server : s.servers) {
        server.workers = 64;
        server.data = scenario::DataNeed{.data_server = 0,
                                         .reads = 2,
                                         .bytes = scenario::Constant{8192},
                                         .writes = 1,
                                         .timeout = seconds(2)};
    }
    return s;
}

Fault fault_at(Duration at, FaultKind kind, bool of_standby = false) {
    Fault fault;
    fault.kind = kind;
    fault.at = Time{at};
    fault.target.kind = FaultTarget::Kind::data_server;
    fault.target.standby = of_standby;
    fault.what = "fault";
    return fault;
}

/// Connections opened within a span, by outcome.
std::map<Outcome, unsigned> opened_between(const WorldRun& run, Duration from, Duration to) {
    std::map<std::uint64_t, Time> opened;
    std::map<Outcome, unsigned> outcomes;
    for (const auto& e : run.events.events) {
        if (const auto* o = std::get_if<journal::ConnectionOpened>(&e.payload)) {
            opened[o->connection] = e.time;
        } else if (const auto* c = std::get_if<journal::ConnectionClosed>(&e.payload)) {
            const auto at = opened.at(c->connection);
            if (at >= Time{from} && at < Time{to}) {
                ++outcomes[c->outcome];
            }
        }
    }
    return outcomes;
}

std::map<Outcome, unsigned> all_served(unsigned count) {
    return {{Outcome::served, count}};
}

journal::NodeTraffic last_traffic(const WorldRun& run, const std::string& node) {
    journal::NodeTraffic last;
    for (const auto& t : run.events.all<journal::NodeTraffic>()) {
        last = t.node == node ? t : last;
    }
    return last;
}

class EveryDataTier : public ::testing::TestWithParam<std::tuple<NetworkType, Kind>> {
protected:
    scenario::Scenario tiers(bool standby) const {
        return three_tiers(std::get<0>(GetParam()), standby, std::get<1>(GetParam()));
    }
};

TEST_P(EveryDataTier, MakesEveryAccessOfEveryRequest) {
    const WorldRun run(tiers(false));
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), 400U);
    const auto accesses = run.events.all<journal::DataRequestEnded>();
    EXPECT_EQ(accesses.size(), 3 * 400U);
    for (const auto& a : accesses) {
        EXPECT_TRUE(a.ok);
        EXPECT_GE(a.duration, milliseconds(4));
        EXPECT_LT(a.duration, milliseconds(100));
    }
    // Its own work, and three accesses one after the other.
    for (const auto& r : run.events.all<journal::ResponseReceived>()) {
        EXPECT_GT(r.response_time, milliseconds(10 + 3 * 4));
    }
    // Reads come from the data server, writes go to it.
    const auto traffic = last_traffic(run, "db");
    EXPECT_GT(traffic.sent_bytes, 2U * 400 * 8192);
    EXPECT_GT(traffic.received_bytes, 400U * 8192);
    // The director takes no part in it.
    EXPECT_EQ(run.events.all<journal::Decision>().size(), 400U);
    EXPECT_LT(last_traffic(run, "lvs1").received_bytes, traffic.received_bytes / 2);
}

TEST_P(EveryDataTier, SingleDataServerIsASinglePointOfFailure) {
    auto scenario = tiers(false);
    scenario.faults.push_back(fault_at(seconds(6), FaultKind::crash));
    scenario.faults.push_back(fault_at(seconds(14), FaultKind::restart));
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(opened_between(run, Duration{}, milliseconds(5900)), all_served(118));
    // Nothing of what needs an answer before it is back gets one, whichever server it went to; the
    // client's connection is reset when the access has taken its 2 s.
    EXPECT_EQ(opened_between(run, seconds(6), milliseconds(11900)),
              (std::map<Outcome, unsigned>{{Outcome::refused, 118}}));
    EXPECT_EQ(opened_between(run, milliseconds(14100), seconds(20)), all_served(118));
    unsigned failed = 0;
    for (const auto& a : run.events.all<journal::DataRequestEnded>()) {
        if (!a.ok) {
            ++failed;
            EXPECT_EQ(a.duration, seconds(2));
        }
    }
    EXPECT_GE(failed, 118U);
    EXPECT_TRUE(run.events.all<journal::DataRole>().empty());
}

TEST_P(EveryDataTier, StandbyTakesItsAddressAndServesOn) {
    auto scenario = tiers(true);
    scenario.faults.push_back(fault_at(seconds(6), FaultKind::crash));
    scenario.faults.push_back(fault_at(seconds(12), FaultKind::restart));
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(opened_between(run, Duration{}, milliseconds(5900)), all_served(118));
    // 3 s of takeover; who asks from 2 s before on has it within its time.
    EXPECT_EQ(opened_between(run, milliseconds(9100), seconds(20)), all_served(218));
    EXPECT_GT(opened_between(run, seconds(6), seconds(7))[Outcome::refused], 0U);
    std::vector<std::tuple<Time, std::uint32_t, bool>> roles;
    for (const auto& e : run.events.events) {
        if (const auto* role = std::get_if<journal::DataRole>(&e.payload)) {
            roles.emplace_back(e.time, role->node, role->active);
        }
    }
    // The first one is back as standby: nothing moves again.
    EXPECT_EQ(roles, (std::vector<std::tuple<Time, std::uint32_t, bool>>{
                         {Time{seconds(6)}, 0, false}, {Time{seconds(9)}, 1, true}}));
    EXPECT_GT(last_traffic(run, "db standby").sent_bytes, 200U * 2 * 8192);
}

INSTANTIATE_TEST_SUITE_P(World, EveryDataTier,
                         ::testing::Combine(::testing::Values(NetworkType::nat,
                                                              NetworkType::direct),
                                            ::testing::Values(Kind::files, Kind::database)),
                         [](const auto& instance) {
                             const bool nat = std::get<0>(instance.param) == NetworkType::nat;
                             const bool files = std::get<1>(instance.param) == Kind::files;
                             return std::string(nat ? "nat_" : "direct_") +
                                    (files ? "files" : "database");
                         });

TEST(DataTier, HoldsTheWorkerOfARequestThatWaits) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 1, 10, milliseconds(100));
    scenario.data = three_tiers(NetworkType::nat, false).data;
    scenario.data[0].service = scenario::Constant{0.100};
    scenario.servers[0].workers = 1;
    scenario.servers[0].data.emplace();
    scenario.servers[0].data->bytes = scenario::Constant{1000};
    const WorldRun run(scenario);
    EXPECT_EQ(run.count(Outcome::served), 10U);
    Duration longest{};
    for (const auto& r : run.events.all<journal::ResponseReceived>()) {
        longest = std::max(longest, r.response_time);
    }
    // Ten times 10 ms of its own and 100 ms of the data server's, less the 90 ms of arrivals.
    EXPECT_GT(longest, milliseconds(10 * 110 - 90));
    EXPECT_LT(longest, milliseconds(10 * 110 + 100));
}

TEST(DataTier, AccessesWaitForTheDataServersWorkers) {
    const auto slowest = [](unsigned workers) {
        auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 2, 10, milliseconds(1));
        const auto tiers = three_tiers(NetworkType::nat, false);
        scenario.data = tiers.data;
        scenario.data[0].workers = workers;
        scenario.data[0].service = scenario::Constant{0.020};
        for (auto& server : scenario.servers) {
            server.data = tiers.servers[0].data;
            server.data->bytes = scenario::Constant{1000};
        }
        const WorldRun run(scenario);
        EXPECT_EQ(run.count(Outcome::served), 10U);
        Duration longest{};
        for (const auto& a : run.events.all<journal::DataRequestEnded>()) {
            longest = std::max(longest, a.duration);
        }
        return longest;
    };
    EXPECT_LT(slowest(10), milliseconds(25));
    EXPECT_GT(slowest(1), 9 * milliseconds(20));
}

/// A real server that asks by itself, one request after the other.
struct AskingServer {
    explicit AskingServer(Kind kind)
        : scenario(three_tiers(NetworkType::nat, false, kind)),
          network(scenario, {.seed = 1}),
          server(timers, 0, scenario.data[0], events, service()),
          client(network, 0, scenario, events, 1,
                 [this](DataClient::Ticket, bool ok) { (ok ? answered : failed) += 1; }) {}

    std::vector<std::unique_ptr<world::DataNode>> service() {
        std::vector<std::unique_ptr<world::DataNode>> nodes;
        nodes.push_back(std::make_unique<DataService>(network, scenario, 0, 0, 1));
        return nodes;
    }
    void ask(DataClient::Ticket request) {
        client.begin(request);
        ns3::Simulator::Stop(ns3::Seconds(1));
        ns3::Simulator::Run();
    }

    scenario::Scenario scenario;
    Recorder events;
    Network network;
    SimulationTimers timers;
    world::DataServer server;
    unsigned answered = 0, failed = 0;
    DataClient client;
};

TEST(DataClient, KeepsItsConnectionToADatabaseForTheNextRequest) {
    AskingServer web(Kind::database);
    web.ask(1);
    EXPECT_EQ(web.client.connections(), 1U);
    const auto first = web.network.traffic(4).received_packets;
    ASSERT_EQ(web.network.counted_nodes()[4], "db");
    web.ask(2);
    EXPECT_EQ(web.client.connections(), 1U);
    // Without the SYN and the handshake's ACK.
    EXPECT_LE(web.network.traffic(4).received_packets, 2 * first - 2);
    EXPECT_EQ(web.answered, 2U);
    EXPECT_EQ(web.failed, 0U);
}

TEST(DataClient, OpensAConnectionForEachRequestToFiles) {
    AskingServer web(Kind::files);
    web.ask(1);
    EXPECT_EQ(web.client.connections(), 0U);
    web.ask(2);
    EXPECT_EQ(web.client.connections(), 0U);
    EXPECT_EQ(web.answered, 2U);
}

TEST(DataClient, ReplacesAnIdleConnectionThatProvesBroken) {
    AskingServer web(Kind::database);
    web.ask(1);
    // It dies and boots without a word: the idle connection knows nothing of it.
    web.network.crash({Machine::Kind::data_server, 0, 0});
    web.server.crash(0, now());
    web.network.restart({Machine::Kind::data_server, 0, 0});
    web.server.restart(0);
    EXPECT_EQ(web.client.connections(), 1U);
    web.ask(2);
    EXPECT_EQ(web.answered, 2U);
    EXPECT_EQ(web.failed, 0U);
}

TEST(DataClient, FailsWhenTheProcessIsNotThereAndWhenItIsGone) {
    AskingServer web(Kind::files);
    web.server.stop(0, now());
    web.ask(1);
    EXPECT_EQ(web.failed, 1U);
    web.server.start(0);
    web.client.begin(2);
    web.client.end(true);
    ns3::Simulator::Stop(ns3::Seconds(5));
    ns3::Simulator::Run();
    EXPECT_EQ(web.failed + web.answered, 1U);  // nobody is told of the second
    EXPECT_EQ(web.client.connections(), 0U);
}

TEST(DataTier, StoppedServiceRefusesAtOnce) {
    auto scenario = three_tiers(NetworkType::nat, false);
    scenario.faults.push_back(fault_at(seconds(6), FaultKind::stop));
    scenario.faults.push_back(fault_at(seconds(14), FaultKind::start));
    const WorldRun run(scenario);
    EXPECT_EQ(opened_between(run, seconds(6), milliseconds(13900)),
              (std::map<Outcome, unsigned>{{Outcome::refused, 158}}));
    EXPECT_EQ(opened_between(run, seconds(14), seconds(20)), all_served(120));
    for (const auto& a : run.events.all<journal::DataRequestEnded>()) {
        EXPECT_LT(a.duration, milliseconds(50));
    }
    const auto changed = run.events.all<journal::NodeChanged>();
    ASSERT_EQ(changed.size(), 2U);
    EXPECT_EQ(changed[0].node, "db");
    EXPECT_EQ(changed[0].state, journal::NodeState::service_stopped);
    EXPECT_EQ(changed[1].state, journal::NodeState::up);
}

TEST(DataTier, NodeThatHungWakesAsStandby) {
    auto scenario = three_tiers(NetworkType::nat, true);
    scenario.faults.push_back(fault_at(seconds(6), FaultKind::hang));
    scenario.faults.push_back(fault_at(seconds(12), FaultKind::resume));
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(opened_between(run, milliseconds(9100), seconds(20)), all_served(218));
    EXPECT_EQ(run.events.all<journal::DataRole>().size(), 2U);
}

TEST(DataTier, NodeThatHangsForLessThanATakeoverGoesOn) {
    auto scenario = three_tiers(NetworkType::nat, true);
    scenario.faults.push_back(fault_at(seconds(6), FaultKind::hang));
    scenario.faults.push_back(fault_at(seconds(7), FaultKind::resume));
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), 400U);
    const auto roles = run.events.all<journal::DataRole>();
    ASSERT_EQ(roles.size(), 2U);
    EXPECT_EQ(roles[1].node, 0U);
    EXPECT_TRUE(roles[1].active);
}

TEST(DataTier, LossOfTheStandbyIsNotFelt) {
    auto scenario = three_tiers(NetworkType::nat, true);
    scenario.faults.push_back(fault_at(seconds(6), FaultKind::crash, true));
    const WorldRun run(scenario);
    EXPECT_EQ(run.count(Outcome::served), 400U);
    EXPECT_TRUE(run.events.all<journal::DataRole>().empty());
    EXPECT_EQ(run.events.all<journal::NodeChanged>().at(0).node, "db standby");
}

TEST(DataTier, SlowDataServerSlowsEveryRequest) {
    auto scenario = three_tiers(NetworkType::nat, false);
    auto slow = fault_at(seconds(10), FaultKind::slow);
    slow.amount = 10;
    scenario.faults.push_back(slow);
    const WorldRun run(scenario);
    for (const auto& e : run.events.events) {
        if (const auto* r = std::get_if<journal::ResponseReceived>(&e.payload)) {
            const auto asked = e.time - r->response_time;
            if (asked > Time{seconds(10)}) {
                EXPECT_GT(r->response_time, milliseconds(10 + 3 * 40));
            } else if (e.time < Time{seconds(10)}) {
                EXPECT_LT(r->response_time, milliseconds(10 + 3 * 40));
            }
        }
    }
}

TEST(DataTier, CutLinkIsNoDeathThatThePairNotices) {
    auto scenario = three_tiers(NetworkType::nat, true);
    scenario.faults.push_back(fault_at(seconds(6), FaultKind::cut));
    scenario.faults.push_back(fault_at(seconds(14), FaultKind::heal));
    const WorldRun run(scenario);
    EXPECT_TRUE(run.events.all<journal::DataRole>().empty());
    EXPECT_EQ(opened_between(run, seconds(6), milliseconds(11900)).count(Outcome::served), 0U);
    EXPECT_EQ(opened_between(run, milliseconds(15000), seconds(20)), all_served(100));
}

TEST(DataTier, ServerThatRestartsAsksAnew) {
    auto scenario = three_tiers(NetworkType::nat, false);
    for (const auto kind : {FaultKind::stop, FaultKind::start}) {
        auto fault = fault_at(kind == FaultKind::stop ? seconds(6) : seconds(8), kind);
        fault.target.kind = FaultTarget::Kind::server;
        scenario.faults.push_back(fault);
    }
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(opened_between(run, seconds(8), seconds(20)), all_served(240));
}

}  // namespace
}  // namespace lvslab::packet_world::testing
