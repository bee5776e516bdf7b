// SPDX-License-Identifier: GPL-2.0-only
/// Linux's one-minute load average.
#include "core/server/load_average.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lvslab::server::testing {
namespace {

double after(double minutes, std::uint64_t tasks, LoadAverage& load) {
    for (int i = 0; i < static_cast<int>(minutes * 12); ++i) {
        load.sample(tasks);
    }
    return load.one_minute();
}

TEST(LoadAverage, RisesByTheShareOfAMinuteAndFallsBack) {
    LoadAverage load;
    EXPECT_EQ(load.one_minute(), 0);
    EXPECT_NEAR(after(1, 4, load), 4 * (1 - std::exp(-1)), 0.02);
    EXPECT_NEAR(after(10, 4, load), 4, 0.005);
    EXPECT_NEAR(after(1, 0, load), 4 * std::exp(-1), 0.02);
    EXPECT_NEAR(after(20, 0, load), 0, 0.001);
}

TEST(LoadAverage, ReachesAWholeLoadAndStays) {
    LoadAverage load;
    EXPECT_EQ(after(60, 1, load), 1.0);
}

}  // namespace
}  // namespace lvslab::server::testing
