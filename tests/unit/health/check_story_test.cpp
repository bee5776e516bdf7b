// SPDX-License-Identifier: GPL-2.0-only
// When a server goes in and out of its service, and with which weight.
#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/health/check_story.hpp"

namespace lvslab::health {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CheckSettings every(Duration interval, Duration reentry = 180s) {
    CheckSettings settings;
    settings.interval = interval;
    settings.reentry = reentry;
    return settings;
}

/// Answers at once; down from `begin` until before `end`.
Server down_between(Duration begin, Duration end) {
    return [=](Time t) { return Answer{t < Time{} + begin || t >= Time{} + end, 0s}; };
}

TEST(Check, PutsAServerInWithItsFirstSuccess) {
    Story story(every(10s), healthy());
    story.until(0s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1)));
    EXPECT_TRUE(story.check().up());
}

TEST(Check, ProbesAnIntervalAfterTheEndOfTheLastProbe) {
    Story story(every(10s), [](Time) { return Answer{true, 3s}; });
    story.until(30s);
    EXPECT_THAT(story.probes(), ElementsAre(Time{}, Time{} + 13s, Time{} + 26s));
    EXPECT_EQ(story.check().next_deadline(), Time{} + 39s);
}

TEST(Check, AsksForNoWakingWhileAProbeIsUnderWay) {
    Check check(every(10s));
    EXPECT_EQ(check.step(Started{}, Time{}).size(), 1U);
    EXPECT_EQ(check.next_deadline(), never);
}

TEST(Check, TakesAServerOutWithItsFirstFailure) {
    Story story(every(10s), down_between(25s, 1h));
    story.until(60s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), removes(30s)));
    EXPECT_FALSE(story.check().up());
}

TEST(Check, PutsAFailedServerInAgainAfterReentryOfSuccesses) {
    Story story(every(10s, 45s), down_between(25s, 55s));  // 45 / 10: four in a row
    story.until(89s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), removes(30s)));
    story.until(90s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(90s, 1)));
}

TEST(Check, OneFailureOnTheWayBackStartsTheCountAnew) {
    Story story(every(10s, 30s), [](Time t) {
        return Answer{t != Time{} + 10s && t != Time{} + 40s, 0s};
    });
    story.until(69s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), removes(10s)));
    story.until(70s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(70s, 1)));
}

TEST(Check, ServerThatIsDownAtTheStartNeedsTheWholeCount) {
    Story story(every(10s, 30s), down_between(0s, 5s));
    story.until(29s);
    EXPECT_THAT(story.steps(), IsEmpty());
    story.until(30s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(30s, 1)));
}

TEST(Check, CountsWholeIntervalsAndAtLeastOne) {
    EXPECT_EQ(successes_needed(every(10s, 180s)), 18);
    EXPECT_EQ(successes_needed(every(7s, 20s)), 2);
    EXPECT_EQ(successes_needed(every(10s, 9s)), 1);
    EXPECT_EQ(successes_needed(every(10s, 0s)), 1);
    EXPECT_EQ(successes_needed(every(250ms, 1s)), 4);
    auto settings = every(10s, 180s);
    settings.rise = 2;
    EXPECT_EQ(successes_needed(settings), 2);
}

TEST(Check, RiseAndFallCountInARow) {
    auto settings = every(1s);
    settings.rise = 2;
    settings.fall = 3;
    // up, two failures, up, three failures, then up
    const std::vector<bool> answers{true, false, false, true, false, false, false, true, true};
    Story story(settings, [&](Time t) {
        const auto i = static_cast<std::size_t>(t.time_since_epoch() / 1s);
        return Answer{i >= answers.size() || answers[i], 0s};
    });
    story.until(20s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), removes(6s), adds(8s, 1)));
}

TEST(Check, QuiescedServerStaysWithWeightNoughtAndIsRaisedAgain) {
    auto settings = every(10s, 20s);
    settings.quiesce = true;
    settings.weight = Weight{64};
    Story story(settings, down_between(5s, 15s));
    story.until(30s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 2), weighs(10s, 0), weighs(30s, 2)));
    EXPECT_TRUE(story.check().in_service());
}

TEST(Check, WeightStartsWithA32ndAndDoublesEach20Seconds) {
    auto settings = every(10s);
    settings.weight = Weight{100};
    Story story(settings, healthy());
    story.until(10min);
    EXPECT_THAT(story.steps(),
                ElementsAre(adds(0s, 3), weighs(20s, 6), weighs(40s, 12), weighs(60s, 24),
                            weighs(80s, 48), weighs(100s, 96), weighs(120s, 100)));
}

