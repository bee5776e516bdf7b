// SPDX-License-Identifier: GPL-2.0-only
/// Whole runs of the packet world: what clients meet, what servers do, what the journal tells.
#include "sim/packet/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/journal/writer.hpp"
#include "core/scenario/plan.hpp"
#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using journal::Outcome;
using scenario::MembershipChange;

class EveryWorldCluster : public ::testing::TestWithParam<std::tuple<NetworkType, Protocol>> {
protected:
    scenario::Scenario cluster_of(unsigned servers, unsigned arrivals, Duration length) const {
        return busy_cluster(std::get<0>(GetParam()), std::get<1>(GetParam()), servers, arrivals,
                            length);
    }
};

TEST_P(EveryWorldCluster, ServesEveryConnectionOnTheServerThatTheDirectorChose) {
    const WorldRun run(cluster_of(3, 90, seconds(3)));
    expect_accounts(run);
    EXPECT_EQ(run.result.connections, 90U);
    EXPECT_EQ(run.count(Outcome::served), 90U);

    std::map<Endpoint, std::uint32_t> chosen;
    for (const auto& d : run.events.all<journal::Decision>()) {
        chosen[d.client] = d.server;
    }
    std::map<std::uint64_t, Endpoint> clients;
    for (const auto& o : run.events.all<journal::ConnectionOpened>()) {
        clients[o.connection] = o.client;
    }
    std::vector<unsigned> served(3);
    for (const auto& c : run.events.all<journal::ConnectionClosed>()) {
        EXPECT_EQ(c.server, chosen.at(clients.at(c.connection)));
        ++served.at(c.server);
    }
    EXPECT_EQ(served, (std::vector<unsigned>{30, 30, 30}));
    for (const auto& r : run.events.all<journal::ResponseReceived>()) {
        EXPECT_EQ(r.bytes, 1000U);
    }
}

TEST_P(EveryWorldCluster, AnswersEveryRequestOfAKeptConnectionInTurn) {
    auto scenario = cluster_of(2, 10, seconds(1));
    scenario.workloads[0].requests = 3;
    scenario.workloads[0].think = scenario::Constant{0.200};
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), 10U);
    std::map<std::uint64_t, std::uint32_t> next;
    for (const auto& r : run.events.all<journal::ResponseReceived>()) {
        EXPECT_EQ(r.request, next[r.connection]++);
    }
    for (const auto& [connection, requests] : next) {
        EXPECT_EQ(requests, 3U) << connection;
    }
    for (const auto& c : run.events.all<journal::ConnectionClosed>()) {
        EXPECT_GE(c.duration, milliseconds(400));  // two pauses
    }
}

TEST_P(EveryWorldCluster, ServersDoExactlyThePlannedWork) {
    auto scenario = cluster_of(2, 200, seconds(4));
    scenario.workloads[0].arrivals = scenario::PoissonArrivals{50};
    for (auto& server : scenario.servers) {
        server.service = scenario::Exponential{0.030};
        server.workers = 2;
    }
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), run.result.connections);

    Duration planned{};
    scenario::Plan plan(scenario, 1);
    while (const auto connection = plan.next()) {
        for (const auto& request : connection->requests) {
            const double work =
                scenario::quantile(scenario.servers[0].service, request.service_quantile);
            planned += Duration{std::llround(work * 1e9)};
        }
    }
    std::map<std::uint32_t, Duration> done;
    for (const auto& load : run.events.all<journal::ServerLoad>()) {
        done[load.server] = load.work_done;
    }
    EXPECT_EQ(done[0] + done[1], planned);
    // Offered load: 50/s * 30 ms on 4 workers for 4 s; five standard deviations of the sum of about
    // 200 exponential demands (each 0.03 * sqrt(2), arrivals being Poisson).
    EXPECT_NEAR(to_seconds(planned), 50 * 4 * 0.030, 5 * 0.030 * std::sqrt(2.0 * 200));
}

TEST_P(EveryWorldCluster, RefusesEverythingWhenEveryServerIsTakenOut) {
    auto scenario = cluster_of(2, 40, seconds(4));
    for (unsigned server = 0; server < 2; ++server) {
        scenario.changes.push_back({Time{seconds(2)}, MembershipChange::Kind::leave, server, {}});
    }
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), 20U);
    EXPECT_EQ(run.count(Outcome::refused), 20U);
    for (const auto& c : run.events.all<journal::ConnectionClosed>()) {
        if (c.outcome == Outcome::refused) {
            // Told by ICMP in one round trip, not found out by waiting.
            EXPECT_LT(c.duration, milliseconds(50));
            EXPECT_EQ(c.server, journal::no_index);
        }
    }
}

