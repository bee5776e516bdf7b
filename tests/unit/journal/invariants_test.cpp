// SPDX-License-Identifier: GPL-2.0-only
// The invariants of decisions, connections and counters, by streams of events that break them and
// by near misses.
#include <set>

#include "tests/unit/journal/invariant_story.hpp"
#include "tests/unit/journal/toy_cluster.hpp"

using namespace lvslab;
using namespace lvslab::journal;
using namespace lvslab::journal::test;
using testing::HasSubstr;

// ---- taken_out ----

TEST(TakenOut, AConnectionIsScheduledToARemovedOrQuiescedServer) {
    Story removed;
    removed.at(0s, DestinationAdded{0, 0, 1, 1})
        .at(12s, DestinationRemoved{0, 0, 1})
        .at(13s, decision(1));
    EXPECT_EQ(removed.names(), Names{"taken_out"});
    EXPECT_EQ(removed.message(),
              "connection 172.16.0.9:40000 to 10.0.0.1:80 was scheduled to web2, which lvs1 took "
              "out of http at 12 s");
    Story quiesced;
    quiesced.at(0s, DestinationAdded{0, 0, 1, 1})
        .at(12s, DestinationEdited{0, 0, 1, 0})
        .at(13s, decision(1));
    EXPECT_THAT(quiesced.message(), HasSubstr("lvs1 set to weight 0 in http at 12 s"));
    Story never_in;
    never_in.at(1s, decision(0));
    EXPECT_THAT(never_in.message(), HasSubstr("never put into http"));
    Story service_gone;
    service_gone.at(0s, DestinationAdded{0, 0, 0, 1})
        .at(1s, ServiceRemoved{0, 0})
        .at(2s, decision(0));
    EXPECT_EQ(service_gone.names(), Names{"taken_out"});
}

TEST(TakenOut, HoldsForEachServiceOfEachRouterByItself) {
    Story story;
    story.at(0s, DestinationAdded{0, 0, 1, 1})
        .at(0s, DestinationAdded{1, 0, 1, 1})
        .at(0s, DestinationAdded{0, 1, 1, 1})
        .at(12s, DestinationRemoved{0, 0, 1})
        .at(13s, decision(1, "172.16.0.9:1", 2, 1, 0))
        .at(13s, decision(1, "172.16.0.9:1", 2, 0, 1));
    EXPECT_EQ(story.names(), none);
}

TEST(TakenOut, TemplatesMaySendToAQuiescedServerAndPutBackIsIn) {
    Story story;
    story.at(0s, DestinationAdded{0, 0, 1, 1})
        .at(1s, DestinationEdited{0, 0, 1, 0})
        .at(2s, decision(1, "172.16.0.9:1", by_template))
        .at(3s, DestinationEdited{0, 0, 1, 1})
        .at(3s, decision(1))
        .at(4s, decision(no_index, "172.16.0.9:2", 0));
    EXPECT_EQ(story.names(), none);
}

TEST(TakenOut, ARebootedRouterHasNoServers) {
    Story story;
    story.at(0s, DestinationAdded{0, 0, 0, 1})
        .at(1s, node("lvs1", NodeState::crashed))
        .at(5s, node("lvs1", NodeState::up))
        .at(6s, decision(0));
    EXPECT_EQ(story.names(), Names{"taken_out"});
}

// ---- persistence ----

namespace {

/// A persistent service (300 s) with both servers in it.
struct Shop : Story {
    explicit Shop(Address mask = Address::v4(0xFFFFFFFF)) {
        at(0s, ServiceSet{0, 0, "wlc", 300s, mask});
        at(0s, DestinationAdded{0, 0, 0, 1});
        at(0s, DestinationAdded{0, 0, 1, 1});
    }
};

}  // namespace

TEST(Persistence, AClientIsSentElsewhereBeforeItsTemplateExpires) {
    Shop shop;
    shop.at(1s, decision(0, "172.16.0.9:40000")).at(300s, decision(1, "172.16.0.9:40001"));
    EXPECT_EQ(shop.names(), Names{"persistence"});
    EXPECT_EQ(shop.message(),
              "connection 172.16.0.9:40001 to 10.0.0.1:80 went to web2; the template of 172.16.0.9 "
              "names web1, 299 s ago, and lives for 300 s");
}

TEST(Persistence, ATemplateThatExpiredBindsNobody) {
    Shop shop;
    shop.at(1s, decision(0)).at(301s, decision(1));
    EXPECT_EQ(shop.names(), none);
}

TEST(Persistence, EachUseOfATemplateStartsItsTimeAgain) {
    Shop shop;
    shop.at(1s, decision(0)).at(200s, decision(0, "172.16.0.9:2", by_template));
    shop.at(450s, decision(1));
    EXPECT_EQ(shop.names(), Names{"persistence"});
}

