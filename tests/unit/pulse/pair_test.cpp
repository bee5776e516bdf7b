// SPDX-License-Identifier: GPL-2.0-only
// What two routers do together: one takes over, one yields, and never for long are there two.
#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "tests/unit/pulse/two_routers.hpp"

namespace lvslab::pulse {
namespace {

using namespace std::chrono_literals;

constexpr Time when(Duration d) {
    return Time{} + d;
}

Settings timed(Duration keepalive, Duration deadtime) {
    Settings settings;
    settings.keepalive = keepalive;
    settings.deadtime = deadtime;
    return settings;
}

Channel taking(Duration delay) {
    return [delay](const Sending&) { return delay; };
}

/// Nothing sent before `heals` arrives; everything after it does.
Channel cut_until(Time heals, Duration delay) {
    return [=](const Sending& s) { return s.at < heals ? std::nullopt : std::optional{delay}; };
}

/// The windows in which not exactly one node is active, up to `end`.
Duration time_not_one(const TwoRouters& pair, Time begin, Time end) {
    Duration wrong{};
    auto moments = pair.from(begin);
    moments.front().at = begin;
    for (std::size_t i = 0; i < moments.size(); ++i) {
        const auto until = i + 1 < moments.size() ? moments[i + 1].at : end;
        wrong += moments[i].count() == 1 ? Duration::zero() : until - moments[i].at;
    }
    return wrong;
}

// The rule of 0.8.6: "stopped" makes either node active, so the one that sends first is the
// standby.
TEST(Pair, ThatStartsTogetherIsLedByTheNodeThatHearsAWordFirst) {
    for (const auto late : {Node::primary, Node::backup}) {
        TwoRouters pair(timed(2s, 6s), taking(1ms));
        pair.start(other(late), when(0s));
        pair.start(late, when(300ms));
        pair.run_until(when(60s));
        EXPECT_TRUE(pair.active(late));
        EXPECT_EQ(pair.activation(late, when(0s)), when(2001ms));
        EXPECT_EQ(pair.activations(other(late)), 0U);
    }
}

TEST(Pair, ThatStartsWithinOneDelayIsTwiceActiveForOneWord) {
    TwoRouters pair(timed(2s, 6s), taking(1ms));
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(0s));
    pair.run_until(when(60s));
    EXPECT_TRUE(pair.active(Node::primary));
    EXPECT_FALSE(pair.active(Node::backup));
    EXPECT_EQ(time_not_one(pair, when(2001ms), when(60s)), 1ms);
}

TEST(Pair, RepairedPrimaryStandsByAndTakesOverWhenTheBackupDies) {
    TwoRouters pair(timed(2s, 6s), taking(1ms));
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(0s));
    pair.crash(Node::primary, when(100s));
    pair.start(Node::primary, when(200s));
    pair.crash(Node::backup, when(300s));
    pair.run_until(when(299s));
    EXPECT_FALSE(pair.active(Node::primary));
    EXPECT_TRUE(pair.active(Node::backup));
    pair.run_until(when(400s));
    EXPECT_TRUE(pair.active(Node::primary));
}

TEST(Pair, WithFailbackGivesARepairedPrimaryTheServiceBack) {
    auto settings = timed(2s, 6s);
    settings.failback = Failback::primary;
    TwoRouters pair(settings, taking(1ms));
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(0s));
    pair.crash(Node::primary, when(100s));
    pair.start(Node::primary, when(200s));
    pair.run_until(when(300s));
    EXPECT_TRUE(pair.active(Node::primary));
    EXPECT_FALSE(pair.active(Node::backup));
    const auto back = pair.activation(Node::primary, when(200s));
    ASSERT_TRUE(back.has_value());
    EXPECT_GE(*back, when(206s));
    EXPECT_LE(*back, when(208001ms));
    // Both for as long as one word takes, and not a moment longer.
    EXPECT_EQ(time_not_one(pair, when(200s), when(300s)), 1ms);
}

