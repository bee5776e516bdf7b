// SPDX-License-Identifier: GPL-2.0-only
// A check that has gone well for long when the run begins, and one whose settings change under way.
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/unit/health/check_story.hpp"

namespace lvslab::health {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CheckSettings weighing(int weight) {
    CheckSettings settings;
    settings.interval = 10s;
    settings.reentry = 30s;
    settings.weight = Weight{weight};
    return settings;
}

Server dead_from(Duration begin) {
    return [=](Time t) { return Answer{t < Time{} + begin, 0s}; };
}

TEST(SettledCheck, HasItsServerInWithTheWholeWeightAndProbesAtItsPhase) {
    Story story(weighing(64), healthy(), {true, 3s});
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 64)));
    story.until(23s);
    EXPECT_THAT(story.steps(), IsEmpty());
    EXPECT_THAT(story.probes(), ElementsAre(Time{} + 3s, Time{} + 13s, Time{} + 23s));
}

TEST(SettledCheck, TakesTheServerOutWithTheFirstFailureAndLetsItReenter) {
    Story story(weighing(1), dead_from(0s), {true, 3s});
    story.until(3s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), removes(3s)));
    story.now_meets(healthy());
    story.until(32s);
    EXPECT_THAT(story.steps(), IsEmpty());
    story.until(33s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(33s, 1)));
}

TEST(ColdCheck, MayWaitForItsFirstProbe) {
    Story story(weighing(1), healthy(), {false, 4s});
    story.until(3999ms);
    EXPECT_THAT(story.steps(), IsEmpty());
    story.until(4s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(4s, 1)));
}

TEST(CheckReload, GivesANewWeightAtOnceToAServerThatHadItsWhole) {
    Story story(weighing(8), healthy(), {true, 1s});
    story.hand_in(Reconfigured{weighing(2)}, Time{} + 5s);
    story.hand_in(Reconfigured{weighing(20)}, Time{} + 6s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 8), weighs(5s, 2), weighs(6s, 20)));
}

TEST(CheckReload, LetsAWeightThatRisesGoOnRising) {
    Story story(weighing(64), healthy());
    story.until(0s);
    story.hand_in(Reconfigured{weighing(8)}, Time{} + 5s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 2)));
    story.until(60s);
    EXPECT_THAT(story.steps(), ElementsAre(weighs(20s, 4), weighs(40s, 8)));
}

TEST(CheckReload, CutsARisingWeightDownToTheNewOne) {
    Story story(weighing(640), healthy());
    story.until(0s);
    story.hand_in(Reconfigured{weighing(8)}, Time{} + 5s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 20), weighs(5s, 8)));
}

TEST(CheckReload, KeepsAQuiescedServerAtNought) {
    auto settings = weighing(8);
    settings.quiesce = true;
    Story story(settings, dead_from(5s), {true, 1s});
    story.until(11s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 8), weighs(11s, 0)));
    settings.weight = Weight{4};
    story.hand_in(Reconfigured{settings}, Time{} + 12s);
    EXPECT_THAT(story.steps(), IsEmpty());
    settings.quiesce = false;
    story.hand_in(Reconfigured{settings}, Time{} + 13s);
    EXPECT_THAT(story.steps(), ElementsAre(removes(13s)));
}

TEST(CheckReload, KeepsTheCountOfAServerOnItsWayBack) {
    Story story(weighing(1), dead_from(5s), {true, 1s});
    story.until(11s);
    story.now_meets(healthy());
    story.until(31s);  // two successes of three
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), removes(11s)));
    auto settings = weighing(1);
    settings.reentry = 40s;
    story.hand_in(Reconfigured{settings}, Time{} + 32s);
    story.until(50s);
    EXPECT_THAT(story.steps(), IsEmpty());
    story.until(51s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(51s, 1)));
}

TEST(CheckReload, CountsAnEarlierGoalAsReachedByTheNextSuccess) {
    Story story(weighing(1), dead_from(5s), {true, 1s});
    story.until(11s);
    story.now_meets(healthy());
    story.until(31s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), removes(11s)));
    auto settings = weighing(1);
    settings.reentry = 10s;
    story.hand_in(Reconfigured{settings}, Time{} + 32s);
    EXPECT_THAT(story.steps(), IsEmpty());
    story.until(41s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(41s, 1)));
}

TEST(CheckReload, MovesTheNextProbeToTheNewInterval) {
    Story story(weighing(1), healthy());
    story.until(0s);
    auto settings = weighing(1);
    settings.interval = 3s;
    story.hand_in(Reconfigured{settings}, Time{} + 1s);
    EXPECT_EQ(story.check().next_deadline(), Time{} + 3s);
    story.hand_in(Reconfigured{weighing(1)}, Time{} + 2s);
    EXPECT_EQ(story.check().next_deadline(), Time{} + 10s);
    settings.interval = 1s;
    story.hand_in(Reconfigured{settings}, Time{} + 9s);
    EXPECT_EQ(story.check().next_deadline(), Time{} + 9s);
}

TEST(CheckReload, PutsANewServerInWithItsFirstSuccessAllTheSame) {
    Check check(weighing(1));
    check.step(Started{}, Time{});
    auto settings = weighing(1);
    settings.reentry = 180s;
    check.step(Reconfigured{settings}, Time{} + 1s);
    check.step(Probed{true}, Time{} + 2s);
    EXPECT_TRUE(check.up());
}

TEST(CheckReload, RefusesSettingsThatNoLoopCanHaveAndKeepsTheOld) {
    Story story(weighing(8), healthy(), {true, 1s});
    auto settings = weighing(4);
    settings.interval = 0s;
    EXPECT_THROW(story.hand_in(Reconfigured{settings}, Time{} + 1s), std::invalid_argument);
    EXPECT_EQ(story.check().weight(), Weight{8});
}

}  // namespace
}  // namespace lvslab::health