TEST(Persistence, ATemplateThatConnectionsHeldPastItsTimeLivesAMinute) {
    Shop expired;
    expired.at(1s, decision(0)).at(310s, decision(0, "172.16.0.9:2", by_template));
    expired.at(371s, decision(1));
    EXPECT_EQ(expired.names(), none);
    Shop held;
    held.at(1s, decision(0)).at(310s, decision(0, "172.16.0.9:2", by_template));
    held.at(369s, decision(1));
    EXPECT_EQ(held.names(), Names{"persistence"});
}

TEST(Persistence, TheMaskMakesNeighboursOneClient) {
    Shop farm(Address::v4(0xFFFFFF00));
    farm.at(1s, decision(0, "172.16.0.9:1")).at(2s, decision(1, "172.16.0.77:1"));
    EXPECT_EQ(farm.names(), Names{"persistence"});
    Shop single;
    single.at(1s, decision(0, "172.16.0.9:1")).at(2s, decision(1, "172.16.0.77:1"));
    EXPECT_EQ(single.names(), none);
    Shop neighbours(Address::v4(0xFFFFFF00));
    neighbours.at(1s, decision(0, "172.16.0.9:1")).at(2s, decision(1, "172.16.1.9:1"));
    EXPECT_EQ(neighbours.names(), none);
}

TEST(Persistence, IsOverWhenTheServerServiceOrRouterIsGoneOrTemplatesAreSent) {
    const auto after = [](const auto& event) {
        Shop shop;
        shop.at(1s, decision(0)).at(2s, event).at(2s, DestinationAdded{0, 0, 1, 1});
        shop.at(3s, decision(1));
        return shop.names();
    };
    EXPECT_EQ(after(DestinationRemoved{0, 0, 0}), none);
    EXPECT_EQ(after(DestinationEdited{0, 0, 0, 0}), none);
    EXPECT_EQ(after(ServiceRemoved{0, 0}), none);
    EXPECT_EQ(after(ServiceSet{0, 0, "wlc", 60s, Address::v4(0xFFFFFFFF)}), none);
    EXPECT_EQ(after(node("lvs1", NodeState::crashed)).size(), 1U) << "it decides though crashed";
    EXPECT_EQ(after(SyncReceived{0, 1, 0}), none);
    // What changes neither binds still.
    EXPECT_EQ(after(DestinationEdited{0, 0, 0, 5}), Names{"persistence"});
    EXPECT_EQ(after(DestinationRemoved{0, 1, 0}), Names{"persistence"});
    EXPECT_EQ(after(SyncReceived{1, 1, 0}), Names{"persistence"});
    EXPECT_EQ(after(ServiceSet{0, 0, "rr", 300s, Address::v4(0xFFFFFFFF)}), Names{"persistence"});
}

TEST(Persistence, BindsOneDirectorAndPersistentServicesOnly) {
    Shop other_router;
    other_router.at(0s, ServiceSet{1, 0, "wlc", 300s, Address::v4(0xFFFFFFFF)})
        .at(0s, DestinationAdded{1, 0, 1, 1})
        .at(1s, decision(0))
        .at(2s, decision(1, "172.16.0.9:2", 2, 1));
    EXPECT_EQ(other_router.names(), none);
    Story not_persistent;
    not_persistent.at(0s, ServiceSet{0, 0, "wlc", 0s, Address::v4(0xFFFFFFFF)})
        .at(0s, DestinationAdded{0, 0, 0, 1})
        .at(0s, DestinationAdded{0, 0, 1, 1})
        .at(1s, decision(0))
        .at(2s, decision(1));
    EXPECT_EQ(not_persistent.names(), none);
}

TEST(Persistence, ForgetsTheOldestOfMoreClientsThanItKeeps) {
    Shop shop;
    const auto meet = [&](std::uint32_t client, std::uint32_t server) {
        auto event = decision(server);
        event.client = {Address::v4(0x0B000000 + client), Port{1}};
        shop.at(1s, event);
    };
    for (std::uint32_t client = 0; client < 70000; ++client) {
        meet(client, 0);
    }
    meet(0, 1);      // forgotten
    meet(69999, 1);  // not
    EXPECT_EQ(shop.names(), Names{"persistence"});
    EXPECT_THAT(shop.message(), HasSubstr("11.1.17.111"));
}

// ---- connections_accounted ----

