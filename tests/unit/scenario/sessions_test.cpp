// SPDX-License-Identifier: GPL-2.0-only
// Shop sessions and FTP in the plan, phases of daemons, replicas.
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/scenario/phases.hpp"
#include "core/scenario/plan.hpp"
#include "core/scenario/replicas.hpp"
#include "tests/unit/scenario/sources.hpp"

namespace lvslab::scenario {
namespace {

using std::chrono::seconds;

std::vector<PlannedConnection> shop_of(const Scenario& s, std::uint64_t seed = 1) {
    Plan plan(s, seed);
    std::vector<PlannedConnection> found;
    Time last{};
    while (auto c = plan.next()) {
        EXPECT_LE(last, c->at);
        EXPECT_LE(c->at, s.end());
        last = c->at;
        if (c->workload == 0) {
            found.push_back(std::move(*c));
        }
    }
    return found;
}

Scenario sessions(bool proxies) {
    auto sources = base_sources();
    replace(sources, "base.yaml", "    requests: 3\n    think: uniform 100ms to 2s\n",
            "    sessions: { requests: 5, think: exponential 2s, ports: [80, 8005] }\n");
    if (proxies) {
        replace(sources, "base.yaml", "    count: 200\n", "    proxies: 20\n");
    }
    auto result = read(sources);
    EXPECT_TRUE(result) << result.diagnostics.to_string();
    return std::move(*result);
}

TEST(Sessions, HaveAConnectionForEachRequestAndTakeThePortsInTurn) {
    std::map<std::uint64_t, std::vector<PlannedConnection>> by_session;
    for (auto& c : shop_of(sessions(false))) {
        ASSERT_TRUE(c.session);
        EXPECT_EQ(c.requests.size(), 1U);
        by_session[c.session->id].push_back(std::move(c));
    }
    ASSERT_GT(by_session.size(), 6000U);
    std::size_t whole = 0;
    for (const auto& [id, connections] : by_session) {
        ASSERT_EQ(connections.size(), connections.front().session->of);
        whole += connections.size() == 5;
        for (std::size_t i = 0; i < connections.size(); ++i) {
            const auto& c = connections[i];
            EXPECT_EQ(c.session->number, i);
            EXPECT_EQ(c.client, connections.front().client);
            EXPECT_EQ(c.to.port, Port{static_cast<std::uint16_t>(i % 2 == 0 ? 80 : 8005)});
        }
    }
    EXPECT_GT(whole, by_session.size() * 8 / 10);  // those near the end are cut short
}

TEST(Sessions, LeaveAProxyFarmByManyAddresses) {
    std::map<std::uint64_t, std::set<std::string>> sources;
    for (const auto& c : shop_of(sessions(true))) {
        EXPECT_LT(c.client, 20U);
        sources[c.session->id].insert(c.source.address.to_string());
    }
    std::size_t several = 0;
    for (const auto& [id, addresses] : sources) {
        several += addresses.size() > 1;
    }
    EXPECT_GT(several, sources.size() * 9 / 10);
}

// All but the number and the source port, which workloads of one client group share.
std::string drawn(const PlannedConnection& c) {
    std::string text = std::to_string(c.at.time_since_epoch().count()) + ' ' +
                       c.source.address.to_string() + ' ' + c.to.to_string();
    for (const auto& r : c.requests) {
        text += ' ' + std::to_string(r.request_bytes) + '/' + std::to_string(r.response_bytes) +
                '/' + std::to_string(r.service_quantile) + '/' + std::to_string(r.think.count());
    }
    return text;
}

std::vector<std::string> draws_of(const Scenario& s, std::uint64_t seed, std::uint32_t workload) {
    Plan plan(s, seed);
    std::vector<std::string> found;
    while (const auto c = plan.next()) {
        if (c->workload == workload) {
            found.push_back(drawn(*c));
        }
    }
    return found;
}

Scenario with_workload_one_as(const ShopSessions& sessions, bool proxies, Duration length) {
    auto s = changed("seed: 42", "seed: 42");
    for (auto& w : s.workloads) {
        w.length = length;
    }
    s.workloads[0].kind = Workload::Kind::sessions;
    s.workloads[0].sessions = sessions;
    s.workloads[0].requests = 1;
    s.clients[0].proxies = proxies;
    return s;
}

RC_GTEST_PROP(Sessions, ChangeNoDrawOfOtherWorkloads, (std::uint64_t seed, bool proxies)) {
    const ShopSessions sessions{*rc::gen::inRange(1U, 9U),
                                Exponential{0.1 * *rc::gen::inRange(1, 50)},
                                {Port{80}, Port{8005}}};
    const auto length = seconds(*rc::gen::inRange(1, 8));
    const auto with = with_workload_one_as(sessions, proxies, length);
    auto without = with;
    without.workloads[0].kind = Workload::Kind::requests;
    for (const std::uint32_t other : {1U, 2U}) {
        RC_ASSERT(draws_of(with, seed, other) == draws_of(without, seed, other));
    }
}

RC_GTEST_PROP(Sessions, BeginAlikeBehindProxiesOrNot, (std::uint64_t seed)) {
    const ShopSessions sessions{1U + *rc::gen::inRange(1U, 9U), Constant{0.3}, {Port{80}}};
    const auto first = [&](bool proxies) {
        std::vector<std::pair<Time, Address>> begun;
        const auto s = with_workload_one_as(sessions, proxies, seconds(3));
        Plan plan(s, seed);
        while (const auto c = plan.next()) {
            if (c->session && c->session->number == 0) {
                begun.emplace_back(c->at, c->source.address);
            }
        }
        return begun;
    };
    RC_ASSERT(first(true) == first(false));
}

TEST(Sessions, BeginWhenConnectionsWould) {
    std::vector<Time> starts;
    for (const auto& c : shop_of(sessions(false))) {
        if (c.session->number == 0) {
            starts.push_back(c.at);
        }
    }
    std::vector<Time> plain;
    for (const auto& c : shop_of(changed("seed: 42", "seed: 42"))) {
        plain.push_back(c.at);
    }
    EXPECT_EQ(starts, plain);
}

TEST(Ftp, TransfersAreTheRequestsOfAControlConnection) {
    auto sources = base_sources();
    replace(sources, "base.yaml", "    requests: 3\n    think: uniform 100ms to 2s\n",
            "    ftp: { mode: extended-active, direction: upload, file: uniform 1KiB to 2KiB, "
            "transfers: 4 }\n");
    replace(sources, "base.yaml",
            "    request: 400B\n    response: lognormal mean 12KiB sigma 1.2\n", "");
    const auto s = read(sources);
    ASSERT_TRUE(s) << s.diagnostics.to_string();
    EXPECT_EQ(s->workloads[0].kind, Workload::Kind::ftp);
    EXPECT_EQ(s->workloads[0].ftp.mode, FtpTransfers::Mode::extended_active);
    EXPECT_TRUE(s->workloads[0].ftp.upload);
    for (const auto& c : shop_of(*s)) {
        ASSERT_EQ(c.requests.size(), 4U);
        for (const auto& r : c.requests) {
            EXPECT_GE(r.response_bytes, 1024U);
            EXPECT_LE(r.response_bytes, 2048U);
        }
    }
}

TEST(Phases, FillTheirPeriodsAndDifferByNodeAndSeed) {
    const auto s = changed("seed: 42", "seed: 42");
    const auto keepalive = s.routers[0].config.keepalive;
    Duration least = keepalive;
    Duration most{};
    unsigned alike = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const auto phase = daemon_phase(s, seed, 0);
        EXPECT_EQ(phase, daemon_phase(s, seed, 0));
        EXPECT_GE(phase, Duration{});
        EXPECT_LT(phase, keepalive);
        least = std::min(least, phase);
        most = std::max(most, phase);
        alike += phase == daemon_phase(s, seed, 1);
        const auto& v = s.config.virtual_servers[0];
        const auto check = check_phase(s, seed, 0, v, v.servers[0]);
        EXPECT_LT(check, v.timeout);
        alike += check == check_phase(s, seed, 0, v, v.servers[1]);
        alike += check == check_phase(s, seed, 1, v, v.servers[0]);
    }
    EXPECT_LT(least, keepalive / 20);
    EXPECT_GT(most, keepalive * 19 / 20);
    EXPECT_EQ(alike, 0U);
}

TEST(Replicas, AreStaleFromAPublicationToTheNextRsync) {
    auto s = changed("drain: 15s", "drain: 15s\ncontent: { publish: constant 60s, rsync: 25s }");
    Replicas replicas(s, 7);
    const auto phase = rsync_phase(s, 7, 0);
    for (int t = 0; t < 1000; ++t) {
        const Time now{seconds(t)};
        // Worked out from the two grids: the last rsync, and the first publication behind it.
        Time rsync{};
        while (rsync == Time{} ? Time{phase} <= now : rsync + seconds(25) <= now) {
            rsync = rsync == Time{} ? Time{phase} : rsync + seconds(25);
        }
        Time publication{seconds(60)};
        while (publication <= rsync) {
            publication += seconds(60);
        }
        EXPECT_EQ(replicas.stale_for(0, now), publication <= now ? now - publication : Duration{})
            << t;
    }
    auto shared = s;
    shared.data.emplace_back().kind = DataServer::Kind::files;
    shared.servers[0].data.emplace();
    for (int t = 0; t < 200; ++t) {
        EXPECT_EQ(Replicas(shared, 7).stale_for(0, Time{seconds(t)}), Duration{}) << t;
        EXPECT_EQ(Replicas(shared, 7).stale_for(1, Time{seconds(t)}),
                  Replicas(s, 7).stale_for(1, Time{seconds(t)}))
            << "has a replica as before";
    }
    shared.data[0].kind = DataServer::Kind::database;
    EXPECT_EQ(Replicas(shared, 7).stale_for(0, Time{seconds(500)}),
              Replicas(s, 7).stale_for(0, Time{seconds(500)}))
        << "a database has no files";
    s.content.reset();
    EXPECT_EQ(Replicas(s, 7).stale_for(0, Time{seconds(500)}), Duration{});
}

// Publications of a Poisson process, n on average in a period of rsync: a reader finds a stale
// replica with probability 1 - (1 - e^-n) / n.
TEST(Replicas, AreStaleAsOftenAsRandomPublicationsMakeThem) {
    constexpr double days = 86400;
    for (const auto period : {2, 20}) {
        auto s = changed("drain: 15s", "drain: 15s\ncontent: { publish: exponential 12s, rsync: " +
                                           std::to_string(period) + "s }");
        Replicas replicas(s, 3);
        unsigned stale = 0;
        unsigned asked = 0;
        // 0.7 s and the periods have no common rhythm.
        for (double t = 0; t < 10 * days; t += 0.7) {
            const Time now{Duration{static_cast<Duration::rep>(t * 1e9)}};
            stale += replicas.stale_for(0, now) > Duration{};
            ++asked;
        }
        const double n = period / 12.0;
        // Five standard errors, if each publication is counted as one independent observation.
        EXPECT_NEAR(static_cast<double>(stale) / asked, 1 - (1 - std::exp(-n)) / n,
                    5 * 0.5 / std::sqrt(10 * days / 12))
            << period;
    }
}

}  // namespace
}  // namespace lvslab::scenario