TEST(Pair, SplitBrainEndsWithTheBackupYielding) {
    TwoRouters pair(timed(2s, 6s), cut_until(when(60s), 1ms));
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(700ms));
    pair.run_until(when(59s));
    EXPECT_TRUE(pair.active(Node::primary));
    EXPECT_TRUE(pair.active(Node::backup));
    pair.run_until(when(62001ms));
    EXPECT_TRUE(pair.active(Node::primary));
    EXPECT_FALSE(pair.active(Node::backup));
}

TEST(Pair, RouterThatDiesIsReplacedAndServesAgainWhenThePartnerDies) {
    TwoRouters pair(timed(2s, 6s), taking(1ms));
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(0s));
    pair.happens(Node::primary, RouterDied{}, when(100500ms));
    pair.run_until(when(103s));
    EXPECT_FALSE(pair.active(Node::primary));
    EXPECT_TRUE(pair.active(Node::backup));
    pair.crash(Node::backup, when(200s));
    pair.run_until(when(210s));
    EXPECT_TRUE(pair.active(Node::primary));
}

TEST(Pair, ReleaseHandsOverWithinOneDelayAndStays) {
    TwoRouters pair(timed(2s, 6s), taking(3ms));
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(10s));
    pair.happens(Node::primary, Released{}, when(100999ms));
    pair.run_until(when(300s));
    EXPECT_TRUE(pair.active(Node::backup));
    EXPECT_EQ(time_not_one(pair, when(100s), when(300s)), 3ms);
}

TEST(Pair, KeepaliveAboveDeadtimeMakesTheBackupFlap) {
    TwoRouters pair(timed(30s, 18s), taking(1ms));
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(0s));
    pair.run_until(when(600s));
    // 18 s after each word of the primary the backup takes over, until the next word: 12 s of 30.
    EXPECT_EQ(pair.activations(Node::backup), 20U);
    EXPECT_EQ(pair.activations(Node::primary), 1U);
    EXPECT_GT(time_not_one(pair, when(60s), when(600s)), 200s);
}

TEST(Pair, KeepaliveBelowDeadtimeDoesNotFlap) {
    TwoRouters pair(timed(18s, 30s), taking(1ms));
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(0s));
    pair.run_until(when(600s));
    EXPECT_EQ(pair.activations(Node::primary), 1U);
    EXPECT_LE(pair.activations(Node::backup), 1U);
    EXPECT_EQ(time_not_one(pair, when(60s), when(600s)), 0s);
}

class TakeoverTime : public testing::TestWithParam<std::pair<Duration, Duration>> {};

// facts: between deadtime - keepalive and deadtime after the crash; the delay of a word is added.
TEST_P(TakeoverTime, LiesBetweenDeadtimeLessKeepaliveAndDeadtime) {
    const auto [keepalive, deadtime] = GetParam();
    constexpr Duration delay = 2ms;
    RandomStream random(7, "takeover phases");
    Duration least = Duration::max();
    Duration most{};
    for (int i = 0; i < 100; ++i) {
        const auto phase = [&, k = keepalive] {
            return Duration(
                static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(k.count()))));
        };
        TwoRouters pair(timed(keepalive, deadtime), taking(delay));
        pair.start(Node::primary, when(0s) + phase());
        pair.start(Node::backup, when(2 * deadtime) + phase());  // the primary is active
        const auto crash = when(20 * deadtime) + phase();
        pair.crash(Node::primary, crash);
        pair.run_until(crash - 1ns);
        ASSERT_TRUE(pair.active(Node::primary));
        ASSERT_FALSE(pair.active(Node::backup));
        pair.run_until(crash + 2 * deadtime);
        const auto takeover = pair.activation(Node::backup, crash);
        ASSERT_TRUE(takeover.has_value());
        EXPECT_GE(*takeover - crash, deadtime - keepalive);
        EXPECT_LE(*takeover - crash, deadtime + delay);
        least = std::min(least, *takeover - crash);
        most = std::max(most, *takeover - crash);
    }
    // The phases fill the interval: neither bound is far from what happens.
    EXPECT_LT(least, deadtime - keepalive + keepalive / 10);
    EXPECT_GT(most, deadtime - keepalive / 10);
}

