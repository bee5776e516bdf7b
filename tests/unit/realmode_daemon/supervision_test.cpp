// SPDX-License-Identifier: GPL-2.0-only
// When a supervisor kills, cleans up and restarts, on a clock of the test's.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "realmode/daemon/supervision.hpp"

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Actions = std::vector<SupervisionAction>;

/// Without the notes, whose words are for people.
Actions deeds(Actions actions) {
    std::erase_if(actions, [](const auto& a) { return std::holds_alternative<SupervisorNote>(a); });
    return actions;
}

/// keepalive 2 s, deadtime 3 s: a sign each 250 ms, 750 ms of silence.
const LifeSigns signs = life_signs(2s, 3s);

class SupervisionStory : public testing::Test {
protected:
    static constexpr Time begin = Time{} + 100s;

    Actions at(Duration when, const SupervisionEvent& event) {
        return deeds(supervision.step(event, begin + when));
    }
    /// A daemon that has started and said how it is watched.
    void runs() {
        ASSERT_THAT(deeds(supervision.begin(begin)), ElementsAre(StartDaemon{false}));
        ASSERT_THAT(at(0s, WatchedSo{signs}), IsEmpty());
        ASSERT_THAT(at(0s, BecameReady{}), IsEmpty());
    }
    Actions sign(Duration when) { return at(when, SignOfLife{begin + when}); }
    Duration deadline() const { return supervision.next_deadline() - begin; }

    Supervision supervision;
};

TEST(LifeSigns, LeaveAQuarterOfTheTimeBeforeTheTakeoverForCleaningUp) {
    EXPECT_EQ(life_signs(2s, 3s), (LifeSigns{250ms, 750ms}));
    EXPECT_EQ(life_signs(10ms, 30ms), (LifeSigns{5ms, 15ms}));
    EXPECT_EQ(life_signs(6s, 18s), (LifeSigns{1s, 9s}));
}

TEST(LifeSigns, TakeDeadtimeWhereItIsNotAboveKeepalive) {
    EXPECT_EQ(life_signs(30s, 18s), (LifeSigns{1s, 13500ms}));
    EXPECT_EQ(life_signs(1s, 1s), (LifeSigns{250ms, 750ms}));
}

TEST(LifeSigns, AreARiskWhereDeadtimeIsNotAboveKeepalive) {
    EXPECT_EQ(two_owners_risk(2s, 3s), std::nullopt);
    EXPECT_THAT(two_owners_risk(30s, 18s), testing::Optional(testing::HasSubstr("two owners")));
    EXPECT_TRUE(two_owners_risk(1s, 1s));
}

TEST_F(SupervisionStory, ADaemonThatGivesSignsOfLifeIsLeftAlone) {
    runs();
    for (auto t = 250ms; t < 10s; t += 250ms) {
        EXPECT_THAT(sign(t), IsEmpty());
        EXPECT_EQ(deadline(), t + 750ms);
    }
}

TEST_F(SupervisionStory, ASilentDaemonIsKilledAndClearedAtOnceAndAgainWhenItIsGone) {
    runs();
    sign(1s);
    EXPECT_THAT(at(1749ms, DeadlineCame{}), IsEmpty());
    EXPECT_THAT(at(1750ms, DeadlineCame{}), ElementsAre(KillDaemon{}, CleanUp{false, true}));
    EXPECT_FALSE(supervision.daemon_lives());
    EXPECT_THAT(at(1751ms, DaemonEnded{true, 9}), ElementsAre(CleanUp{false}));
    EXPECT_THAT(at(1851ms, DeadlineCame{}), ElementsAre(StartDaemon{true}));
}

TEST_F(SupervisionStory, TheDeadlineCountsFromTheTimeOfTheSignNotOfItsReading) {
    runs();
    at(700ms, SignOfLife{begin + 200ms});
    EXPECT_EQ(deadline(), 950ms);
    at(800ms, SignOfLife{begin + 100ms});  // overtaken
    EXPECT_EQ(deadline(), 950ms);
}

TEST_F(SupervisionStory, ASignFromTheFutureIsWorthNoMoreThanOneOfNow) {
    runs();
    at(500ms, SignOfLife{begin + 100h});
    EXPECT_EQ(deadline(), 1250ms);
}

TEST_F(SupervisionStory, ADaemonThatDiesIsClearedAfterAtOnceAndStartsAgain) {
    runs();
    sign(250ms);
    EXPECT_THAT(at(300ms, DaemonEnded{true, 11}), ElementsAre(CleanUp{false}));
    EXPECT_EQ(deadline(), 400ms);
    EXPECT_THAT(at(400ms, DeadlineCame{}), ElementsAre(StartDaemon{true}));
}

