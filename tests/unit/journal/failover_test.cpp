// SPDX-License-Identifier: GPL-2.0-only
// Metrics of routers, outages, servers' states, data servers, and the tables of a failover.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/journal/invariants.hpp"
#include "core/journal/metrics.hpp"
#include "core/journal/observables.hpp"
#include "core/journal/outage.hpp"
#include "core/journal/summary.hpp"
#include "tests/unit/journal/journal_file.hpp"

using namespace lvslab;
using namespace lvslab::journal;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

RunStarted a_pair() {
    RunStarted run;
    run.servers = {"web1", "web2"};
    run.weights = {1, 1};
    run.workers = {1, 1};
    run.workloads = {"shop", "mail"};
    run.services = {"http"};
    run.routers = {"lvs1", "lvs2"};
    run.data_servers = {"nfs"};
    run.keepalive = {2s, 2s};
    run.deadtime = {3s, 3s};
    return run;
}

/// A run told event by event, each at its time.
struct Story {
    Metrics metrics;

    Story() { metrics.take({Time{}, a_pair()}); }
    template <class Payload>
    Story& at(Duration time, Payload payload) {
        metrics.take({Time{time}, std::move(payload)});
        return *this;
    }
    const Failover& failover() const { return metrics.summary().failover; }
    const ClientMetrics& clients() const { return metrics.summary().workloads[0]; }
    std::string table(std::string_view name) const {
        for (const auto& file : summary_tables(metrics.summary())) {
            if (file.name == name) {
                return file.text;
            }
        }
        return "no such table";
    }
};

constexpr bool active = true, inactive = false;

RoleChanged role(std::uint32_t router, bool is_active) {
    return {router, is_active, "partner silent"};
}

ResponseReceived response(Duration waited) {
    return {0, 0, 0, 0, waited, 100};
}

ConnectionClosed closed(Outcome outcome, Duration duration) {
    return {0, 0, no_index, outcome, duration};
}

}  // namespace

TEST(Takeover, IsTimedFromTheCrashOfTheActiveRouter) {
    Story story;
    story.at(0s, role(0, active))
        .at(30s, NodeChanged{"lvs1", NodeState::crashed})
        .at(32500ms, role(1, active))
        .at(40s, RunEnded{});
    ASSERT_EQ(story.failover().takeovers().size(), 1U);
    const auto& takeover = story.failover().takeovers()[0];
    EXPECT_EQ(takeover.from, 0U);
    EXPECT_EQ(takeover.to, 1U);
    EXPECT_EQ(takeover.failed, Time{30s});
    EXPECT_EQ(takeover.time(), 2500ms);
    EXPECT_EQ(story.failover().none_active().total(Time{40s}), 2500ms);
    EXPECT_EQ(story.failover().two_active().total(Time{40s}), 0s);
    EXPECT_EQ(story.failover().routers()[0].active.total(Time{40s}), 30s);
    EXPECT_EQ(story.failover().routers()[1].active.total(Time{40s}), 7500ms);
}

TEST(Takeover, IsTimedFromAHangASuspensionAndAChangeOfRole) {
    for (const auto state : {NodeState::hung, NodeState::daemons_suspended}) {
        Story story;
        story.at(0s, role(0, active)).at(10s, NodeChanged{"lvs1", state}).at(13s, role(1, active));
        EXPECT_EQ(story.failover().longest_takeover(), 3s);
    }
    Story handed_over;
    handed_over.at(0s, role(0, active)).at(10s, role(0, inactive)).at(10100ms, role(1, active));
    EXPECT_EQ(handed_over.failover().longest_takeover(), 100ms);
}

TEST(Takeover, OfARouterThatDidNotFailHasNoTimeAndBothAreActive) {
    Story story;
    story.at(0s, role(0, active))
        .at(10s, role(1, active))
        .at(14s, role(1, inactive))
        .at(20s, RunEnded{});
    ASSERT_EQ(story.failover().takeovers().size(), 1U);
    EXPECT_FALSE(story.failover().takeovers()[0].time());
    EXPECT_FALSE(story.failover().longest_takeover());
    EXPECT_EQ(story.failover().two_active().total(Time{20s}), 4s);
}

TEST(Takeover, AfterASplitBrainComesFromTheRouterThatKeptTheService) {
    Story story;
    story.at(0s, role(0, active))
        .at(10s, role(1, active))
        .at(11s, role(1, inactive))
        .at(20s, NodeChanged{"lvs1", NodeState::crashed})
        .at(23s, role(1, active));
    ASSERT_EQ(story.failover().takeovers().size(), 2U);
    EXPECT_EQ(story.failover().takeovers()[1].from, 0U);
    EXPECT_EQ(story.failover().takeovers()[1].time(), 3s);
}

