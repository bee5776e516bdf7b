// SPDX-License-Identifier: GPL-2.0-only
/// A redundant gateway: its addresses move to the standby, in every network.
#include <gtest/gtest.h>

#include <map>

#include "sim/packet/clock.hpp"
#include "sim/packet/gateway_pair.hpp"
#include "sim/packet/neighbour.hpp"
#include "sim/packet/simulation_timers.hpp"
#include "tests/packet/cluster_run.hpp"
#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using journal::Outcome;
using scenario::Fault;
using scenario::FaultKind;
using scenario::FaultTarget;

/// 20 connections a second for 20 s.
scenario::Scenario shop(NetworkType type, bool standby) {
    auto s = busy_cluster(type, Protocol::tcp, 2, 400, seconds(20));
    if (standby) {
        s.gateway_standby =
            scenario::Standby{*lvslab::Network::parse("192.168.26.253/24"), seconds(2)};
    }
    return s;
}

Fault fault_at(Duration at, FaultKind kind, bool of_standby = false) {
    Fault fault;
    fault.kind = kind;
    fault.at = Time{at};
    fault.target.kind = FaultTarget::Kind::gateway;
    fault.target.standby = of_standby;
    fault.what = "fault";
    return fault;
}

/// Connections opened within a span that were served, and that were not.
std::pair<unsigned, unsigned> opened_between(const WorldRun& run, Duration from, Duration to) {
    std::map<std::uint64_t, Time> opened;
    std::pair<unsigned, unsigned> count;
    for (const auto& e : run.events.events) {
        if (const auto* o = std::get_if<journal::ConnectionOpened>(&e.payload)) {
            opened[o->connection] = e.time;
        } else if (const auto* c = std::get_if<journal::ConnectionClosed>(&e.payload)) {
            const auto at = opened.at(c->connection);
            if (at >= Time{from} && at < Time{to}) {
                ++(c->outcome == Outcome::served ? count.first : count.second);
            }
        }
    }
    return count;
}

class EveryGatewayPair : public ::testing::TestWithParam<NetworkType> {};

TEST_P(EveryGatewayPair, CarriesAsASingleOneDoes) {
    const WorldRun run(shop(GetParam(), true));
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), 400U);
}

TEST_P(EveryGatewayPair, StandbyTakesOverAndTheFirstOneReturnsAsStandby) {
    auto scenario = shop(GetParam(), true);
    scenario.faults = {fault_at(seconds(5), FaultKind::crash),
                       fault_at(seconds(9), FaultKind::restart),
                       fault_at(seconds(13), FaultKind::crash, true)};
    const WorldRun run(scenario);
    expect_accounts(run);
    // 2 s each; who asks meanwhile is served by TCP's next try, within its 10 s.
    EXPECT_EQ(run.count(Outcome::served), 400U);
    std::vector<std::string> changed;
    for (const auto& c : run.events.all<journal::NodeChanged>()) {
        changed.push_back(c.node);
    }
    EXPECT_EQ(changed, (std::vector<std::string>{"gateway", "gateway", "gateway standby"}));
    // Nothing passes while nobody has the addresses, and not long after somebody has.
    std::map<long, unsigned> responses;
    for (const auto& e : run.events.events) {
        if (std::holds_alternative<journal::ResponseReceived>(e.payload)) {
            ++responses
                [std::chrono::duration_cast<milliseconds>(e.time.time_since_epoch()).count() / 500];
        }
    }
    for (const long dead : {11, 12, 13, 27, 28, 29}) {
        EXPECT_EQ(responses[dead], 0U) << dead;
    }
    for (const long alive : {9, 16, 18, 20, 25, 32, 36}) {
        EXPECT_GE(responses[alive], 9U) << alive;
    }
}

TEST_P(EveryGatewayPair, SingleGatewayTakesAllDownWithIt) {
    auto scenario = shop(GetParam(), false);
    scenario.faults = {fault_at(seconds(5), FaultKind::crash)};
    const WorldRun run(scenario);
    EXPECT_EQ(opened_between(run, milliseconds(5000), seconds(20)), std::pair(0U, 300U));
}

TEST_P(EveryGatewayPair, GatewayThatHungIsHeardNoMoreWhenItWakes) {
    auto scenario = shop(GetParam(), true);
    scenario.faults = {fault_at(seconds(5), FaultKind::hang),
                       fault_at(seconds(10), FaultKind::resume)};
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(opened_between(run, seconds(7), seconds(20)), std::pair(260U, 0U));
}

INSTANTIATE_TEST_SUITE_P(World, EveryGatewayPair,
                         ::testing::Values(NetworkType::nat, NetworkType::direct),
                         [](const auto& instance) {
                             return instance.param == NetworkType::nat ? "nat" : "direct";
                         });

TEST(GatewayPair, NeighboursLearnItsNewPlaceByGratuitousArp) {
    auto scenario = cluster(NetworkType::direct, 1, 2);
    scenario.gateway_standby =
        scenario::Standby{*lvslab::Network::parse("192.168.26.253/24"), seconds(2)};
    ClusterRun run(scenario, 1'000);
    SimulationTimers timers;
    GatewayPair gateways(run.network, run.scenario, timers);
    run.ask(0, Protocol::tcp, vip, 0);
    run.ask(1, Protocol::tcp, vip, 6);
    run.go(1);
    const Machine web{Machine::Kind::server, 0};
    const auto mac_known = [&] { return run.network.neighbour(web, run.scenario.gateway)->mac(); };
    const auto mac_of = [&](unsigned node) {
        return run.network.gateway(node)->GetDevice(1)->GetAddress();
    };
    EXPECT_EQ(mac_known(), mac_of(0));
    run.network.crash({Machine::Kind::gateway, 0, 0});
    gateways.died(0, now());
    run.go(3.1);
    EXPECT_EQ(mac_known(), mac_of(1));
    run.go(10);
    EXPECT_EQ(run.served(1'000), 2U);
}

}  // namespace
}  // namespace lvslab::packet_world::testing
