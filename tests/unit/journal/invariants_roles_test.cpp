// SPDX-License-Identifier: GPL-2.0-only
// The invariants of roles and routers, by streams of events that break them and by near misses.
#include "core/pulse/actions.hpp"
#include "tests/unit/journal/invariant_story.hpp"

using namespace lvslab;
using namespace lvslab::journal;
using namespace lvslab::journal::test;
using testing::HasSubstr;

/// A change of role as core/pulse words it: what the invariants know it by.
static RoleChanged role(std::uint32_t router, bool is_active, pulse::Reason reason) {
    return role(router, is_active, std::string(to_string(reason)));
}

// ---- one_active ----

TEST(OneActive, NoRouterIsActiveThoughBothAreHeard) {
    Pair pair;
    pair.beat(1s, 9s);
    EXPECT_EQ(pair.names(), Names{"one_active"});
    // T = 1 s + D, D = 1 ms + 10 ms; 2 (2 s + D) + D later.
    EXPECT_EQ(pair.violations()[0].time, Time{5044ms});
    EXPECT_THAT(pair.message(), HasSubstr("no router is active"));
    EXPECT_THAT(pair.message(), HasSubstr("since 1.011 s"));
}

TEST(OneActive, BothAreActiveLongAfterTheCutIsHealed) {
    Pair pair;
    pair.settled().beat(1s, 20s).open(20s, false).beat(21s, 29s, false);
    pair.at(25s, role(1, active)).open(29s, true).beat(29s, 45s);
    EXPECT_EQ(pair.names(), Names{"one_active"});
    EXPECT_THAT(pair.message(), HasSubstr("lvs1 and lvs2 are active"));
    EXPECT_EQ(pair.violations()[0].time, Time{29s + 4033ms});
}

TEST(OneActive, HoldsIfTheBackupYieldsInTime) {
    Pair pair;
    pair.settled().beat(1s, 20s).open(20s, false).beat(21s, 29s, false);
    pair.at(25s, role(1, active)).open(29s, true).beat(29s, 33s);
    pair.at(33s + 33ms, role(1, inactive, pulse::Reason::partner_running)).beat(35s, 60s);
    EXPECT_EQ(pair.names(), none);
}

TEST(OneActive, TwoMayBeActiveAsLongAsTheyCannotHearEachOther) {
    Pair pair;
    pair.settled().beat(1s, 20s).open(20s, false).beat(21s, 25s, false);
    pair.at(25s, role(1, active)).beat(27s, 90s, false);
    EXPECT_EQ(pair.names(), none);
}

TEST(OneActive, OneWholePathIsEnoughAndOneDirectionIsNot) {
    Pair private_only;
    private_only.open(0s, true, 1).beat(1s, 3s, true, 1).open(3s, false, 0);
    private_only.beat(3s, 20s, true, 1);
    EXPECT_EQ(private_only.names(), Names{"one_active"});
    Pair one_way;
    one_way.at(0s, HeartbeatPath{1, 0, 0, false, 1ms}).beat(1s, 20s);
    EXPECT_EQ(one_way.names(), none);
}

TEST(OneActive, AnOpenPathOnWhichNoWordsAreSentPromisesNothing) {
    Pair pair;
    pair.open(0s, true, 1).beat(1s, 3s).open(3s, false, 0).at(60s, RunEnded{});
    EXPECT_EQ(pair.names(), none);
}

TEST(OneActive, ALostWordBeginsThePromiseAnew) {
    Pair pair;
    pair.beat(1s, 5s).beat(5s, 6s, false).beat(7s, 9s);
    EXPECT_EQ(pair.names(), none);
    pair.beat(9s, 12s);
    ASSERT_EQ(pair.names(), Names{"one_active"});
    EXPECT_EQ(pair.violations()[0].time, Time{5s + 4033ms});
}

TEST(OneActive, IsNotPromisedWhileARouterIsDownHungOrHeldUp) {
    for (const auto state : {NodeState::crashed, NodeState::hung, NodeState::daemons_suspended,
                             NodeState::service_stopped}) {
        Pair pair;
        pair.beat(1s, 4s).at(4s, node("lvs2", state)).at(60s, RunEnded{});
        EXPECT_EQ(pair.names(), none);
    }
}

TEST(OneActive, IsNotPromisedWhereKeepaliveIsNotBelowDeadtime) {
    auto run = a_pair();
    run.keepalive = {30s, 30s};
    run.deadtime = {18s, 18s};
    Pair flapping(run);
    flapping.beat(1s, 300s);
    EXPECT_EQ(flapping.names(), none);
    run.keepalive = {2s, 2s};
    run.deadtime = {18s, 1s};  // the two lvs.cf differ
    Pair differing(run);
    differing.beat(1s, 300s);
    EXPECT_EQ(differing.names(), none);
}

