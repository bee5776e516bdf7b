// SPDX-License-Identifier: GPL-2.0-only
/// A whole run of the packet world, and what must hold of every one.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/packet/world.hpp"
#include "tests/packet/traffic.hpp"

namespace lvslab::packet_world::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A cluster with one workload: `arrivals` connections at constant distances over `length`.
inline scenario::Scenario busy_cluster(config::NetworkType type, Protocol protocol,
                                       unsigned servers, unsigned arrivals, Duration length) {
    auto s = cluster(type, servers, 10);
    s.workloads.erase(s.workloads.begin() + (protocol == Protocol::tcp ? 1 : 0));
    s.config.virtual_servers.erase(s.config.virtual_servers.begin() +
                                   (protocol == Protocol::tcp ? 1 : 0));
    auto& w = s.workloads[0];
    w.arrivals = scenario::ConstantArrivals{arrivals / to_seconds(length)};
    w.length = length;
    w.request = scenario::Constant{400};
    w.response = scenario::Constant{1000};
    w.timeout = seconds(10);
    for (auto& server : s.servers) {
        server.service = scenario::Constant{0.010};
    }
    s.drain = seconds(15);
    s.outputs.sample = milliseconds(500);
    return s;
}

/// Runs the scenario and keeps its events.
struct WorldRun {
    explicit WorldRun(const scenario::Scenario& scenario, RunOptions options = {})
        : result(run(scenario, options, events)) {
        for (const auto& closed : events.all<journal::ConnectionClosed>()) {
            ++outcomes[closed.outcome];
        }
    }

    std::uint64_t count(journal::Outcome outcome) const {
        const auto found = outcomes.find(outcome);
        return found == outcomes.end() ? 0 : found->second;
    }

    Recorder events;
    RunResult result;
    std::map<journal::Outcome, std::uint64_t> outcomes;
};

/// Every opened connection is closed exactly once, later than it was opened; time never runs back;
/// RunStarted is first, and RunEnded last if the run is complete.
inline void expect_accounts(const WorldRun& run) {
    std::map<std::uint64_t, Time> open;
    std::set<std::uint64_t> closed;
    Time last{};
    for (const auto& event : run.events.events) {
        EXPECT_GE(event.time, last);
        last = event.time;
        if (const auto* o = std::get_if<journal::ConnectionOpened>(&event.payload)) {
            EXPECT_TRUE(open.emplace(o->connection, event.time).second) << o->connection;
        } else if (const auto* c = std::get_if<journal::ConnectionClosed>(&event.payload)) {
            ASSERT_TRUE(open.contains(c->connection)) << c->connection;
            EXPECT_TRUE(closed.insert(c->connection).second) << c->connection << " closed twice";
            EXPECT_EQ(open[c->connection] + c->duration, event.time);
        }
    }
    EXPECT_EQ(open.size(), closed.size());
    EXPECT_EQ(open.size(), run.result.connections);
    ASSERT_FALSE(run.events.events.empty());
    EXPECT_TRUE(std::holds_alternative<journal::RunStarted>(run.events.events.front().payload));
    EXPECT_EQ(std::holds_alternative<journal::RunEnded>(run.events.events.back().payload),
              run.result.complete);
}

}  // namespace lvslab::packet_world::testing