TEST(Takeover, IsNoneIfTheSameRouterComesBackOrWakesUpInTime) {
    Story back;
    back.at(0s, role(0, active))
        .at(10s, NodeChanged{"lvs1", NodeState::crashed})
        .at(11s, NodeChanged{"lvs1", NodeState::up})
        .at(15s, role(0, active));
    EXPECT_TRUE(back.failover().takeovers().empty());
    EXPECT_EQ(back.failover().none_active().total(Time{15s}), 5s);
    Story woken;
    woken.at(0s, role(0, active))
        .at(10s, NodeChanged{"lvs1", NodeState::hung})
        .at(11s, NodeChanged{"lvs1", NodeState::up})
        .at(20s, NodeChanged{"lvs1", NodeState::hung})
        .at(23s, role(1, active));
    EXPECT_EQ(woken.failover().longest_takeover(), 3s);
}

TEST(Takeover, ASuspendedRouterStaysActiveBesideItsSuccessorAHungOneDoesNot) {
    const auto two_active = [](NodeState state) {
        Story story;
        story.at(0s, role(0, active)).at(10s, NodeChanged{"lvs1", state}).at(13s, role(1, active));
        return story.failover().two_active().total(Time{20s});
    };
    EXPECT_EQ(two_active(NodeState::daemons_suspended), 7s);
    EXPECT_EQ(two_active(NodeState::hung), 0s);
}

TEST(Takeover, SurvivorsWereOpenBeforeTheFailureAndServedAfterTheTakeover) {
    Story story;
    story.at(0s, role(0, active))
        .at(29s, closed(Outcome::served, 1s))  // ended before
        .at(30s, NodeChanged{"lvs1", NodeState::crashed})
        .at(31s, closed(Outcome::reset, 5s))  // ended between
        .at(33s, role(1, active))
        .at(34s, closed(Outcome::served, 3500ms))   // opened between
        .at(35s, closed(Outcome::served, 10s))      // survived
        .at(36s, closed(Outcome::timed_out, 10s));  // did not
    EXPECT_EQ(story.failover().open_at_takeovers(), 2U);
    EXPECT_EQ(story.failover().survived_takeovers(), 1U);
}

TEST(Takeover, OfARunWithoutDaemonsIsNullNotZero) {
    Story story;
    story.at(1s, closed(Outcome::served, 1s)).at(2s, RunEnded{});
    const auto parsed = json::parse(summary_json(story.metrics.summary()));
    for (const auto* name : {"takeovers", "takeover_time_max", "two_active_time",
                             "none_active_time", "survived_takeovers"}) {
        EXPECT_TRUE(parsed["failover"][name].is_null()) << name;
    }
    EXPECT_TRUE(parsed["routers"][0]["activations"].is_null());
    EXPECT_EQ(parsed["takeovers"].size(), 0U);
}

TEST(Outage, IsTheTimeWithoutAnAnswerWhileSomebodyWaits) {
    Story story;
    story.at(10s, response(100ms))
        .at(14s, response(3s))           // asked at 11 s
        .at(14500ms, response(3800ms));  // asked at 10.7 s, told last
    EXPECT_EQ(story.clients().outage->from, Time{10700ms});
    EXPECT_EQ(story.clients().outage->to, Time{14s});
}

TEST(Outage, IsNoneWhenNobodyAsks) {
    Story story;
    story.at(10s, response(100ms)).at(50s, response(100ms));
    EXPECT_EQ(story.clients().outage->length(), 100ms);
}

TEST(Outage, GoesOnAfterAFailedConnectionUntilTheNextAnswerOrTheLastFailure) {
    Story story;
    story.at(10s, response(10ms))
        .at(12s, closed(Outcome::refused, 1ms))
        .at(15s, closed(Outcome::refused, 1ms));
    EXPECT_EQ(story.clients().outage->length(), 3001ms);
    story.at(20s, response(10ms));
    EXPECT_EQ(story.clients().outage->from, Time{11999ms});
    EXPECT_EQ(story.clients().outage->to, Time{20s});
}

