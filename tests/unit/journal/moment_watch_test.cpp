// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/journal/moment_watch.hpp"
#include "tests/unit/journal/told_events.hpp"

using namespace lvslab;
using namespace lvslab::journal;
using testing::ElementsAre;
using testing::IsEmpty;
using told::Teller;

namespace {

MomentWatch watch(std::string_view text) {
    const KnownNames names{.servers = {"web1", "web2"},
                           .routers = {"lvs1", "lvs2"},
                           .workloads = {},
                           .data_servers = {},
                           .clients = {},
                           .services = {},
                           .schedulers = {}};
    const auto moment = parse_moment(text, {"s.yaml", 1, 1}, names);
    EXPECT_TRUE(moment) << moment.diagnostics.to_string();
    return MomentWatch(moment ? *moment : Moment{});
}

std::vector<double> times(const MomentWatch& watch) {
    std::vector<double> result;
    for (const auto t : watch.times()) {
        result.push_back(to_seconds(t));
    }
    return result;
}

/// lvs1 is active, is crashed at 20 s, and lvs2 takes over at 25 s; lvs1 comes back at 40 s.
void tell_takeover(Sink& sink) {
    Teller(sink)
        .at(0, RoleChanged{0, true, "settled"})
        .at(20, FaultInjected{0, "crash active router"})
        .at(20, NodeChanged{"lvs1", NodeState::crashed})
        .at(25, RoleChanged{1, true, "partner silent"})
        .at(25, AddressAnnounced{1, {}, 1})
        .at(29, AddressAnnounced{1, {}, 5})
        .at(40, FaultInjected{1, "restart lvs1"})
        .at(40, NodeChanged{"lvs1", NodeState::up});
}

std::vector<double> in_takeover(std::string_view moment) {
    auto w = watch(moment);
    tell_takeover(w);
    return times(w);
}

/// web1 dies at 20 s, is taken out at 30 s at the active router, comes back and is put back.
void tell_server_failure(Sink& sink) {
    Teller(sink)
        .at(0, RoleChanged{0, true, "settled"})
        .at(0, DestinationAdded{0, 0, 0, 1})
        .at(0, DestinationAdded{0, 0, 1, 1})
        .at(20, NodeChanged{"web1", NodeState::crashed})
        .at(29, DestinationRemoved{1, 0, 0})
        .at(30, DestinationRemoved{0, 0, 0})
        .at(50, NodeChanged{"web1", NodeState::up})
        .at(60, DestinationAdded{0, 0, 0, 1})
        .at(70, DestinationEdited{0, 0, 0, 0})
        .at(80, DestinationEdited{0, 0, 0, 4});
}

std::vector<double> in_server_failure(std::string_view moment) {
    auto w = watch(moment);
    tell_server_failure(w);
    return times(w);
}

}  // namespace

TEST(MomentWatch, SeesATakeoverAndWhatBelongsToIt) {
    EXPECT_THAT(in_takeover("takeover"), ElementsAre(25));
    EXPECT_THAT(in_takeover("lvs2 becomes active"), ElementsAre(25));
    EXPECT_THAT(in_takeover("lvs1 becomes active"), ElementsAre(0));
    EXPECT_THAT(in_takeover("lvs1 becomes inactive"), ElementsAre(20));
    EXPECT_THAT(in_takeover("lvs2 becomes inactive"), IsEmpty());
    EXPECT_THAT(in_takeover("addresses are announced"), ElementsAre(29));
}

TEST(MomentWatch, SeesAFaultByItsWordsAndByTheMachineThatItMeets) {
    EXPECT_THAT(in_takeover("crash of lvs1"), ElementsAre(20));
    EXPECT_THAT(in_takeover("crash of active router"), ElementsAre(20));
    EXPECT_THAT(in_takeover("the crash"), ElementsAre(20));
    EXPECT_THAT(in_takeover("crash of lvs2"), IsEmpty());
    EXPECT_THAT(in_takeover("restart of lvs1"), ElementsAre(40));
    EXPECT_THAT(in_takeover("fault 1"), ElementsAre(20));
    EXPECT_THAT(in_takeover("fault 2"), ElementsAre(40));
    EXPECT_THAT(in_takeover("lvs1 hangs"), IsEmpty());
}

