// SPDX-License-Identifier: GPL-2.0-only
// Expectations over hand-made streams of events: values, verdicts and what is told of a failure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/random.hpp"
#include "core/journal/expectation_run.hpp"
#include "core/journal/metrics.hpp"
#include "tests/unit/journal/told_events.hpp"
#include "tests/unit/journal/toy_cluster.hpp"

using namespace lvslab;
using namespace lvslab::journal;
using testing::HasSubstr;
using told::seconds;
using told::sent_to;
using told::Teller;

namespace {

const KnownNames names{
    .servers = {"web1", "web2"},
    .routers = {"lvs1", "lvs2"},
    .workloads = {"shop", "mail"},
    .data_servers = {"nfs"},
    .clients = {},
    .services = {"http", "https"},
    .schedulers = {},
};

Expectation expect(std::string_view text) {
    const auto result = parse_expectation(text, {"s.yaml", 1, 1}, names);
    EXPECT_TRUE(result) << result.diagnostics.to_string();
    return result ? *result : Expectation{};
}

using Story = void (*)(Teller&);

ExpectationResult after(std::string_view text, Story story) {
    ExpectationRun run({expect(text)});
    Teller teller(run);
    story(teller);
    return run.results().front();
}

std::string story_of(const ExpectationResult& result) {
    return fmt::format("{}", fmt::join(result.story, "\n"));
}

ConnectionClosed closed(std::uint64_t connection, Outcome outcome, double lasted,
                        std::uint32_t workload = 0) {
    return {connection, workload, 0, outcome, seconds(lasted)};
}
ResponseReceived response(std::uint64_t connection, double took, std::uint32_t workload = 0,
                          std::uint64_t bytes = 1000) {
    return {connection, 0, workload, 0, seconds(took), bytes};
}

/// lvs1 is crashed at 20 s and lvs2 takes over at 24.5 s; clients come each second and connect
/// again and again.
void takeover(Teller& t) {
    t.at(0, RoleChanged{0, true, "settled"})
        .at(0, AddressRaised{0, *Address::parse("192.168.26.10")})
        .at(18, response(1, 0.1))
        .at(18, closed(1, Outcome::served, 0.1))
        .at(19, response(2, 0.1))
        .at(19, closed(2, Outcome::served, 0.1))
        .at(20, FaultInjected{0, "crash lvs1"})
        .at(20, NodeChanged{"lvs1", NodeState::crashed})
        .at(24, closed(4, Outcome::refused, 1))
        .at(24.5, RoleChanged{1, true, "partner silent"})
        .at(24.5, AddressRaised{1, *Address::parse("192.168.26.10")})
        .at(25, response(3, 4))
        .at(25, closed(3, Outcome::served, 6))
        .at(26, closed(5, Outcome::reset, 8))
        .at(30, response(6, 0.2))
        .at(30, closed(6, Outcome::served, 0.2))
        .at(40, RunEnded{});
}

/// web1 dies at 20 s, is taken out at 27 s, comes back at 40 s and is put back at 45 s.
void server_failure(Teller& t) {
    t.at(0, RoleChanged{0, true, "settled"})
        .at(0, DestinationAdded{0, 0, 0, 1})
        .at(0, DestinationAdded{0, 0, 1, 1})
        .at(10, sent_to(0))
        .at(11, sent_to(1))
        .at(20, FaultInjected{0, "crash web1"})
        .at(20, NodeChanged{"web1", NodeState::crashed})
        .at(21, sent_to(0))
        .at(26, sent_to(0, 3))
        .at(27, DestinationRemoved{0, 0, 0})
        .at(28, sent_to(1))
        .at(40, FaultInjected{1, "restart web1"})
        .at(40, NodeChanged{"web1", NodeState::up})
        .at(45, DestinationAdded{0, 0, 0, 1})
        .at(46, sent_to(0))
        .at(50, RunEnded{});
}

void nothing(Teller& t) {
    t.at(0, RoleChanged{0, true, "settled"}).at(50, RunEnded{});
}

}  // namespace