TEST(Outage, OfOneWorkloadIsNotHiddenByAnother) {
    Story story;
    story.at(10s, response(10ms)).at(12s, closed(Outcome::refused, 1ms));
    for (int second = 13; second < 20; ++second) {
        story.at(std::chrono::seconds(second), ResponseReceived{0, 0, 1, 0, 1ms, 1});
    }
    story.at(20s, response(10ms));
    EXPECT_EQ(story.metrics.summary().total.outage->length(), 8001ms);
    EXPECT_EQ(story.metrics.summary().workloads[1].outage->length(), 1ms);
}

namespace {

struct Wait {
    std::int64_t begin, end;
    bool answered;
};

/// By its definition: of every gap between answers, from the first wait in it.
std::int64_t longest_outage(const std::vector<Wait>& waits, std::int64_t end) {
    std::vector<std::int64_t> answers{0};
    for (const auto& wait : waits) {
        if (wait.answered) {
            answers.push_back(wait.end);
        }
    }
    std::sort(answers.begin(), answers.end());
    std::int64_t longest = 0;
    for (const auto& wait : waits) {
        // An answered wait lasts until its answer; a failed one until the next answer after it, or
        // the last failure.
        auto until = wait.end;
        if (!wait.answered) {
            const auto next = std::lower_bound(answers.begin(), answers.end(), wait.end);
            until = next == answers.end() ? end : *next;
        }
        for (std::size_t i = 0; i <= answers.size(); ++i) {
            const auto from = std::max(i == 0 ? 0 : answers[i - 1], wait.begin);
            const auto to = std::min(i == answers.size() ? until : answers[i], until);
            longest = std::max(longest, to - from);
        }
    }
    return longest;
}

}  // namespace

RC_GTEST_PROP(OutageProperty, IsWhatTheDefinitionSaysHoweverLateAWaitIsLearned, ()) {
    std::vector<Wait> waits;
    const auto count = *rc::gen::inRange(1, 40);
    for (int i = 0; i < count; ++i) {
        const auto begin = *rc::gen::inRange<std::int64_t>(0, 200);
        const auto length = *rc::gen::inRange<std::int64_t>(1, 60);
        waits.push_back({begin, begin + length, *rc::gen::arbitrary<bool>()});
    }
    // Failures before answers at one instant, as the definition counts them.
    std::sort(waits.begin(), waits.end(), [](const Wait& a, const Wait& b) {
        return std::pair(a.end, a.answered) < std::pair(b.end, b.answered);
    });
    OutageMeter meter;
    std::int64_t last_failure = 0;
    for (const auto& wait : waits) {
        if (wait.answered) {
            meter.answered(Time{Duration{wait.end}}, Duration{wait.end - wait.begin});
        } else {
            meter.failed(Time{Duration{wait.end}}, Duration{wait.end - wait.begin});
            last_failure = wait.end;
        }
    }
    const auto longest = meter.longest() ? meter.longest()->length().count() : 0;
    RC_ASSERT(longest == longest_outage(waits, last_failure));
}

TEST(ServerStates, ConnectionsGivenToADeadServerAreCounted) {
    Story story;
    const Decision to_web1{0, 0, 0, 2, {}, {}};
    story.at(1s, to_web1)
        .at(10s, NodeChanged{"web1", NodeState::crashed})
        .at(11s, to_web1)
        .at(17s, to_web1)
        .at(20s, NodeChanged{"web1", NodeState::up})
        .at(21s, to_web1)
        .at(30s, RunEnded{});
    const auto& server = story.metrics.summary().servers[0];
    EXPECT_EQ(server.given, 4U);
    EXPECT_EQ(server.given_while_down, 2U);
    EXPECT_EQ(server.given_while_down_last, 7s);
    EXPECT_EQ(server.down.total(Time{30s}), 10s);
}

TEST(ServerStates, AServerThatIsStartedAnewKeepsTheWorkItHadDone) {
    Story story;
    story.at(1s, Decision{0, 0, 0, 2, {}, {}})
        .at(10s, ServerLoad{0, 1, 0, 8s, 0})
        .at(20s, ServerLoad{0, 1, 0, 3s, 0});
    const auto& server = story.metrics.summary().servers[0];
    EXPECT_EQ(server.work_done, 11s);
    EXPECT_DOUBLE_EQ(server.load.points()[1].values[2], 0.3);
}