TEST(ConnectionsAccounted, EachIsOpenedOnceAndClosedOnce) {
    Story twice_open;
    twice_open.at(1s, opened(7)).at(2s, opened(7));
    EXPECT_THAT(twice_open.message(), HasSubstr("connection 7 (172.16.0.9:40000 to 10.0.0.1:80) is "
                                                "opened a second time"));
    Story again;
    again.at(1s, opened(7)).at(2s, closed(7)).at(3s, opened(7));
    EXPECT_THAT(again.message(), HasSubstr("opened a second time"));
    Story twice_closed;
    twice_closed.at(1s, opened(7)).at(2s, closed(7)).at(3s, closed(7));
    EXPECT_EQ(twice_closed.message(), "connection 7 is closed a second time");
    Story never_opened;
    never_opened.at(2s, closed(8));
    EXPECT_EQ(never_opened.message(), "connection 8 is closed and was never opened");
    Story left_open;
    left_open.at(1s, opened(3)).at(1s, opened(2)).at(1s, opened(1)).at(2s, closed(1));
    left_open.at(9s, RunEnded{});
    EXPECT_EQ(left_open.message(), "2 connections were never closed, the first is 2");
}

TEST(ConnectionsAccounted, AnyOrderOfEndsIsRight) {
    Story story;
    for (std::uint64_t id = 0; id < 1000; ++id) {
        story.at(1s, opened(id));
    }
    for (std::uint64_t id = 0; id < 1000; ++id) {
        story.at(2s, closed((id * 7) % 1000));
    }
    story.at(3s, RunEnded{});
    EXPECT_EQ(story.names(), none);
    story.at(3s, closed(500));
    EXPECT_EQ(story.names(), Names{"connections_accounted"});
}

TEST(ConnectionsAccounted, AJournalOfDecisionsDoesNotTellBeginnings) {
    Story story(a_pair(), Level::decisions);
    story.at(1s, closed(1)).at(2s, RunEnded{});
    EXPECT_EQ(story.names(), none);
    story.at(2s, closed(1));
    EXPECT_EQ(story.names(), Names{"connections_accounted"});
}

// ---- counters_grow ----

TEST(CountersGrow, NoneRunsBackOrBelowZero) {
    const auto names = [](const auto& first, const auto& second) {
        Story story;
        story.at(1s, first).at(2s, second);
        return story.names();
    };
    const Names broken{"counters_grow"};
    EXPECT_EQ(names(ServerLoad{0, 0, 0, 2s, 0}, ServerLoad{0, 0, 0, 1s, 0}), broken);
    EXPECT_EQ(names(ServerLoad{0, 0, 0, 2s, 5}, ServerLoad{0, 0, 0, 2s, 4}), broken);
    EXPECT_EQ(names(ServerLoad{0, 0, 0, 2s, 5}, ServerLoad{1, 0, 0, 1s, 4}), none);
    EXPECT_EQ(names(NodeTraffic{"a", 2, 2, 2, 2}, NodeTraffic{"a", 2, 2, 2, 1}), broken);
    EXPECT_EQ(names(NodeTraffic{"a", 2, 2, 2, 2}, NodeTraffic{"a", 2, 2, 2, 2}), none);
    EXPECT_EQ(
        names(DirectorTraffic{0, 2, 2, 0, 0, 0, 0, 0}, DirectorTraffic{0, 1, 1, 0, 0, 0, 0, 0}),
        (Names{"counters_grow", "counters_grow"}));
    EXPECT_EQ(names(LinkTraffic{"l", 2, 1, 1, 0, 0}, LinkTraffic{"l", 2, 2, 0, 0, 0}), broken);
    EXPECT_EQ(names(LinkTraffic{"l", 2, 1, 0, 0, 1}, LinkTraffic{"l", 2, 2, 0, 0, 0}), none);
    const auto alone = [](const auto& event) {
        Story story;
        story.at(1s, event);
        return story.names();
    };
    EXPECT_EQ(alone(DestinationLoad{0, 0, 0, 1, -1, 0}), broken);
    EXPECT_EQ(alone(DestinationLoad{0, 0, 0, 1, 0, 0}), none);
    EXPECT_EQ(alone(ServerLoad{0, 0xFFFFFFFF, 0, 0s, 0}), broken);
    EXPECT_EQ(alone(ServerLoad{0, 0, 0, -1s, 0}), broken);
    EXPECT_EQ(alone(NodeTraffic{"a", 0, 0xFFFFFFFFFFFFFFFF, 0, 0}), broken);
    EXPECT_EQ(alone(ResponseReceived{1, 0, 0, 0, -1ns, 1}), broken);
}

TEST(CountersGrow, SayWhoAndFromWhereToWhere) {
    Story story;
    story.at(1s, NodeTraffic{"lvs1", 10, 0, 0, 0}).at(2s, NodeTraffic{"lvs1", 9, 0, 0, 0});
    EXPECT_EQ(story.message(), "node lvs1: received_packets ran back from 10 to 9");
}