TEST_P(EveryWorldCluster, ServerGetsNothingWhileItIsOut) {
    auto scenario = cluster_of(2, 60, seconds(6));
    scenario.changes.push_back({Time{seconds(2)}, MembershipChange::Kind::leave, 1, {}});
    scenario.changes.push_back({Time{seconds(4)}, MembershipChange::Kind::join, 1, {}});
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served), 60U);
    std::map<std::string, unsigned> decisions;
    for (const auto& event : run.events.events) {
        if (const auto* d = std::get_if<journal::Decision>(&event.payload); d && d->server == 1) {
            ++decisions[event.time < Time{seconds(2)}   ? "before"
                        : event.time < Time{seconds(4)} ? "out"
                                                        : "back"];
        }
    }
    EXPECT_GT(decisions["before"], 0U);
    EXPECT_EQ(decisions["out"], 0U);
    EXPECT_GT(decisions["back"], 0U);
}

std::string cluster_name(const ::testing::TestParamInfo<std::tuple<NetworkType, Protocol>>& info) {
    const auto type = std::get<0>(info.param);
    const std::string method = type == NetworkType::nat      ? "Nat"
                               : type == NetworkType::direct ? "Direct"
                                                             : "Tunnel";
    return method + (std::get<1>(info.param) == Protocol::tcp ? "Tcp" : "Udp");
}

INSTANTIATE_TEST_SUITE_P(World, EveryWorldCluster,
                         ::testing::Combine(::testing::Values(NetworkType::nat, NetworkType::direct,
                                                              NetworkType::tunnel),
                                            ::testing::Values(Protocol::tcp, Protocol::udp)),
                         cluster_name);

TEST(World, LossyLinksDelayConnectionsButEachComesToAnEnd) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 2, 300, seconds(10));
    scenario.clients[0].link.loss = 0.05;
    scenario.workloads[0].response = scenario::Constant{20'000};
    scenario.workloads[0].timeout = seconds(20);
    scenario.drain = seconds(25);
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.result.connections, 300U);
    EXPECT_EQ(run.count(Outcome::unfinished), 0U);
    // A connection fails only if a packet is lost on every attempt within 20 s.
    EXPECT_GE(run.count(Outcome::served), 295U);
    // Some SYN was lost: its connection took at least TCP's first timeout.
    const auto closed = run.events.all<journal::ConnectionClosed>();
    EXPECT_TRUE(std::ranges::any_of(closed, [](const auto& c) {
        return c.outcome == Outcome::served && c.duration > seconds(1);
    }));
}

TEST(World, LostDatagramsTimeOut) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::udp, 2, 500, seconds(5));
    scenario.clients[0].link.loss = 0.10;
    scenario.workloads[0].timeout = seconds(2);
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.count(Outcome::served) + run.count(Outcome::timed_out), 500U);
    // Lost on the way there or back: 1 - 0.9^2 = 19 %, within five standard deviations.
    EXPECT_NEAR(static_cast<double>(run.count(Outcome::timed_out)), 95,
                5 * std::sqrt(500 * 0.1539));
}

TEST(World, MembershipChangesAndSamplesAreTold) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 2, 10, seconds(1));
    scenario.drain = milliseconds(1200);
    const WorldRun run(scenario);
    // At 0, 0.5, 1, 1.5, 2 s and at the end, 2.2 s.
    EXPECT_EQ(run.result.end, Time{milliseconds(2200)});
    EXPECT_EQ(run.events.all<journal::ServerLoad>().size(), 2U * 6U);
    EXPECT_EQ(run.events.all<journal::DestinationLoad>().size(), 2U * 6U);
    const auto traffic = run.events.all<journal::NodeTraffic>();
    const auto router = std::ranges::find_if(traffic.rbegin(), traffic.rend(),
                                             [](const auto& t) { return t.node == "lvs1"; });
    ASSERT_NE(router, traffic.rend());
    EXPECT_GE(router->received_packets, 10U * 10U);
}

TEST(World, AServerThatIsInactiveInTheLvsCfCountsOnceItJoins) {
    auto scenario =
        busy_cluster(config::NetworkType::nat, Protocol::tcp, 3, 30, std::chrono::seconds(3));
    auto& servers = scenario.config.virtual_servers[0].servers;
    servers[1].active = servers[2].active = false;
    scenario.changes.push_back({Time{seconds(1)}, MembershipChange::Kind::join, 2, {}});
    const WorldRun run(scenario);
    std::vector<unsigned> given(3);
    for (const auto& event : run.events.events) {
        if (const auto* d = std::get_if<journal::Decision>(&event.payload)) {
            ++given.at(d->server);
            EXPECT_TRUE(d->server == 0 || event.time >= Time{seconds(1)});
        }
    }
    EXPECT_EQ(given[1], 0U);
    EXPECT_GT(given[2], 5U);
    // No share is expected of what never takes part.
    const auto started = run.events.all<journal::RunStarted>().at(0);
    EXPECT_EQ(started.weights, (std::vector<std::int32_t>{1, 0, 1}));
}