TEST(FailoverCounts, AreKeptForEachRouterServerAndWorkload) {
    Story story;
    story.at(1s, HeartbeatSent{0, 0, true})
        .at(1s, HeartbeatSent{0, 1, true})
        .at(1s, HeartbeatHeard{1, 1, true})
        .at(2s, CheckEnded{0, 0, 1, true, 10ms})
        .at(3s, CheckEnded{0, 0, 1, false, 30ms})
        .at(3s, LoadMeasured{0, 0, 1, 0.5})
        .at(4s, SyncSent{0, 10, 400})
        .at(4s, SyncReceived{1, 10, 1})
        .at(5s, SessionEnded{0, 1, 3, true})
        .at(5s, SessionEnded{0, 2, 3, false})
        .at(5s, StaleResponse{1, 0, 0, 90s})
        .at(6s, DataRequestEnded{0, 0, true, 4ms})
        .at(6s, DataRequestEnded{0, 0, false, 1s})
        .at(6s, DataRole{0, 1, true})
        .at(7s, LinkTraffic{"web1/up", 10, 9, 1, 0, 0})
        .at(7s, DirectorTraffic{0, 10, 1, 9, 0, 0, 0, 0});
    const auto parsed = json::parse(summary_json(story.metrics.summary()));
    const auto& lvs1 = parsed["routers"][0];
    EXPECT_EQ(lvs1["heartbeats_sent_public"], 1);
    EXPECT_EQ(lvs1["heartbeats_sent_private"], 1);
    EXPECT_EQ(parsed["routers"][1]["heartbeats_heard_private"], 1);
    EXPECT_EQ(lvs1["checks"], 2);
    EXPECT_EQ(lvs1["checks_failed"], 1);
    EXPECT_EQ(lvs1["sync_connections_sent"], 10);
    EXPECT_EQ(lvs1["packets_seen"], 10);
    EXPECT_EQ(parsed["routers"][1]["sync_connections_refused"], 1);
    EXPECT_TRUE(parsed["routers"][1]["packets_seen"].is_null());
    EXPECT_EQ(parsed["total"]["sessions"], 2);
    EXPECT_EQ(parsed["workloads"][0]["sessions_broken"], 1);
    EXPECT_EQ(parsed["total"]["stale_age_max"], 90);
    EXPECT_EQ(parsed["data_servers"][0]["requests"], 2);
    EXPECT_EQ(parsed["data_servers"][0]["failed"], 1);
    EXPECT_EQ(parsed["servers"][0]["data_requests_failed"], 1);
    EXPECT_EQ(story.table("checks.csv"),
              "router,service,server,checks,failed,time_mean,time_max,load\n"
              "lvs1,http,web2,2,1,0.02,0.03,0.5\n");
    EXPECT_EQ(story.table("links.csv"),
              "link,offered,delivered,lost,cut,waiting\nweb1/up,10,9,1,0,0\n");
}

TEST(FailoverTables, TellTheStoryInOrder) {
    Story story;
    const auto vip = *Address::parse("10.0.0.1");
    story.at(0s, DestinationAdded{0, 0, 0, 1})
        .at(0s, role(0, active))
        .at(0s, AddressRaised{0, vip})
        .at(5s, FaultInjected{2, "crash web1"})
        .at(5s, NodeChanged{"web1", NodeState::crashed})
        .at(8s, DestinationRemoved{0, 0, 0})
        .at(9s, DestinationAdded{0, 0, 0, 1})
        .at(10s, HeartbeatPath{0, 1, 1, false, 0s})
        .at(20s, role(0, inactive))
        .at(20s, AddressLowered{0, vip})
        .at(21s, role(1, active))
        .at(21s, AddressAnnounced{1, vip, 1});
    EXPECT_EQ(story.table("timeline.csv"),
              "time,kind,subject,detail\n"
              "0,put_in,web1,http at lvs1\n"
              "0,active,lvs1,partner silent\n"
              "0,raised,lvs1,10.0.0.1\n"
              "5,fault,crash web1,2\n"
              "5,node,web1,crashed\n"
              "8,taken_out,web1,http at lvs1\n"
              "9,put_back,web1,http at lvs1\n"
              "10,path_cut,lvs1 to lvs2,private\n"
              "20,inactive,lvs1,partner silent\n"
              "20,lowered,lvs1,10.0.0.1\n"
              "21,active,lvs2,partner silent\n"
              "21,takeover,lvs2,\"lvs1, after 1 s\"\n"
              "21,announced,lvs2,10.0.0.1\n");
}

TEST(FailoverTables, UseOnlyKindsThatAreDeclared) {
    Story story;
    story.at(0s, DataRole{0, 0, false}).at(0s, DataRole{0, 1, true});
    story.at(0s, role(0, active)).at(0s, role(1, active));
    for (const auto& entry : story.metrics.summary().timeline.entries()) {
        EXPECT_TRUE(std::any_of(timeline_kinds().begin(), timeline_kinds().end(),
                                [&](const auto& kind) { return kind.name == entry.kind; }))
            << entry.kind;
    }
}