TEST(OneActive, DelaysCount) {
    Pair late;
    late.open(0s, true, 0, 4s).beat(1s, 60s);  // K + D > deadtime
    EXPECT_EQ(late.names(), none);
    Pair slow;
    slow.open(0s, true, 0, 1s).beat(1s, 13s);
    ASSERT_EQ(slow.names(), Names{"one_active"});
    // T = 1 s + D, D = 1.01 s; 2 (2 s + D) + D later.
    EXPECT_EQ(slow.violations()[0].time, Time{1s + 1010ms + 2 * 3010ms + 1010ms});
}

TEST(OneActive, AReleaseIsExcusedForAWhile) {
    Pair released;
    released.settled()
        .beat(1s, 20s)
        .at(20s, role(0, inactive, pulse::Reason::released))
        .beat(21s, 28s);
    EXPECT_EQ(released.names(), none);
    released.beat(29s, 41s);
    ASSERT_EQ(released.names(), Names{"one_active"});
    // D + deadtime after the release the promise begins anew.
    EXPECT_EQ(released.violations()[0].time, Time{20s + 5011ms + 4033ms});
}

TEST(OneActive, ARouterProcessThatDiedGivesThePartnerTime) {
    Pair pair;
    pair.settled().beat(1s, 20s).at(20s, role(0, inactive, pulse::Reason::router_died));
    pair.at(20s, AddressLowered{0, vip}).beat(21s, 22s);
    pair.at(22s, role(1, active, pulse::Reason::partner_stopped)).at(22s, AddressRaised{1, vip});
    pair.beat(23s, 60s);
    EXPECT_EQ(pair.names(), none);
}

TEST(OneActive, TwoRoutersWithFaultsOfTheirOwnPromiseNothing) {
    Pair pair;
    pair.settled().beat(1s, 20s).at(20s, role(0, inactive, pulse::Reason::links_down));
    pair.at(21s, role(1, active)).at(30s, role(1, inactive, pulse::Reason::links_down));
    pair.beat(31s, 90s);
    EXPECT_EQ(pair.names(), none);
}

TEST(OneActive, AFailbackGivesTheBackupTimeToYield) {
    const auto yields_after = [](pulse::Reason why) {
        Pair pair;
        pair.at(0s, role(1, active, pulse::Reason::settled)).at(0s, AddressRaised{1, vip});
        pair.beat(1s, 20s).at(20s, role(0, active, why)).beat(21s, 23s);
        pair.at(24s, role(1, inactive, pulse::Reason::partner_running)).beat(25s, 60s);
        return pair.names();
    };
    EXPECT_EQ(yields_after(pulse::Reason::failback), none);
    EXPECT_EQ(yields_after(pulse::Reason::partner_silent), Names{"one_active"});
}

TEST(OneActive, ARouterThatWasTerminatedPromisesNothingUntilItIsHeardAgain) {
    Pair pair;
    pair.settled().beat(1s, 20s).at(20s, role(0, inactive, pulse::Reason::terminated));
    pair.at(60s, RunEnded{});
    EXPECT_EQ(pair.names(), none);
}

TEST(OneActive, IsNotJudgedAfterAReloadOrWithoutDaemonsOrWithOneRouter) {
    Pair reloaded;
    reloaded.at(500ms, FaultInjected{0, "reload lvs1"}).beat(1s, 30s);
    EXPECT_EQ(reloaded.names(), none);
    auto run = a_pair();
    run.keepalive = run.deadtime = {};
    Pair without_daemons(run);
    without_daemons.beat(1s, 30s);
    EXPECT_EQ(without_daemons.names(), none);
    run.routers = {"lvs1"};
    run.keepalive = run.deadtime = {2s};
    Story alone(run);
    alone.at(30s, RunEnded{});
    EXPECT_EQ(alone.names(), none);
}

TEST(OneActive, IsToldOnceForEachTimeThatItIsBroken) {
    Pair pair;
    pair.beat(1s, 30s).at(30s, role(0, active)).beat(31s, 40s).at(40s, role(0, inactive));
    pair.beat(41s, 60s);
    EXPECT_EQ(pair.names(), (Names{"one_active", "one_active"}));
    EXPECT_EQ(pair.violations()[1].time, Time{40s});
}