TEST(Expectations, ValuesAreThoseOfTheEvents) {
    const std::tuple<const char*, Story, double> cases[] = {
        {"takeover <= 6s", takeover, 4.5},
        {"takeovers == 1", takeover, 1},
        {"role changes >= 0", takeover, 1},
        {"role changes of lvs2 >= 0", takeover, 1},
        {"role changes of lvs1 >= 0", takeover, 0},
        {"outage of shop <= 7s", takeover, 6},
        {"refused >= 0", takeover, 1},
        {"failed >= 0", takeover, 2},
        {"served >= 50%", takeover, 4.0 / 6},
        {"survived connections >= 10%", takeover, 0.5},
        {"survived connections >= 1", takeover, 1},
        {"max(response time of shop) <= 4s", takeover, 4},
        {"median(response time) <= 400ms", takeover, 0.1},
        {"mean(response time) <= 4s", takeover, 1.1},
        {"response rate >= 0.1/s from 20s until 30s", takeover, 0.1},
        {"throughput >= 0bps", takeover, 8.0 * 4000 / 40},
        {"time of takeover >= 24s", takeover, 24.5},
        {"time from crash of lvs1 to lvs2 becomes active <= 6s", takeover, 4.5},
        {"detection of web1 <= 9s", server_failure, 7},
        {"re-entry of web1 <= 9s", server_failure, 5},
        {"removals of web1 == 1", server_failure, 1},
        {"connections to web1 >= 0", server_failure, 4},
        {"scheduled connections to web1 >= 0", server_failure, 3},
        {"persistent connections to web1 >= 0", server_failure, 1},
        {"connections to dead servers >= 0", server_failure, 2},
        {"connections to dead servers >= 0%", server_failure, 2.0 / 6},
        {"share of web1 between 0% and 100%", server_failure, 4.0 / 6},
        {"max(weight of web1) <= 1", server_failure, 1},
        {"min(servers in the pool) >= 1", server_failure, 1},
        {"max(owners of 192.168.26.10) <= 1", takeover, 1},
        {"min(owners of 192.168.26.10) >= 0", takeover, 0},
    };
    for (const auto& [text, story, value] : cases) {
        const auto result = after(text, story);
        ASSERT_TRUE(result.high) << text << ": " << result.missing;
        EXPECT_DOUBLE_EQ(*result.high, value) << text;
        EXPECT_TRUE(result.holds) << text;
        EXPECT_TRUE(result.story.empty()) << text;
    }
}

TEST(Expectations, AWindowIsFromAnInstantUntilAnInstant) {
    const auto value = [](std::string_view text, Story story) {
        return after(text, story).high.value_or(-1);
    };
    EXPECT_EQ(value("connections to web1 >= 0 from its crash until it is put back", server_failure),
              2);
    EXPECT_EQ(value("connections to web1 >= 0 from 5s after its crash", server_failure), 2);
    EXPECT_EQ(value("connections to web1 >= 0 from 5s after its crash until it is put back",
                    server_failure),
              1);
    EXPECT_EQ(value("connections to web1 >= 0 from 21s until 26s", server_failure), 1);
    EXPECT_EQ(value("connections to web1 >= 0 until web1 is taken out", server_failure), 3);
    EXPECT_EQ(
        value("connections to web1 == 0 from it is taken out until it is put back", server_failure),
        0);
}

TEST(Expectations, AWindowThatNeverOpensFailsAndSaysWhy) {
    const auto never = after("connections to web2 == 0 from 5s after its crash", server_failure);
    EXPECT_FALSE(never.holds);
    EXPECT_THAT(never.missing, HasSubstr("\"its crash\" never happened"));

    const auto late = after("connections == 0 from 60s", server_failure);
    EXPECT_FALSE(late.holds);
    EXPECT_THAT(late.missing, HasSubstr("the run ended at 50s"));

    const auto closed = after(
        "connections to web1 == 0 from 30s after its crash until it is put "
        "back",
        server_failure);
    EXPECT_FALSE(closed.holds);
    EXPECT_THAT(closed.missing, HasSubstr("it was over before 30s after its crash"));
}

