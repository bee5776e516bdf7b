// SPDX-License-Identifier: GPL-2.0-only
// The load monitor's formula, by cases worked out by hand, and what it reads.
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/health/load.hpp"

namespace lvslab::health {
namespace {

int weight(int configured, int last, double load) {
    return weight_under_load(Weight{configured}, Weight{last}, load).value();
}

TEST(Load, BelowOneRaisesTheWeightByTheCubeRoot) {
    EXPECT_EQ(weight(100, 100, 0.0), 150);
    EXPECT_EQ(weight(100, 100, 0.875), 125);  // cbrt(1/8) = 1/2
    EXPECT_EQ(weight(100, 150, 0.488), 190);  // cbrt(0.512) = 0.8
}

TEST(Load, AboveOneLowersItButNotBelowTheConfiguredWeight) {
    EXPECT_EQ(weight(100, 400, 2.0), 350);
    EXPECT_EQ(weight(100, 400, 9.0), 300);  // cbrt(8) = 2
    EXPECT_EQ(weight(100, 140, 65.0), 100);
    EXPECT_EQ(weight(100, 100, 65.0), 100);
}

TEST(Load, RaisesToTenTimesTheConfiguredWeightAtMost) {
    EXPECT_EQ(weight(100, 940, 0.0), 990);
    EXPECT_EQ(weight(100, 970, 0.0), 1000);
    EXPECT_EQ(weight(100, 980, 0.0), 980);  // 20 more would be less than a quarter
}

TEST(Load, ChangesOfLessThanAQuarterAreNotMade) {
    EXPECT_EQ(weight(100, 200, 0.9), 200);   // 50 * cbrt(0.1) = 23.2
    EXPECT_EQ(weight(100, 200, 0.87), 225);  // 50 * cbrt(0.13) = 25.3
}

TEST(Load, OfExactlyOneOrNoLoadChangesNothing) {
    EXPECT_EQ(weight(100, 200, 1.0), 200);
    EXPECT_EQ(weight(100, 200, -1.0), 200);
}

RC_GTEST_PROP(Load, KeepsTheWeightBetweenTheConfiguredOneAndTenTimesThat, ()) {
    const auto configured = *rc::gen::inRange(1, 65536);
    auto last = configured;
    const auto loads = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 5000));
    for (const auto load : loads) {
        last = weight(configured, last, load / 100.0);
        RC_ASSERT(last >= configured);
        RC_ASSERT(last <= load_scale * configured);
    }
}

TEST(LoadReader, ReadsUptimeRupAndRuptime) {
    EXPECT_EQ(read_load(" 10:01:02 up 3 days,  2:03,  1 user,  load average: 0.25, 0.50, 0.75\n"),
              0.25);
    EXPECT_EQ(read_load("  www1    up  3 days,  2:03,    load average: 1.50 0.50 0.75\n"), 1.5);
    EXPECT_EQ(read_load("www1  up  3+02:03,  1 user,  load 12.25, 0.50, 0.75\n"), 12.25);
    EXPECT_EQ(read_load("loadhost1  up  3+02:03,  1 user,  load 2.25, 0.50, 0.75"), 2.25);
}

TEST(LoadReader, ReadsNothingWhereThereIsNoLoad) {
    EXPECT_FALSE(read_load("").has_value());
    EXPECT_FALSE(read_load("connection refused\n").has_value());
    EXPECT_FALSE(read_load("load average: n/a\n1\n").has_value());
    EXPECT_FALSE(read_load("load average: 1.5x, 2\n").has_value());
}

}  // namespace
}  // namespace lvslab::health
