// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/base/random.hpp"
#include "core/journal/statistics.hpp"

using namespace lvslab;
using namespace lvslab::journal;

TEST(Statistics, IntervalUsesStudentsT) {
    // t(0.975, 4) = 2.776445 from printed tables; s = sqrt(2.5), n = 5.
    const std::array<double, 5> values{1, 2, 3, 4, 5};
    const auto e = estimate(values);
    EXPECT_DOUBLE_EQ(e.mean, 3);
    EXPECT_NEAR(*e.half_width, 2.776445 * std::sqrt(2.5 / 5), 1e-5);
    EXPECT_FALSE(estimate(std::array{7.0}).half_width);
}

TEST(Statistics, IntervalHoldsTheTruthAsOftenAsItSays) {
    RandomStream random(3, "test/interval");
    int held = 0;
    constexpr int rounds = 4000;
    for (int i = 0; i < rounds; ++i) {
        std::array<double, 5> values{};
        for (auto& v : values) {
            v = 10 + random.normal();
        }
        const auto e = estimate(values);
        held += std::abs(e.mean - 10) <= *e.half_width ? 1 : 0;
    }
    // 95 %, standard error 0.34 %: four of them.
    EXPECT_NEAR(static_cast<double>(held) / rounds, 0.95, 0.014);
}

TEST(Statistics, PairedTestSeesWhatPairsShare) {
    // Student's sleep data (Biometrika 1908): t = -4.0621, 9 degrees of freedom, p = 0.002833.
    const std::array<double, 10> a{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0},
        b{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    EXPECT_NEAR(*paired_t_test(a, b), 0.002833, 1e-6);
    EXPECT_NEAR(*paired_t_test(b, a), 0.002833, 1e-6);
    EXPECT_EQ(paired_t_test(a, a), 1.0);
    EXPECT_EQ(paired_t_test(std::array{1.0, 2.0}, std::array{2.0, 3.0}), 0.0);
    EXPECT_FALSE(paired_t_test(std::array{1.0}, std::array{2.0}));
}

TEST(Statistics, HolmCorrectsStepByStep) {
    const std::array<double, 4> p{0.01, 0.04, 0.03, 0.005};
    // Sorted .005*4, .01*3, .03*2, max(.06, .04*1).
    const auto corrected = holm(p);
    EXPECT_DOUBLE_EQ(corrected[3], 0.02);
    EXPECT_DOUBLE_EQ(corrected[0], 0.03);
    EXPECT_DOUBLE_EQ(corrected[2], 0.06);
    EXPECT_DOUBLE_EQ(corrected[1], 0.06);
    EXPECT_DOUBLE_EQ(holm(std::array{0.9, 0.8})[0], 1.0);
}