TEST(Expectations, AnUntilThatNeverComesLeavesTheWindowOpen) {
    EXPECT_EQ(after("connections >= 0 until takeover", server_failure).high, 6);
    EXPECT_EQ(after("connections >= 0 from 20s until takeover", server_failure).high, 4);
}

TEST(Expectations, WindowsOpenAgainAtEachFromAndCloseAtTheNextUntil) {
    const auto flapping = [](Teller& t) {
        t.at(0, DestinationAdded{0, 0, 0, 1});
        for (const double start : {10.0, 20.0, 30.0}) {
            t.at(start, NodeChanged{"web1", NodeState::crashed})
                .at(start + 1, sent_to(0))
                .at(start + 4, sent_to(0))
                .at(start + 5, NodeChanged{"web1", NodeState::up})
                .at(start + 6, sent_to(0));
        }
        t.at(50, RunEnded{});
    };
    EXPECT_EQ(after("connections to web1 >= 0 from its crash until its restart", flapping).high, 6);
    EXPECT_EQ(
        after("connections to web1 >= 0 from 3s after its crash until its restart", flapping).high,
        3);
    // What waits for its delay when the window would close never opens.
    EXPECT_FALSE(
        after("connections to web1 >= 0 from 6s after its crash until its restart", flapping).high);
    EXPECT_EQ(
        after("connections to web1 >= 0 from its crash until 2s after its crash", flapping).high,
        3);
}

TEST(Expectations, WithoutAnythingToMeasureThereIsNoValue) {
    const std::pair<const char*, const char*> cases[] = {
        {"takeover <= 6s", "no takeover happened"},
        {"refused == 0", "no connection ended in its window"},
        {"connections to web1 == 0", "no connection was sent to a server in its window"},
        {"broken sessions == 0", "no session ended"},
        {"stale responses == 0", "no response arrived"},
        {"failed data requests == 0", "no data request ended"},
        {"share of web1 >= 0%", "no connection was sent"},
        {"survived connections >= 0%", "no takeover"},
        {"detection <= 9s", "no dead server was taken out"},
        {"outage of shop <= 7s", "no connection ended"},
        {"time of takeover >= 0s", "\"takeover\" never happened"},
        {"utilisation of web1 <= 100%", "fewer than two load samples"},
        {"router bytes per response byte <= 2", "no response had a byte"},
    };
    for (const auto& [text, why] : cases) {
        const auto result = after(text, nothing);
        EXPECT_FALSE(result.holds) << text;
        EXPECT_FALSE(result.low) << text;
        EXPECT_THAT(result.missing, HasSubstr(why)) << text;
        EXPECT_THAT(story_of(result), HasSubstr(why)) << text;
    }
    EXPECT_TRUE(after("role changes == 0", nothing).holds);
    EXPECT_TRUE(after("takeovers == 0", nothing).holds);
    EXPECT_TRUE(after("active routers == 1", nothing).holds);
}

TEST(Expectations, AFailureTellsWhatHappenedWhen) {
    const auto slow = after("takeover <= 4s", takeover);
    EXPECT_FALSE(slow.holds);
    EXPECT_EQ(slow.at, Time{seconds(24.5)});
    const auto told = story_of(slow);
    EXPECT_THAT(told, HasSubstr("at 24.5s: lvs2 took over from lvs1, lost at 20s"));
    EXPECT_THAT(told, HasSubstr("20s  fault: crash lvs1"));
    EXPECT_THAT(told, HasSubstr("24.5s  lvs2 becomes active: partner silent"));

    const auto dead = after("connections to web1 == 0 from 1s after its crash until it is put back",
                            server_failure);
    EXPECT_FALSE(dead.holds);
    EXPECT_EQ(dead.at, Time{seconds(21)});
    EXPECT_THAT(story_of(dead), HasSubstr("at 21s: lvs1 sent"));
    EXPECT_THAT(story_of(dead), HasSubstr("its crash: at 20s; it is put back: at 45s"));
    EXPECT_THAT(story_of(dead), HasSubstr("27s  web1 is taken out (http at lvs1)"));

    EXPECT_THAT(story_of(after("p50(response time) <= 1ms", takeover)),
                HasSubstr("at 25s: the longest one of 4: connection 3 of shop"));

    const auto outage = after("outage of shop <= 2s", takeover);
    EXPECT_THAT(story_of(outage), HasSubstr("clients of shop waited from 19s until 25s"));
}