TEST(Check, WeightDoublesWithEachCheckWhereChecksAreRarerThan20Seconds) {
    auto settings = every(30s);
    settings.weight = Weight{4};
    Story story(settings, healthy());
    story.until(5min);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), weighs(30s, 2), weighs(60s, 4)));
}

TEST(Check, WeightDoublesEach20SecondsBelowASecondToo) {
    auto settings = every(500ms);
    settings.weight = Weight{4};
    Story story(settings, healthy());
    story.until(5min);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), weighs(20s, 2), weighs(40s, 4)));
}

TEST(Check, WeightOfNoughtStaysNought) {
    auto settings = every(10s);
    settings.weight = Weight{0};
    Story story(settings, healthy());
    story.until(5min);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 0)));
}

TEST(Check, AsksForTheLoadOnceTheWeightIsWhole) {
    auto settings = every(10s);
    settings.weight = Weight{2};
    settings.load_monitor = true;
    Story story(settings, healthy());
    story.until(59s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), weighs(20s, 2), asks(40s)));
    story.hand_in(LoadIs{0.0}, Time{} + 41s);
    EXPECT_THAT(story.steps(), ElementsAre(weighs(41s, 3)));
    story.until(60s);
    EXPECT_THAT(story.steps(), ElementsAre(asks(60s)));
    story.hand_in(LoadIs{}, Time{} + 61s);
    story.until(80s);
    EXPECT_THAT(story.steps(), ElementsAre(asks(80s)));
}

TEST(Check, LoadThatComesAfterTheServerFailedIsForgotten) {
    auto settings = every(10s);
    settings.quiesce = true;
    settings.load_monitor = true;
    Story story(settings, down_between(25s, 1h));
    story.until(30s);
    EXPECT_THAT(story.steps(), ElementsAre(adds(0s, 1), asks(20s), weighs(30s, 0)));
    story.hand_in(LoadIs{0.0}, Time{} + 31s);
    EXPECT_THAT(story.steps(), IsEmpty());
}

TEST(Check, StopTakesTheServerOutEvenAQuiescedOne) {
    for (const bool failed : {false, true}) {
        auto settings = every(10s);
        settings.quiesce = true;
        Story story(settings, failed ? down_between(5s, 1h) : healthy());
        story.until(15s);
        (void)story.steps();
        story.hand_in(Stopped{}, Time{} + 16s);
        EXPECT_THAT(story.steps(), ElementsAre(removes(16s)));
        story.until(1h);
        EXPECT_THAT(story.steps(), IsEmpty());
        EXPECT_EQ(story.check().next_deadline(), never);
    }
}

TEST(Check, StopOfAServerThatIsOutDoesNothing) {
    Story story(every(10s), down_between(0s, 1h));
    story.until(15s);
    story.hand_in(Stopped{}, Time{} + 16s);
    EXPECT_THAT(story.steps(), IsEmpty());
}

TEST(Check, RefusesSettingsThatNoLoopCanHave) {
    EXPECT_THROW(Check{every(0s)}, std::invalid_argument);
    auto settings = every(1s);
    settings.fall = 0;
    EXPECT_THROW(Check{settings}, std::invalid_argument);
    settings = every(1s);
    settings.rise = 0;
    EXPECT_THROW(Check{settings}, std::invalid_argument);
    settings = every(1s);
    settings.weight = Weight{-1};
    EXPECT_THROW(Check{settings}, std::invalid_argument);
}

Duration milliseconds(int low, int high) {
    return std::chrono::milliseconds(*rc::gen::inRange(low, high + 1));
}

/// When the server left its service, and when it was back.
std::pair<Time, Time> out_and_back(Story& story) {
    Time out = never;
    Time back = never;
    for (const auto& step : story.steps()) {
        if (std::holds_alternative<RemoveServer>(step.action)) {
            out = step.at;
        } else if (std::holds_alternative<AddServer>(step.action)) {
            back = step.at;
        }
    }
    return {out, back};
}