TEST(FailoverTables, HeartbeatsAndRefusalsAreSeries) {
    Story story;
    story.at(1s, HeartbeatSent{0, 1, true})
        .at(1001ms, HeartbeatHeard{1, 1, true})
        .at(2500ms, closed(Outcome::refused, 1s))
        .at(2600ms, closed(Outcome::served, 100ms));
    EXPECT_EQ(story.table("heartbeats.csv"),
              "time,router,path,event,running\n"
              "1,lvs1,private,sent,true\n"
              "1.001,lvs2,private,heard,true\n");
    EXPECT_EQ(story.table("refusals.csv"),
              "time,seconds,opened,served,refused,reset,timed_out,unfinished\n"
              "0,1,0,0,0,0,0,0\n"
              "1,1,1,0,0,0,0,0\n"
              "2,1,1,1,1,0,0,0\n");
}

TEST(FailoverTables, StayBoundedHoweverLongTheRun) {
    Story story;
    for (int i = 0; i < 40000; ++i) {
        story.at(std::chrono::seconds(i), HeartbeatSent{0, 0, true})
            .at(std::chrono::seconds(i), role(i % 2 == 0 ? 0 : 1, active))
            .at(std::chrono::seconds(i), closed(Outcome::served, 1s));
    }
    const auto& s = story.metrics.summary();
    EXPECT_EQ(s.timeline.entries().size(), Timeline::most_entries);
    EXPECT_EQ(s.timeline.entries().size() + s.timeline.entries_left_out(), 40000U + 39999U);
    EXPECT_EQ(s.timeline.heartbeats().size() + s.timeline.heartbeats_left_out(), 40000U);
    EXPECT_EQ(s.failover.takeovers().size(), Failover::most_takeovers);
    EXPECT_EQ(s.failover.takeovers_counted(), 39999U);
    EXPECT_LE(s.rates.bins().size(), ConnectionRates::most_bins);
    EXPECT_EQ(s.rates.width(), 16s);
    std::uint64_t opened = 0, served = 0;
    for (const auto& bin : s.rates.bins()) {
        opened += bin.opened;
        served += bin.ended[0];
    }
    EXPECT_EQ(opened, 40000U);
    EXPECT_EQ(served, 40000U);
}

TEST(FailoverCounts, TakeIndicesOfNobody) {
    // A world may not know which service a packet belonged to, or which check ended.
    Invariants invariants;
    Story story;
    const auto nobody = no_index;
    const auto tell = [&](const auto& payload) {
        story.at(1s, payload);
        invariants.take({Time{1s}, payload});
    };
    invariants.take({Time{}, a_pair()});
    tell(RoleChanged{nobody, true, ""});
    tell(HeartbeatSent{nobody, 255, true});
    tell(HeartbeatHeard{nobody, 255, true});
    tell(HeartbeatPath{nobody, nobody, 255, true, 0s});
    tell(AddressRaised{nobody, {}});
    tell(AddressAnnounced{nobody, {}, 1});
    tell(AddressLowered{nobody, {}});
    tell(ServiceSet{nobody, nobody, "", 1s, {}});
    tell(ServiceRemoved{nobody, nobody});
    tell(DestinationAdded{nobody, nobody, nobody, 1});
    tell(DestinationRemoved{nobody, nobody, nobody});
    tell(Decision{nobody, nobody, nobody, 2, {}, {}});
    tell(CheckEnded{nobody, nobody, nobody, true, 0s});
    tell(LoadMeasured{nobody, nobody, nobody, 1});
    tell(SyncSent{nobody, 1, 1});
    tell(SyncReceived{nobody, 1, 1});
    tell(DirectorTraffic{nobody, 0, 0, 0, 0, 0, 0, 0});
    tell(SessionEnded{nobody, 1, 1, true});
    tell(StaleResponse{1, nobody, nobody, 1s});
    tell(DataRequestEnded{nobody, nobody, true, 1s});
    tell(DataRole{nobody, 0, true});
    tell(NodeChanged{"nobody", NodeState::crashed});
    EXPECT_TRUE(invariants.held());
    EXPECT_NO_THROW(json::parse(summary_json(story.metrics.summary())));
    for (const auto& table : summary_tables(story.metrics.summary())) {
        EXPECT_FALSE(table.text.empty()) << table.name;
    }
}