TEST(MomentWatch, AServerIsTakenOutAndPutBackAtTheActiveRouter) {
    EXPECT_THAT(in_server_failure("web1 is taken out"), ElementsAre(30, 70));
    EXPECT_THAT(in_server_failure("web1 is put back"), ElementsAre(60, 80));
    EXPECT_THAT(in_server_failure("web2 is taken out"), IsEmpty());
    EXPECT_THAT(in_server_failure("web2 is put back"), IsEmpty());
}

TEST(MomentWatch, WithoutDaemonsAnyRoutersPoolCounts) {
    auto w = watch("web1 is taken out");
    Teller(w).at(0, DestinationAdded{0, 0, 0, 1}).at(7, DestinationRemoved{0, 0, 0});
    EXPECT_THAT(times(w), ElementsAre(7));
}

TEST(MomentWatch, LinksAndHeartbeatPathsAreTargetsByWholeWords) {
    for (const auto& [moment, happens] : {std::pair{"cut of heartbeat", true},
                                          {"cut of heartbeat private", true},
                                          {"cut of heartbeat public", false},
                                          {"cut of lvs1", false},
                                          {"cut", true}}) {
        auto w = watch(moment);
        Teller(w)
            .at(10, FaultInjected{0, "cut heartbeat private"})
            .at(20, FaultInjected{0, "heal heartbeat private"});
        EXPECT_EQ(times(w).size(), happens ? 1U : 0U) << moment;
    }
    auto healed = watch("the cut is healed");
    Teller(healed)
        .at(10, FaultInjected{0, "cut heartbeat private"})
        .at(20, FaultInjected{0, "heal heartbeat private"});
    EXPECT_THAT(times(healed), ElementsAre(20));
}

TEST(MomentWatch, AFaultStrikesAndIsNotWhatUndoesIt) {
    auto w = watch("fault 1");
    Teller(w)
        .at(10, FaultInjected{0, "cut heartbeat"})
        .at(12, FaultInjected{0, "heal heartbeat"})
        .at(13, FaultInjected{1, "crash web1"})
        .at(20, FaultInjected{0, "cut heartbeat"});
    EXPECT_THAT(times(w), ElementsAre(10, 20));
}

TEST(MomentWatch, CallsBackEachTimeAndMayBeToldMoreFromThere) {
    auto w = watch("stop of web1");
    std::vector<double> called;
    w.on_happened([&](Time t) {
        called.push_back(to_seconds(t));
        // What a fault that waits for this moment does comes back as an event.
        w.take({t, NodeChanged{"web2", NodeState::crashed}});
    });
    Teller(w)
        .at(1, FaultInjected{0, "stop web1"})
        .at(1, NodeChanged{"web1", NodeState::service_stopped})
        .at(2, NodeChanged{"web1", NodeState::up})
        .at(3, NodeChanged{"web1", NodeState::service_stopped});
    EXPECT_THAT(called, ElementsAre(1, 3));
}

TEST(MomentWatch, ARouterThatOnlyFrozeGoesOn) {
    auto w = watch("takeover");
    Teller(w)
        .at(0, RoleChanged{0, true, "settled"})
        .at(10, NodeChanged{"lvs1", NodeState::hung})
        .at(15, RoleChanged{1, true, "partner silent"})
        .at(20, NodeChanged{"lvs1", NodeState::up})
        .at(20.1, RoleChanged{1, false, "partner active"});
    EXPECT_THAT(times(w), ElementsAre(15));
}

TEST(MomentWatch, TheOneLeftOfTwoActiveRoutersHasTheService) {
    auto takeover = watch("takeover");
    auto taken_out = watch("web1 is taken out");
    for (Sink* sink : std::initializer_list<Sink*>{&takeover, &taken_out}) {
        Teller(*sink)
            .at(0, RoleChanged{0, true, "settled"})
            .at(10, RoleChanged{1, true, "partner silent"})
            .at(20, RoleChanged{1, false, "partner active"})
            .at(30, DestinationRemoved{0, 0, 0})
            .at(40, NodeChanged{"lvs1", NodeState::crashed})
            .at(44, RoleChanged{1, true, "partner silent"});
    }
    EXPECT_THAT(times(takeover), ElementsAre(10, 44));
    EXPECT_THAT(times(taken_out), ElementsAre(30));
}