TEST(Expectations, HeartbeatPathsThatOneFaultCutsShareALineOfTheStory) {
    const auto cut = [](Teller& t) {
        t.at(10, FaultInjected{0, "cut heartbeat"});
        for (const std::uint32_t from : {0U, 1U}) {
            t.at(10, HeartbeatPath{from, 1 - from, 0, false, Duration{}})
                .at(10, HeartbeatPath{from, 1 - from, 1, false, Duration{}});
        }
        t.at(13, RoleChanged{1, true, "partner silent"})
            .at(20, HeartbeatPath{0, 1, 0, true, Duration{}})
            .at(21, HeartbeatPath{1, 0, 0, true, Duration{}})
            .at(40, RunEnded{});
    };
    EXPECT_THAT(story_of(after("active routers <= 0", cut)),
                HasSubstr("      10s  fault: cut heartbeat\n"
                          "      10s  heartbeats cut: lvs1 to lvs2 (public, private), lvs2 to lvs1 "
                          "(public, private)\n"
                          "      13s  lvs2 becomes active: partner silent\n"
                          "      20s  heartbeats heard again: lvs1 to lvs2 (public)\n"
                          "      21s  heartbeats heard again: lvs2 to lvs1 (public)"));
}

TEST(Expectations, AGaugeHoldsAllTheTimeOrSaysSinceWhenNot) {
    const auto split = [](Teller& t) {
        t.at(0, RoleChanged{0, true, "settled"})
            .at(10, FaultInjected{0, "cut heartbeat"})
            .at(13, RoleChanged{1, true, "partner silent"})
            .at(20, FaultInjected{1, "heal heartbeat"})
            .at(20.5, RoleChanged{1, false, "partner active"})
            .at(40, RunEnded{});
    };
    EXPECT_TRUE(after("active routers <= 1 from 1s after the cut is healed", split).holds);
    EXPECT_TRUE(after("active routers == 1 until 13s", split).holds);
    const auto two = after("active routers <= 1", split);
    EXPECT_FALSE(two.holds);
    EXPECT_EQ(two.high, 2);
    EXPECT_EQ(two.low, 1);
    EXPECT_THAT(story_of(two), HasSubstr("active routers was 2 from 13s on"));
    const auto soon = after("active routers <= 1 from the cut is healed", split);
    EXPECT_FALSE(soon.holds);
    EXPECT_EQ(soon.at, Time{seconds(20)});
    // The takeover counts from the cut, as the other router had not failed.
    EXPECT_DOUBLE_EQ(*after("takeover <= 6s", split).high, 3);
}

TEST(Expectations, WhatChangesTwiceAtOneTimeCountsByTheLast) {
    const auto handover = [](Teller& t) {
        t.at(0, RoleChanged{0, true, "settled"})
            .at(10, RoleChanged{0, false, "released"})
            .at(10, RoleChanged{1, true, "partner stopped"})
            .at(20, RunEnded{});
    };
    EXPECT_TRUE(after("active routers == 1", handover).holds);
    EXPECT_EQ(after("takeover == 0s", handover).high, 0);
}

TEST(Expectations, ACrashedOrHungRouterIsNotActive) {
    const auto hang = [](Teller& t) {
        t.at(0, RoleChanged{0, true, "settled"})
            .at(10, NodeChanged{"lvs1", NodeState::hung})
            .at(14, RoleChanged{1, true, "partner silent"})
            .at(20, NodeChanged{"lvs1", NodeState::up})
            .at(20.2, RoleChanged{1, false, "partner active"})
            .at(30, RunEnded{});
    };
    EXPECT_TRUE(after("active routers == 0 from 10s until 14s", hang).holds);
    EXPECT_TRUE(after("active routers == 2 from 20s until 20.2s", hang).holds);
    EXPECT_DOUBLE_EQ(*after("takeover <= 6s", hang).high, 4);
}

