// SPDX-License-Identifier: GPL-2.0-only
// Each invariant by a stream of events that breaks it, and by near misses that do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "core/journal/invariants.hpp"
#include "core/journal/json_lines.hpp"
#include "tests/unit/journal/toy_cluster.hpp"

using namespace lvslab;
using namespace lvslab::journal;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

constexpr bool active = true, inactive = false;
const Address vip = Address::v4(0x0A000001);
const Endpoint web{vip, Port{80}};

RunStarted a_pair() {
    RunStarted run;
    run.servers = {"web1", "web2"};
    run.weights = {1, 1};
    run.workers = {1, 1};
    run.workloads = {"shop"};
    run.services = {"http", "https"};
    run.routers = {"lvs1", "lvs2"};
    run.keepalive = {2s, 2s};
    run.deadtime = {5s, 5s};
    return run;
}

/// A run told event by event, each at its time.
class Story {
public:
    explicit Story(const RunStarted& run = a_pair(), Level level = Level::all)
        : invariants_(level) {
        invariants_.take({Time{}, run});
    }
    template <class Payload>
    Story& at(Duration time, Payload payload) {
        invariants_.take({Time{time}, std::move(payload)});
        return *this;
    }
    const std::vector<Violation>& violations() const { return invariants_.violations(); }
    std::uint64_t count() const { return invariants_.count(); }
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& violation : violations()) {
            names.emplace_back(violation.name);
        }
        return names;
    }
    /// Of the only violation there is.
    std::string message() const {
        EXPECT_EQ(violations().size(), 1U);
        return violations().empty() ? "" : violations()[0].message;
    }

private:
    Invariants invariants_;
};

using Names = std::vector<std::string>;
const Names none;

/// Two routers that both have a word on the way every 2 s.
class Pair : public Story {
public:
    /// Paths open and daemons running from 0 s on; the first words at 1 s.
    explicit Pair(const RunStarted& run = a_pair()) : Story(run) { open(0s, true); }

    template <class Payload>
    Pair& at(Duration time, Payload payload) {
        Story::at(time, std::move(payload));
        return *this;
    }
    Pair& open(Duration time, bool is_open, std::uint8_t path = 0, Duration delay = 1ms) {
        at(time, HeartbeatPath{0, 1, path, is_open, delay});
        at(time, HeartbeatPath{1, 0, path, is_open, delay});
        return *this;
    }
    /// Words from `from` on and before `to`; heard 1 ms later unless they are lost.
    Pair& beat(Duration from, Duration to, bool heard = true, std::uint8_t path = 0) {
        for (auto time = from; time < to; time += 2s) {
            at(time, HeartbeatSent{0, path, false}).at(time, HeartbeatSent{1, path, false});
            if (heard) {
                at(time + 1ms, HeartbeatHeard{0, path, false});
                at(time + 1ms, HeartbeatHeard{1, path, false});
            }
        }
        return *this;
    }
    /// lvs1 is active with the address from 0 s on.
    Pair& settled() {
        at(0s, RoleChanged{0, active, "active when the run begins"}).at(0s, AddressRaised{0, vip});
        return *this;
    }
};

RoleChanged role(std::uint32_t router, bool is_active, std::string reason = "partner dead") {
    return {router, is_active, std::move(reason)};
}

Decision decision(std::uint32_t server, const char* client = "172.16.0.9:40000",
                  std::uint8_t origin = 2, std::uint32_t router = 0, std::uint32_t service = 0) {
    return {router, service, server, origin, *Endpoint::parse(client), web};
}

constexpr std::uint8_t by_template = 3;

NodeChanged node(const char* name, NodeState state) {
    return {name, state};
}

ConnectionOpened opened(std::uint64_t connection) {
    return {connection, 0, *Endpoint::parse("172.16.0.9:40000"), web};
}

ConnectionClosed closed(std::uint64_t connection) {
    return {connection, 0, 0, Outcome::served, 1s};
}

}  // namespace

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
    pair.at(33s + 33ms, role(1, inactive, "partner active")).beat(35s, 60s);
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
    released.settled().beat(1s, 20s).at(20s, role(0, inactive, "released")).beat(21s, 28s);
    EXPECT_EQ(released.names(), none);
    released.beat(29s, 41s);
    ASSERT_EQ(released.names(), Names{"one_active"});
    // D + deadtime after the release the promise begins anew.
    EXPECT_EQ(released.violations()[0].time, Time{20s + 5011ms + 4033ms});
}

TEST(OneActive, ARouterProcessThatDiedGivesThePartnerTime) {
    Pair pair;
    pair.settled().beat(1s, 20s).at(20s, role(0, inactive, "router died"));
    pair.at(20s, AddressLowered{0, vip}).beat(21s, 22s);
    pair.at(22s, role(1, active, "partner inactive")).at(22s, AddressRaised{1, vip});
    pair.beat(23s, 60s);
    EXPECT_EQ(pair.names(), none);
}

TEST(OneActive, TwoRoutersWithFaultsOfTheirOwnPromiseNothing) {
    Pair pair;
    pair.settled().beat(1s, 20s).at(20s, role(0, inactive, "local link failure"));
    pair.at(21s, role(1, active)).at(30s, role(1, inactive, "local link failure"));
    pair.beat(31s, 90s);
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