TEST(World, SameSeedGivesTheSameBytesAndAnotherSeedOthers) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 2, 100, seconds(2));
    scenario.workloads[0].arrivals = scenario::PoissonArrivals{50};
    scenario.clients[0].link.loss = 0.02;
    const auto journal_of = [&](std::uint64_t seed) {
        std::string bytes;
        journal::Writer writer([&](std::string_view block) { bytes += block; });
        run(scenario, {.seed = seed}, writer);
        writer.finish();
        return bytes;
    };
    const auto first = journal_of(1);
    EXPECT_EQ(first, journal_of(1));
    EXPECT_NE(first, journal_of(2));
}

TEST(World, SchedulerOfTheRunTakesThePlaceOfTheConfigured) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 2, 30, seconds(3));
    scenario.config.virtual_servers[0].servers[0].weight = Weight{2};
    const auto given = [&](const char* scheduler) {
        const WorldRun run(scenario, {.scheduler = scheduler});
        std::vector<unsigned> count(2);
        for (const auto& d : run.events.all<journal::Decision>()) {
            ++count.at(d.server);
        }
        return count;
    };
    EXPECT_EQ(given("rr"), (std::vector<unsigned>{15, 15}));
    EXPECT_EQ(given("wrr"), (std::vector<unsigned>{20, 10}));
}

TEST(World, StoppedRunClosesItsConnectionsAndIsNotEnded) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 1, 100, seconds(10));
    scenario.servers[0].service = scenario::Constant{5};
    RunOptions options;
    options.progress = [](Time now) { return now < Time{seconds(2)}; };
    const WorldRun run(scenario, options);
    EXPECT_FALSE(run.result.complete);
    expect_accounts(run);
    EXPECT_GT(run.count(Outcome::unfinished), 0U);
    EXPECT_LT(run.result.connections, 100U);
}

TEST(World, ProgressIsToldAThousandTimesInOrder) {
    const auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 1, 5, seconds(1));
    std::vector<Time> told;
    RunOptions options;
    options.progress = [&](Time now) {
        told.push_back(now);
        return true;
    };
    const WorldRun run(scenario, options);
    EXPECT_GE(told.size(), 1000U);
    EXPECT_TRUE(std::ranges::is_sorted(told));
    EXPECT_EQ(told.front(), Time{});
}

TEST(World, RefusesIpv6Scenarios) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::tcp, 1, 5, seconds(1));
    EXPECT_TRUE(unsupported(scenario).empty());
    scenario.servers[0].interface = *lvslab::Network::parse("2001:db8::1/64");
    scenario.servers[0].location = {"x.yaml", 3, 5};
    const auto found = unsupported(scenario);
    ASSERT_EQ(found.items().size(), 1U);
    EXPECT_TRUE(found.has_errors());
    EXPECT_EQ(found.items()[0].location.to_string(), "x.yaml:3:5");
}

TEST(World, RefusesSizesThatNoMessageOfItsHas) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::udp, 1, 5, seconds(1));
    auto& workload = scenario.workloads[0];
    workload.request_location = {"x.yaml", 4, 14};
    workload.response_location = {"x.yaml", 5, 15};
    workload.request = scenario::Uniform{40, 1400};
    workload.response = scenario::Constant{1 << 20};
    EXPECT_TRUE(unsupported(scenario).empty()) << unsupported(scenario).to_string();

    workload.request = scenario::Empirical{{100, 1401}, {0.9, 0.1}};
    workload.response = scenario::Constant{31};
    EXPECT_EQ(
        unsupported(scenario).to_string(),
        "x.yaml:4:14: 10 % of the requests of web-udp are larger than 1400B, the largest datagram "
        "of the packet world\n"
        "x.yaml:5:15: 100 % of the responses of web-udp are smaller than 32B, the header that the "
        "packet world puts into them\n");
    workload.protocol = Protocol::tcp;
    workload.response = scenario::Constant{32};
    EXPECT_TRUE(unsupported(scenario).empty()) << "a stream has no datagrams";
}

TEST(World, WarnsOfTheTailsOfSizesThatItCutsOff) {
    auto scenario = busy_cluster(NetworkType::nat, Protocol::udp, 1, 5, seconds(1));
    auto& workload = scenario.workloads[0];
    workload.request = scenario::Exponential{500};
    workload.response = scenario::LogNormal{12288, 1.2};
    const auto found = unsupported(scenario);
    EXPECT_FALSE(found.has_errors());
    ASSERT_EQ(found.items().size(), 2U) << found.to_string();
    // 1 - e^(-39.5 / 500) and e^(-1400.5 / 500)
    EXPECT_EQ(found.items()[0].message.substr(0, 21), "7.6 % of the requests");
    EXPECT_EQ(found.items()[1].message.substr(0, 21), "6.1 % of the requests");
}

}  // namespace
}  // namespace lvslab::packet_world::testing
