// SPDX-License-Identifier: GPL-2.0-only
// Scenarios that ship, run in the flow world.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/router/desired_services.hpp"
#include "core/scenario/plan.hpp"
#include "sim/flow/engine.hpp"
#include "tests/flow/scenario_run.hpp"

namespace lvslab::flow_world {
namespace {

using ::testing::HasSubstr;
using testing::journal_of;
using testing::Recorder;
using testing::shipped;

class Shipped : public ::testing::TestWithParam<const char*> {};

/// Expectations and invariants, as lvslab verify has them.
TEST_P(Shipped, holds_its_expectations_and_every_invariant) {
    const auto scenario = shipped(GetParam());
    EXPECT_FALSE(unsupported(scenario).has_errors()) << unsupported(scenario).to_string();
    struct Judges final : journal::Sink {
        explicit Judges(const scenario::Scenario& s) : expectations(s.expectations) {}
        void take(const journal::Event& event) override {
            expectations.take(event);
            invariants.take(event);
        }
        journal::ExpectationRun expectations;
        journal::Invariants invariants;
    } judges(scenario);
    const auto result = run(scenario, {.seed = scenario.seed}, judges);
    EXPECT_TRUE(result.complete);
    EXPECT_GT(result.connections, 0);
    for (const auto& violation : judges.invariants.violations()) {
        ADD_FAILURE() << violation.to_string();
    }
    const auto results = judges.expectations.results();
    for (std::size_t i = 0; i < results.size(); ++i) {
        EXPECT_TRUE(results[i].holds)
            << scenario.expectations[i].text << ": " << results[i].low.value_or(-1) << " to "
            << results[i].high.value_or(-1) << " " << results[i].missing;
    }
}

INSTANTIATE_TEST_SUITE_P(
    flow, Shipped,
    ::testing::Values("failover-story/scenario.yaml",  // crash, checks, cut heartbeats
                      "takeover/suspend.yaml",         // SIGSTOP to a router's daemons
                      "takeover/kill.yaml",            // lvsd dies
                      "takeover/release.yaml",         // handed over
                      "takeover/hang.yaml",            // a machine stands still
                      "detection/sorry-server.yaml",   //
                      "detection/persistent-quiesced.yaml",
                      "e-commerce/mark.yaml",            // marks, persistence, sessions
                      "e-commerce/proxy-farm.yaml",      //
                      "connection-sync/with.yaml",       // entries survive a takeover
                      "connection-sync/without.yaml",    //
                      "dns-udp/scenario.yaml",           //
                      "proxy-cache/scenario.yaml",       // destination ranges, caches
                      "replicas/two-tiers.yaml",         // stale content
                      "three-tier/pair.yaml",            // data servers
                      "firewall-pair/scenario.yaml",     // a redundant gateway
                      "files-differ/port-differs.yaml",  // routers whose lvs.cf differ
                      "router-reboot/marks-lost.yaml",   // files at boot
                      "server-reboot/loses-alias.yaml", "other-networks/public-elsewhere.yaml",
                      "other-networks/private-elsewhere.yaml", "tunnel/scenario.yaml",
                      "load-monitor/with.yaml"),
    [](const auto& name) {
        std::string text = name.param;
        std::ranges::replace_if(
            text, [](char c) { return std::isalnum(c) == 0; }, '_');
        return text;
    });

TEST(FlowWorld, writes_the_same_bytes_for_the_same_seed_and_others_for_another) {
    for (const auto* name : {"failover-story/scenario.yaml", "e-commerce/mark.yaml"}) {
        const auto scenario = shipped(name);
        const auto once = journal_of(scenario, {.seed = 5});
        EXPECT_EQ(once, journal_of(scenario, {.seed = 5})) << name;
        EXPECT_NE(once, journal_of(scenario, {.seed = 6})) << name;
    }
}

TEST(FlowWorld, closes_each_connection_that_it_opens_exactly_once) {
    const auto scenario = shipped("failover-story/scenario.yaml");
    Recorder events;
    const auto result = run(scenario, {}, events);
    std::set<std::uint64_t> open, closed;
    Time last{};
    for (const auto& event : events.events) {
        EXPECT_GE(event.time, last);
        last = event.time;
        if (const auto* o = std::get_if<journal::ConnectionOpened>(&event.payload)) {
            EXPECT_TRUE(open.insert(o->connection).second);
        } else if (const auto* c = std::get_if<journal::ConnectionClosed>(&event.payload)) {
            EXPECT_TRUE(open.contains(c->connection) && closed.insert(c->connection).second);
        }
    }
    EXPECT_EQ(open.size(), result.connections);
    EXPECT_EQ(closed.size(), result.connections);
    EXPECT_TRUE(std::holds_alternative<journal::RunStarted>(events.events.front().payload));
    EXPECT_TRUE(std::holds_alternative<journal::RunEnded>(events.events.back().payload));
}

TEST(FlowWorld, lets_a_client_that_has_given_up_reset_the_answer_that_comes_late) {
    // Answers are lost for ten seconds, servers send them again; clients wait for three.
    const auto scenario = shipped("takeover/link-one-way.yaml");
    Recorder events;
    run(scenario, {.segments = true}, events);
    std::map<std::uint64_t, Endpoint> clients;
    for (const auto& opened : events.all<journal::ConnectionOpened>()) {
        clients.emplace(opened.connection, opened.client);
    }
    std::set<Endpoint> gave_up, reset;
    for (const auto& closed : events.all<journal::ConnectionClosed>()) {
        if (closed.outcome == journal::Outcome::timed_out) {
            gave_up.insert(clients.at(closed.connection));
        }
    }
    for (const auto& segment : events.all<journal::SegmentSeen>()) {
        if ((segment.flags & static_cast<std::uint8_t>(ipvs::TcpFlags::rst)) != 0) {
            EXPECT_FALSE(segment.reply);
            EXPECT_TRUE(gave_up.contains(segment.client)) << segment.client.to_string();
            reset.insert(segment.client);
        }
    }
    EXPECT_GT(reset.size(), 10U);
}

TEST(FlowWorld, sends_no_syn_at_the_moment_at_which_its_client_gives_up) {
    // The third SYN is due after 1 + 2 s, and clients wait for three. Nobody answers for a while.
    const auto scenario = shipped("other-networks/same.yaml");
    Recorder events;
    run(scenario, {.segments = true}, events);
    std::map<Endpoint, Time> opened;
    unsigned late = 0;
    for (const auto& event : events.events) {
        if (const auto* o = std::get_if<journal::ConnectionOpened>(&event.payload)) {
            opened[o->client] = event.time;
        } else if (const auto* s = std::get_if<journal::SegmentSeen>(&event.payload);
                   s != nullptr && s->flags == static_cast<std::uint8_t>(ipvs::TcpFlags::syn)) {
            const auto after = event.time - opened.at(s->client);
            EXPECT_LT(after, std::chrono::seconds(3)) << s->client.to_string();
            late += after > std::chrono::seconds(1) ? 1U : 0U;
        }
    }
    EXPECT_GT(late, 0U) << "some were sent again";
}

TEST(FlowWorld, stops_when_it_is_told_and_still_closes_what_is_open) {
    const auto scenario = shipped("direct-routing/scenario.yaml");
    Recorder events;
    RunOptions options;
    options.progress = [](Time now) { return now < Time{std::chrono::seconds(5)}; };
    const auto result = run(scenario, options, events);
    EXPECT_FALSE(result.complete);
    EXPECT_LT(to_seconds(result.end), 6);
    EXPECT_EQ(events.all<journal::ConnectionOpened>().size(),
              events.all<journal::ConnectionClosed>().size());
    EXPECT_TRUE(events.all<journal::RunEnded>().empty());
}

TEST(FlowWorld, tells_nothing_of_connections_if_nobody_asks_and_runs_the_same) {
    const auto scenario = shipped("direct-routing/scenario.yaml");
    Recorder whole, quiet;
    run(scenario, {}, whole);
    run(scenario, {.connections = false}, quiet);
    EXPECT_TRUE(quiet.all<journal::ConnectionOpened>().empty());
    EXPECT_TRUE(quiet.all<journal::Decision>().empty());
    const auto work = [](const Recorder& r) {
        std::map<std::uint32_t, Duration> done;
        for (const auto& load : r.all<journal::ServerLoad>()) {
            done[load.server] = load.work_done;
        }
        return done;
    };
    EXPECT_EQ(work(whole), work(quiet));
}

/// The scenario's connections as the engine takes them.
class PlannedArrivals {
public:
    PlannedArrivals(const scenario::Scenario& scenario, std::uint64_t seed)
        : scenario_(scenario), plan_(scenario, seed) {}
    bool next(Arrival& arrival) {
        const auto planned = plan_.next();
        if (!planned) {
            return false;
        }
        arrival.at = planned->at;
        arrival.client = planned->source;
        arrival.to = planned->to;
        arrival.work =
            Duration{std::llround(scenario::quantile(scenario_.servers[0].service,
                                                     planned->requests[0].service_quantile) *
                                  1e9)};
        return true;
    }

private:
    const scenario::Scenario& scenario_;
    scenario::Plan plan_;
};

TEST(FlowWorld, does_without_delays_what_the_engine_does) {
    auto scenario = shipped("direct-routing/scenario.yaml");
    scenario.daemons = false;
    for (auto& group : scenario.clients) {
        group.link = {BitRate{0}, Duration{}, 0};
    }
    for (auto& router : scenario.routers) {
        router.public_link = router.private_link = {BitRate{0}, Duration{}, 0};
    }
    std::vector<EngineServer> servers;
    for (auto& server : scenario.servers) {
        server.link = {BitRate{0}, Duration{}, 0};
        server.service = scenario.servers[0].service;
        server.speed = 1;
        servers.push_back({{server.interface.address, Port{80}},
                           {server.discipline == scenario::Discipline::fcfs
                                ? server::Discipline::fcfs
                                : server::Discipline::processor_sharing,
                            server.workers, server.queue},
                           1});
    }
    for (auto& workload : scenario.workloads) {
        workload.requests = 1;
        workload.response = scenario::Constant{100};
        workload.timeout = std::chrono::hours(1);
    }
    Recorder told;
    run(scenario, {.seed = 3, .scheduler = "rr"}, told);

    Engine engine(servers);
    for (const auto& service : router::desired_services(scenario.config, "rr")) {
        engine.ipvs().add_service(service.key, service.settings, Time{});
        for (const auto& d : service.destinations) {
            engine.ipvs().add_destination(service.key, d.endpoint, d.settings, Time{});
        }
    }
    struct Seen {
        std::vector<std::uint32_t> decisions;
        std::vector<double> responses;
        void decided(const Decided& d) { decisions.push_back(d.server); }
        void served(const Served& s) { responses.push_back(to_seconds(s.at - s.arrived)); }
    } seen;
    engine.feed(PlannedArrivals(scenario, 3), seen);
    engine.finish(never, seen);

    std::vector<std::uint32_t> decisions;
    for (const auto& d : told.all<journal::Decision>()) {
        decisions.push_back(d.server);
    }
    EXPECT_EQ(decisions, seen.decisions);
    std::vector<double> responses;
    for (const auto& r : told.all<journal::ResponseReceived>()) {
        responses.push_back(to_seconds(r.response_time));
    }
    ASSERT_EQ(responses.size(), seen.responses.size());
    std::ranges::sort(responses);
    std::ranges::sort(seen.responses);
    for (std::size_t i = 0; i < responses.size(); ++i) {
        // What is left of the network are the gateway's cards of 1 Gbps: some microseconds.
        ASSERT_NEAR(responses[i], seen.responses[i], 50e-6);
    }
}

TEST(FlowWorld, refuses_what_it_has_not_got_each_with_its_place) {
    EXPECT_THAT(unsupported(shipped("ftp-helper/scenario.yaml")).to_string(),
                HasSubstr("scenario.yaml:18:11: workload active is FTP"));
    EXPECT_THAT(unsupported(shipped("arp-problem/unprotected.yaml")).to_string(),
                HasSubstr("the flow world has no ARP"));
    EXPECT_THAT(unsupported(shipped("nat-gateway/wrong.yaml")).to_string(),
                HasSubstr("by a gateway of its own"));
    EXPECT_THAT(unsupported(shipped("nat-bottleneck/nat-28.yaml")).to_string(),
                HasSubstr("packet_cost"));
    const auto loss = unsupported(shipped("nat-two-tier/scenario.yaml"));
    EXPECT_FALSE(loss.has_errors());
    EXPECT_THAT(loss.to_string(), HasSubstr("warning"));
}

}  // namespace
}  // namespace lvslab::flow_world