TEST(CountersGrow, BeginAnewAfterACrashAndAnApplicationsAfterAStop) {
    Story story;
    story.at(1s, NodeTraffic{"web1", 9, 9, 9, 9})
        .at(1s, ServerLoad{0, 0, 0, 9s, 9})
        .at(1s, DirectorTraffic{0, 9, 9, 0, 0, 0, 0, 0})
        .at(2s, node("web1", NodeState::service_stopped))
        .at(3s, ServerLoad{0, 0, 0, 1s, 1})
        .at(4s, node("web1", NodeState::crashed))
        .at(4s, node("lvs1", NodeState::crashed))
        .at(5s, NodeTraffic{"web1", 1, 1, 1, 1})
        .at(5s, ServerLoad{0, 0, 0, 0s, 0})
        .at(5s, DirectorTraffic{0, 1, 1, 0, 0, 0, 0, 0});
    EXPECT_EQ(story.names(), none);
    story.at(6s, node("web1", NodeState::service_stopped)).at(7s, NodeTraffic{"web1", 0, 1, 1, 1});
    EXPECT_EQ(story.names(), Names{"counters_grow"}) << "the machine ran on";
}

// ---- packets_conserved ----

TEST(PacketsConserved, EveryPacketOfADirectorAndALinkIsSomewhere) {
    Story director;
    director.at(1s, DirectorTraffic{0, 21, 1, 2, 3, 4, 5, 6});
    EXPECT_EQ(director.names(), none);
    director.at(2s, DirectorTraffic{0, 23, 1, 3, 3, 4, 5, 6});
    EXPECT_EQ(director.message(),
              "director of lvs1: seen 23 packets, but passed 1 + forwarded 3 + replies 3 + dropped "
              "4 + rejected 5 + reset 6 = 22");
    Story link;
    link.at(1s, LinkTraffic{"web1/up", 10, 5, 2, 2, 1});
    EXPECT_EQ(link.names(), none);
    link.at(2s, LinkTraffic{"web1/up", 11, 5, 2, 2, 1});
    EXPECT_EQ(
        link.message(),
        "link web1/up: offered 11 packets, but delivered 5 + lost 2 + cut 2 + waiting 1 = 10");
}

// ---- all of them ----

TEST(Invariants, AHealthyRunBreaksNone) {
    toy::Cluster cluster;
    cluster.servers = {{"web1", 1, 4, 0.05}, {"web2", 1, 4, 0.05}};
    cluster.patience = 0.1;
    Invariants invariants;
    toy::run(cluster, invariants);
    EXPECT_TRUE(invariants.held())
        << (invariants.held() ? "" : invariants.violations()[0].to_string());
}

TEST(Invariants, AViolationHasTheLastTenEventsUpToTheOneThatShowedIt) {
    Story story;
    story.at(0s, DestinationAdded{0, 0, 0, 1}).at(1s, DestinationRemoved{0, 0, 0});
    for (int i = 0; i < 20; ++i) {
        story.at(2s + i * 1ms, RouterNote{0, "note " + std::to_string(i)});
    }
    story.at(3s, decision(0));
    ASSERT_EQ(story.violations().size(), 1U);
    const auto& violation = story.violations()[0];
    EXPECT_EQ(violation.time, Time{3s});
    ASSERT_EQ(violation.last_events.size(), Invariants::events_kept);
    EXPECT_THAT(violation.last_events.front(), HasSubstr("note 11"));
    EXPECT_EQ(violation.last_events.back(),
              R"({"time":3.000000000,"event":"decision","router":"lvs1","service":"http",)"
              R"("server":"web1","origin":"scheduled","client":"172.16.0.9:40000",)"
              R"("virtual":"10.0.0.1:80"})");
    EXPECT_THAT(violation.to_string(), testing::StartsWith("taken_out at 3 s: connection 172.16"));
    EXPECT_THAT(violation.to_string(), HasSubstr("\n    {\"time\":2.011000000,"));
}

TEST(Invariants, AreAllCountedAndTheFirstOfEachKindKept) {
    Story story;
    for (int i = 0; i < 50; ++i) {
        story.at(1s, decision(0));
    }
    story.at(2s, DirectorTraffic{0, 1, 0, 0, 0, 0, 0, 0});
    EXPECT_EQ(story.count(), 51U);
    EXPECT_EQ(story.violations().size(), Invariants::most_violations + 1);
    EXPECT_EQ(story.violations().back().name, "packets_conserved");
}

TEST(Invariants, ListHasEachNameOnceWithMeaningAndSource) {
    std::set<std::string_view> names;
    for (const auto& kind : invariant_kinds()) {
        EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
        EXPECT_FALSE(kind.meaning.empty());
        EXPECT_FALSE(kind.source.empty());
    }
    EXPECT_EQ(names,
              (std::set<std::string_view>{"one_active", "vip_answered", "dead_router_silent",
                                          "taken_out", "persistence", "connections_accounted",
                                          "counters_grow", "packets_conserved"}));
}