// facts: a refused port is seen after one timeout at most; a healthy server is back after
// (threshold - 1) to threshold timeouts.
RC_GTEST_PROP(CheckBounds, RefusedPortIsDetectedWithinOneTimeoutAndReentersOnTime, ()) {
    const auto timeout = milliseconds(100, 20000);
    const auto settings = every(timeout, timeout * *rc::gen::inRange(1, 30));
    const auto dies = timeout * 3 + milliseconds(0, 60000);
    const auto heals = dies + timeout * 2 + milliseconds(0, 60000);
    Story story(settings, down_between(dies, heals));
    story.until(heals + 2 * settings.reentry + 2 * timeout);
    const auto [out, back] = out_and_back(story);
    RC_ASSERT(out >= Time{} + dies);
    RC_ASSERT(out - (Time{} + dies) <= timeout);
    RC_ASSERT(back != never);
    RC_ASSERT(back - (Time{} + heals) >= timeout * (successes_needed(settings) - 1));
    RC_ASSERT(back - (Time{} + heals) <= timeout * successes_needed(settings));
}

// facts: a server that swallows packets is seen after three timeouts at most: the sleep, the
// connect, the answer. Which of the two runs out depends on when it fell silent.
RC_GTEST_PROP(CheckBounds, SilentServerIsDetectedWithinThreeTimeouts, ()) {
    const auto timeout = milliseconds(100, 20000);
    const auto dies = Time{} + timeout * 3 + milliseconds(0, 60000);
    const bool connects = *rc::gen::arbitrary<bool>();
    const auto connect = milliseconds(0, 100);
    Story story(every(timeout), [=](Time t) {
        if (t < dies && t + connect < dies) {
            return Answer{true, connect};
        }
        // Silent before the connection stands, or after.
        return Answer{false, connects ? timeout + connect : timeout};
    });
    story.until((dies.time_since_epoch()) + 5 * timeout);
    const auto [out, back] = out_and_back(story);
    RC_ASSERT(out >= dies);
    RC_ASSERT(out - dies <= 3 * timeout);
}

// ---- a server that the service has already ----

Started found(int weight) {
    return {false, {}, Weight{weight}};
}

TEST(Check, FoundServerIsUpAndNothingIsDone) {
    Story story(every(10s), healthy(), found(1));
    EXPECT_TRUE(story.check().up());
    story.until(60s);
    EXPECT_THAT(story.steps(), IsEmpty());
}

TEST(Check, FoundServerLeavesWithItsFirstFailureWhateverFallSays) {
    auto settings = every(10s);
    settings.fall = 3;
    Story story(settings, down_between(0s, 5s), found(1));
    story.until(0s);
    EXPECT_THAT(story.steps(), ElementsAre(removes(0s)));
}

TEST(Check, FoundServerThatAnsweredOnceNeedsAsManyFailuresAsAnyOther) {
    auto settings = every(10s);
    settings.fall = 3;
    Story story(settings, down_between(5s, 1h), found(1));
    story.until(29s);
    EXPECT_THAT(story.steps(), IsEmpty());
    story.until(30s);
    EXPECT_THAT(story.steps(), ElementsAre(removes(30s)));
}

TEST(Check, FoundWeightRisesFromWhereItIs) {
    auto settings = every(20s);
    settings.weight = Weight{8};
    Story story(settings, healthy(), found(2));
    EXPECT_EQ(story.check().weight(), Weight{2});
    story.until(60s);
    EXPECT_EQ(story.check().weight(), Weight{8});
}

TEST(Check, FoundWeightAboveTheWholeOneIsCutUnlessItIsTheLoads) {
    auto settings = every(10s);
    Story cut(settings, healthy(), found(4));
    EXPECT_EQ(cut.check().weight(), Weight{1});
    settings.load_monitor = true;
    Story kept(settings, healthy(), found(4));
    EXPECT_EQ(kept.check().weight(), Weight{4});
}

TEST(Check, ServerFoundWithWeightNoughtCountsAsFailed) {
    auto settings = every(10s, 30s);
    Story removed(settings, healthy(), found(0));
    EXPECT_THAT(removed.steps(), ElementsAre(removes(0s)));
    settings.quiesce = true;
    Story quiesced(settings, healthy(), found(0));
    EXPECT_FALSE(quiesced.check().up());
    EXPECT_TRUE(quiesced.check().in_service());
    quiesced.until(19s);
    EXPECT_THAT(quiesced.steps(), IsEmpty());
    quiesced.until(20s);
    EXPECT_TRUE(quiesced.check().up());
}

}  // namespace
}  // namespace lvslab::health