TEST_F(SupervisionStory, DeathsInARowMakeThePausesLonger) {
    runs();
    auto now = 0ns;
    std::vector<Duration> pauses;
    for (int i = 0; i < 9; ++i) {
        at(now, DaemonEnded{false, 1});
        pauses.push_back(deadline() - now);
        now = deadline();
        at(now, DeadlineCame{});
    }
    EXPECT_THAT(pauses, ElementsAre(100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10s, 10s));
    EXPECT_THAT(at(now + 30s, DaemonEnded{false, 1}), ElementsAre(CleanUp{false}));
    EXPECT_EQ(deadline() - (now + 30s), 100ms) << "after a long life";
}

TEST_F(SupervisionStory, ADaemonThatCannotBeginEndsTheSupervisorWithItsCode) {
    supervision.begin(begin);
    EXPECT_THAT(at(1s, DaemonEnded{false, 2}), ElementsAre(CleanUp{false}, EndSupervisor{2}));
}

TEST_F(SupervisionStory, ADaemonThatOnceRanIsTriedAgainEvenIfItCannotBegin) {
    runs();
    at(1s, DaemonEnded{true, 9});
    at(1100ms, DeadlineCame{});
    EXPECT_THAT(at(1200ms, DaemonEnded{false, 2}), ElementsAre(CleanUp{false}));
    EXPECT_THAT(at(1400ms, DeadlineCame{}), ElementsAre(StartDaemon{true}));
}

TEST_F(SupervisionStory, AnOrderlyEndEndsBothAndMayKeepServices) {
    runs();
    EXPECT_THAT(at(1s, EndsInOrder{true}), IsEmpty());
    EXPECT_THAT(at(1s, DaemonEnded{false, 0}), ElementsAre(CleanUp{true}, EndSupervisor{0}));
}

TEST_F(SupervisionStory, WhoMeantToKeepServicesAndCrashedKeepsNone) {
    runs();
    at(1s, EndsInOrder{true});
    EXPECT_THAT(at(1s, DaemonEnded{true, 11}), ElementsAre(CleanUp{false}));
}

TEST_F(SupervisionStory, AskedToEndItAsksTheDaemonFirst) {
    runs();
    EXPECT_THAT(at(1s, EndAsked{}), ElementsAre(TerminateDaemon{}));
    at(1s, EndsInOrder{false});
    EXPECT_THAT(at(1s, DaemonEnded{false, 0}), ElementsAre(CleanUp{false}, EndSupervisor{0}));
}

TEST_F(SupervisionStory, ADaemonThatHangsWhenItIsToEndIsKilledAndNotStartedAgain) {
    runs();
    sign(1s);
    at(1s, EndAsked{});
    EXPECT_THAT(at(1750ms, DeadlineCame{}), ElementsAre(KillDaemon{}, CleanUp{false, true}));
    EXPECT_THAT(at(1760ms, DaemonEnded{true, 9}), ElementsAre(CleanUp{false}, EndSupervisor{1}));
}

TEST_F(SupervisionStory, AskedTwiceItKills) {
    runs();
    at(1s, EndAsked{});
    EXPECT_THAT(at(1010ms, EndAsked{}), ElementsAre(KillDaemon{}, CleanUp{false, true}));
}

TEST_F(SupervisionStory, AskedToEndBetweenTwoDaemonsItEnds) {
    runs();
    at(1s, DaemonEnded{true, 9});
    EXPECT_THAT(at(1050ms, EndAsked{}), ElementsAre(EndSupervisor{0}));
    EXPECT_THAT(at(1100ms, DeadlineCame{}), IsEmpty());
}

TEST_F(SupervisionStory, ASupervisorThatWasHeldUpItselfWaitsForOneMoreSignOnce) {
    runs();
    sign(1s);
    EXPECT_THAT(at(60s, DeadlineCame{}), IsEmpty());
    EXPECT_EQ(deadline(), 60s + 250ms);
    EXPECT_THAT(at(60s + 250ms, DeadlineCame{}), ElementsAre(KillDaemon{}, CleanUp{false, true}));
}

TEST_F(SupervisionStory, ASignAfterThatSavesTheDaemon) {
    runs();
    sign(1s);
    at(60s, DeadlineCame{});
    sign(60100ms);
    EXPECT_EQ(deadline(), 60850ms);
    EXPECT_TRUE(supervision.daemon_lives());
}

TEST_F(SupervisionStory, ADaemonThatNeverSpeaksHasTimeToBegin) {
    supervision.begin(begin);
    EXPECT_EQ(deadline(), while_starting.limit);
    EXPECT_THAT(at(while_starting.limit, DeadlineCame{}),
                ElementsAre(KillDaemon{}, CleanUp{false, true}));
}

TEST_F(SupervisionStory, GarbageOfALimitIsNotTaken) {
    runs();
    at(0s, WatchedSo{LifeSigns{0s, 0s}});
    EXPECT_EQ(deadline(), 750ms);
    at(0s, WatchedSo{LifeSigns{-5s, -5s}});
    EXPECT_EQ(deadline(), 750ms);
}

}  // namespace
}  // namespace lvslab::realmode