TEST(Expectations, ATakeoverThatNothingExplainsHasNoValue) {
    const auto flapping = [](Teller& t) {
        t.at(0, RoleChanged{0, true, "settled"})
            .at(18, RoleChanged{1, true, "partner silent"})
            .at(30, RunEnded{});
    };
    const auto result = after("takeover <= 60s", flapping);
    EXPECT_FALSE(result.holds);
    EXPECT_THAT(result.missing, HasSubstr("lvs2 became active at 18s while lvs1 was, and no fault "
                                          "explains it"));
    EXPECT_TRUE(after("takeovers == 1", flapping).holds);
}

TEST(Expectations, StoredJournalsGiveTheSameAsTheRun) {
    // Of the events above the level `decisions` none is needed.
    class Decisions final : public Sink {
    public:
        explicit Decisions(Sink& sink) : sink_(sink) {}
        void take(const Event& event) override {
            if (!std::holds_alternative<ConnectionOpened>(event.payload)) {
                sink_.take(event);
            }
        }

    private:
        Sink& sink_;
    };
    const std::vector<Expectation> all{expect("p99(response time of shop) <= 400ms"),
                                       expect("share of web1 between 40% and 60%"),
                                       expect("outage of shop <= 7s"), expect("served >= 99%"),
                                       expect("utilisation of web1 <= 10%")};
    ExpectationRun live(all), stored(all);
    Decisions decisions(stored);
    toy::Cluster cluster;
    cluster.servers = {{"web1"}, {"web2"}};
    toy::run(cluster, live);
    toy::run(cluster, decisions);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_TRUE(live.results()[i].high) << all[i].text << live.results()[i].missing;
        EXPECT_EQ(live.results()[i].high, stored.results()[i].high) << all[i].text;
        EXPECT_EQ(live.results()[i].holds, stored.results()[i].holds) << all[i].text;
    }
}

TEST(Expectations, AgreeWithTheSummaryOfTheSameRun) {
    toy::Cluster cluster;
    cluster.servers = {{"web1", 1, 1, 0.2}, {"web2", 2}};
    cluster.scheduler = "wrr";
    cluster.patience = 1;
    Metrics metrics;
    toy::run(cluster, metrics);
    const auto& s = metrics.summary();
    const std::pair<const char*, double> cases[] = {
        {"ended connections >= 0", static_cast<double>(s.total.connections)},
        {"served >= 0", static_cast<double>(s.total.served)},
        {"timed out >= 0", static_cast<double>(s.total.timed_out)},
        {"responses of shop >= 0", static_cast<double>(s.total.response_times.count())},
        {"connections to web1 >= 0", static_cast<double>(s.servers[0].given)},
        {"max(response time) >= 0s", to_seconds(*s.total.response_times.maximum())},
        {"p99(response time) >= 0s", to_seconds(*s.total.response_times.quantile(0.99))},
        {"mean(response time) >= 0s", *s.total.response_times.mean()},
    };
    for (const auto& [text, value] : cases) {
        ExpectationRun run({expect(text)});
        toy::run(cluster, run);
        ASSERT_TRUE(run.results().front().high) << text;
        EXPECT_DOUBLE_EQ(*run.results().front().high, value) << text;
    }
    EXPECT_GT(s.total.timed_out, 0U);
}

TEST(Expectations, ARunThatNeverBeganHoldsNothing) {
    ExpectationRun run({expect("role changes == 0")});
    EXPECT_FALSE(run.results().front().holds);
    EXPECT_THAT(run.results().front().missing, HasSubstr("never began"));
}

// --- several runs ---

namespace {

std::vector<ExpectationResult> runs_of(const Expectation& e, const std::vector<double>& values) {
    std::vector<ExpectationResult> runs;
    for (const double v : values) {
        runs.push_back({v, v, "", keeps_bound(e, v, v), {}});
    }
    return runs;
}

Verdict judged(std::string_view text, const std::vector<double>& values) {
    const auto e = expect(text);
    return judge(e, runs_of(e, values));
}

}  // namespace