INSTANTIATE_TEST_SUITE_P(Published, TakeoverTime,
                         testing::Values(std::pair<Duration, Duration>{2s, 3s},
                                         std::pair<Duration, Duration>{6s, 18s},
                                         std::pair<Duration, Duration>{250ms, 1s}),
                         [](const auto& p) {
                             return fmt::format("Keepalive{}Deadtime{}ms", p.param.first / 1ms,
                                                p.param.second / 1ms);
                         });

// ---- where the simple promise ends ----

// Whole since 0, keepalive < deadtime, no fault, every word takes the same time; and yet two are
// active later than deadtime + keepalive + delay after that: the delay is above
// deadtime - keepalive. See docs/pulse.md.
TEST(Pair, LongConstantDelayOutlastsDeadtimePlusKeepalivePlusDelay) {
    constexpr auto keepalive = 2s;
    constexpr auto deadtime = 3s;
    constexpr Duration delay = 2500ms;
    const auto whole = when(20s);
    TwoRouters pair(timed(keepalive, deadtime), [=](const Sending& s) -> std::optional<Duration> {
        // The primary's words are lost up to `whole`, so that the backup is active. Of the
        // backup's, only the last is lost: the one 1 ns before `whole`.
        const bool lost = s.from == Node::primary ? s.at < whole : s.at == whole - 1ns;
        return lost ? std::nullopt : std::optional{delay};
    });
    pair.start(Node::backup, when(2s) - 1ns);
    // Sends "stopped" 1 ns before its deadline runs out: its first "running" is a keepalive away.
    pair.start(Node::primary, whole + delay - keepalive + deadtime - 2ns - 16s);
    pair.run_until(whole);
    ASSERT_FALSE(pair.active(Node::primary));
    ASSERT_TRUE(pair.active(Node::backup));
    const auto promised = whole + deadtime + keepalive + delay;
    pair.run_until(promised);
    EXPECT_TRUE(pair.active(Node::primary));
    EXPECT_TRUE(pair.active(Node::backup)) << "the counterexample has gone";
    pair.run_until(whole + 2 * (keepalive + delay));
    EXPECT_TRUE(pair.active(Node::primary));
    EXPECT_FALSE(pair.active(Node::backup));
}

// Every second word takes 1.5 s longer: the gap between two arrivals reaches keepalive + jitter,
// 3.5 s, above deadtime. A silence that is none makes the backup take over again and again.
TEST(Pair, JitterAboveDeadtimeLessKeepaliveMakesTheBackupFlapForEver) {
    constexpr Duration keepalive = 2s;
    TwoRouters pair(timed(keepalive, 3s), [](const Sending& s) -> std::optional<Duration> {
        const bool odd = (s.at.time_since_epoch() / 2s) % 2 == 1;
        return odd ? 1510ms : 10ms;
    });
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(0s));
    pair.run_until(when(1000s));
    EXPECT_GT(pair.activations(Node::backup), 200U);
    EXPECT_EQ(pair.activations(Node::primary), 1U);
}

// Words that overtake each other: a "stopped" that the primary sent before it became active comes
// after its first "running", and the backup believes it until the next.
TEST(Pair, StaleStoppedMakesTheBackupActiveUntilTheNextRunning) {
    const auto slow_until = when(6s);
    TwoRouters pair(timed(2s, 10s), [=](const Sending& s) -> std::optional<Duration> {
        const bool slow = s.from == Node::primary && s.at < slow_until;
        return slow ? 5s : 10ms;
    });
    pair.start(Node::primary, when(0s));
    pair.start(Node::backup, when(3s));
    // 5 s: the backup says "stopped", so the primary is active, and says so at 6 s. Its "stopped"
    // of 2 s and 4 s arrive at 7 s and 9 s.
    pair.run_until(when(6900ms));
    EXPECT_TRUE(pair.active(Node::primary));
    EXPECT_FALSE(pair.active(Node::backup));
    pair.run_until(when(7s));
    EXPECT_TRUE(pair.active(Node::backup));
    pair.run_until(when(10100ms));
    EXPECT_TRUE(pair.active(Node::primary));
    EXPECT_FALSE(pair.active(Node::backup));
}

}  // namespace
}  // namespace lvslab::pulse