// ---- vip_answered ----

TEST(VipAnswered, NobodyHasTheAddressThoughOneIsActive) {
    Pair pair;
    pair.settled().beat(1s, 10s).at(10s, AddressLowered{0, vip}).beat(11s, 12s);
    EXPECT_EQ(pair.names(), Names{"vip_answered"});
    EXPECT_EQ(pair.violations()[0].time, Time{10s});
    EXPECT_THAT(pair.message(), HasSubstr("no router has 10.0.0.1"));
}

TEST(VipAnswered, IsDueAfterKeepaliveAndDelay) {
    const auto healed = [](Duration raised) {
        Pair pair;
        pair.settled().beat(1s, 20s).open(20s, false).at(20s, AddressLowered{0, vip});
        pair.open(30s, true).beat(31s, 32s).at(raised, AddressRaised{0, vip}).beat(33s, 40s);
        return pair.names();
    };
    EXPECT_EQ(healed(32s + 11ms), none);
    EXPECT_EQ(healed(32s + 12ms), Names{"vip_answered"});
}

TEST(VipAnswered, TheAddressMayMoveAtOneInstant) {
    Pair pair;
    pair.settled().beat(1s, 10s);
    pair.at(10s, role(0, inactive)).at(10s, AddressLowered{0, vip});
    pair.at(10s, role(1, active)).at(10s, AddressRaised{1, vip}).beat(11s, 30s);
    EXPECT_EQ(pair.names(), none);
}

// ---- dead_router_silent ----

TEST(DeadRouterSilent, ACrashedOrHungRouterDoesNothing) {
    const auto names = [](NodeState state, const auto& event) {
        Story story;
        story.at(0s, DestinationAdded{0, 0, 0, 1})
            .at(0s, AddressRaised{0, vip})
            .at(1s, node("lvs1", state));
        story.at(2s, event);
        return story.names();
    };
    for (const auto state : {NodeState::crashed, NodeState::hung}) {
        EXPECT_THAT(names(state, decision(0)), testing::Contains("dead_router_silent"));
        EXPECT_EQ(names(state, AddressRaised{0, vip}), Names{"dead_router_silent"});
        EXPECT_EQ(names(state, AddressAnnounced{0, vip, 1}), Names{"dead_router_silent"});
        EXPECT_EQ(names(state, HeartbeatSent{0, 0, true}), Names{"dead_router_silent"});
        EXPECT_EQ(names(state, SyncSent{0, 1, 50}), Names{"dead_router_silent"});
        EXPECT_EQ(names(state, role(0, active)), Names{"dead_router_silent"});
        // Its partner may, and what the crash does to it may be told.
        EXPECT_EQ(names(state, AddressRaised{1, vip}), none);
        EXPECT_EQ(names(state, role(0, inactive)), none);
        EXPECT_EQ(names(state, AddressLowered{0, vip}), none);
    }
    // The kernel of a router whose daemons are suspended goes on.
    EXPECT_EQ(names(NodeState::daemons_suspended, decision(0)), none);
}

TEST(DeadRouterSilent, NamesTheConnection) {
    Story story;
    story.at(1s, node("lvs1", NodeState::hung)).at(2s, decision(no_index));
    EXPECT_EQ(story.message(),
              "lvs1 decided on connection 172.16.0.9:40000 to 10.0.0.1:80, though it is hung");
}

TEST(DeadRouterSilent, OnlyRaisedAddressesAreAnnounced) {
    Story story;
    story.at(0s, AddressRaised{0, vip})
        .at(0s, AddressAnnounced{0, vip, 1})
        .at(1s, AddressLowered{0, vip})
        .at(2s, AddressAnnounced{0, vip, 2});
    EXPECT_THAT(story.message(), HasSubstr("lvs1 announced 10.0.0.1, which it has not raised"));
    Story rebooted;
    rebooted.at(0s, AddressRaised{0, vip})
        .at(1s, node("lvs1", NodeState::crashed))
        .at(9s, node("lvs1", NodeState::up))
        .at(9s, AddressAnnounced{0, vip, 1});
    EXPECT_EQ(rebooted.names(), Names{"dead_router_silent"});
}

TEST(DeadRouterSilent, AHungRouterThatWakesUpHasItsAddressesStill) {
    Story story;
    story.at(0s, AddressRaised{0, vip})
        .at(1s, node("lvs1", NodeState::hung))
        .at(9s, node("lvs1", NodeState::up))
        .at(9s, AddressAnnounced{0, vip, 1});
    EXPECT_EQ(story.names(), none);
}