TEST(Judging, EachRunMustHoldUnlessAnAggregateIsNamed) {
    EXPECT_TRUE(judged("takeover <= 6s over all seeds", {4, 5, 6}).holds);
    const auto failed = judged("takeover <= 6s over all seeds", {4, 7, 6});
    EXPECT_FALSE(failed.holds);
    EXPECT_EQ(failed.high, 7);
    EXPECT_EQ(failed.low, 4);
    EXPECT_EQ(failed.offenders, std::vector<std::size_t>{1});
    EXPECT_THAT(failed.over, HasSubstr("1 of 3 runs"));
}

TEST(Judging, AggregatesJudgeTheirOneValue) {
    EXPECT_DOUBLE_EQ(*judged("takeover max over 4 seeds <= 6s", {4, 7, 6, 5}).high, 7);
    EXPECT_DOUBLE_EQ(*judged("takeover min over 4 seeds >= 4s", {4, 7, 6, 5}).high, 4);
    EXPECT_DOUBLE_EQ(*judged("takeover mean over 4 seeds <= 6s", {4, 7, 6, 5}).high, 5.5);
    EXPECT_DOUBLE_EQ(*judged("median over 4 seeds of takeover <= 6s", {4, 7, 6, 5}).high, 5);
    EXPECT_TRUE(judged("p75 over 4 seeds of takeover <= 6s", {4, 7, 6, 5}).holds);
    EXPECT_FALSE(judged("p76 over 4 seeds of takeover <= 6s", {4, 7, 6, 5}).holds);
    EXPECT_EQ(judged("median over 4 seeds of takeover <= 6s", {4, 7, 6, 5}).over, "4 runs");
    EXPECT_EQ(judged("median over 4 seeds of takeover <= 4s", {4, 7, 6, 5}).over,
              "3 of 4 runs are beyond the bound");
    std::vector<double> hundred;
    for (int i = 1; i <= 100; ++i) {
        hundred.push_back(i);
    }
    EXPECT_DOUBLE_EQ(*judged("p99 over 100 seeds of takeover <= 99s", hundred).high, 99);
    EXPECT_DOUBLE_EQ(*judged("p29 over 100 seeds of takeover <= 99s", hundred).high, 29);
}

TEST(Judging, ARunWithoutAValueFailsIt) {
    const auto e = expect("p50 over 3 seeds of takeover <= 6s");
    auto runs = runs_of(e, {4, 5});
    runs.push_back({{}, {}, "no takeover happened", false, {}});
    const auto verdict = judge(e, runs);
    EXPECT_FALSE(verdict.holds);
    EXPECT_THAT(verdict.over, HasSubstr("in 1 of 3 runs: no takeover happened"));
    EXPECT_FALSE(judge(e, {}).holds);
}

TEST(Judging, MoreRunsBelowTheBoundNeverBreakIt) {
    EXPECT_TRUE(rc::check([] {
        const auto e = expect("p90 over 10 seeds of takeover <= 6s");
        const auto of = [](int v) { return v / 10.0; };
        std::vector<double> values;
        for (const int v :
             *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 120)))) {
            values.push_back(of(v));
        }
        const bool held = judge(e, runs_of(e, values)).holds;
        values.push_back(1);
        RC_ASSERT(!held || judge(e, runs_of(e, values)).holds);
    }));
}

TEST(Judging, OneStreamGivesOneVerdictWhateverElseIsExpected) {
    EXPECT_TRUE(rc::check([] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        toy::Cluster cluster;
        cluster.seed = seed;
        cluster.seconds = 2;
        cluster.servers = {{"web1"}, {"web2"}};
        ExpectationRun alone({expect("max(response time) <= 100ms")});
        ExpectationRun among({expect("refused == 0"), expect("max(response time) <= 100ms")});
        toy::run(cluster, alone);
        toy::run(cluster, among);
        RC_ASSERT(alone.results()[0].high == among.results()[1].high);
        RC_ASSERT(alone.results()[0].story == among.results()[1].story);
    }));
}
