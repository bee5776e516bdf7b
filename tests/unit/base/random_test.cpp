// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/random.hpp"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

using namespace lvslab;

TEST(StableHash, IsTheSameEverywhere) {
    // From an implementation in another language, itself held to FNV's and SplitMix64's vectors.
    EXPECT_EQ(stable_hash(""), 0xc3817c016ba4ff30U);
    EXPECT_EQ(stable_hash("arrivals/shop"), 0x1be78a59032e271dU);
}

TEST(RandomStream, DrawsTheSameEverywhere) {
    // From the same implementation, its generator held to the published outputs of xoshiro256**.
    RandomStream stream(1, "arrivals/shop");
    EXPECT_EQ(stream(), 0x933181b8b1b665bbU);
    EXPECT_EQ(stream(), 0x217a58726acabe28U);
    EXPECT_EQ(stream(), 0x6baca4b8648cdf7cU);
}

RC_GTEST_PROP(RandomStream, DependsOnSeedAndNameAlone, (std::uint64_t seed, std::string name)) {
    RandomStream a(seed, name), b(seed, name), other_seed(seed + 1, name),
        other_name(seed, name + "x");
    const auto first = a();
    RC_ASSERT(b() == first);
    RC_ASSERT(other_seed() != first);
    RC_ASSERT(other_name() != first);
}

TEST(RandomStream, IsNotShiftedByAnother) {
    RandomStream alone(5, "sizes/shop");
    const std::vector<std::uint64_t> expected{alone(), alone(), alone()};
    RandomStream stream(5, "sizes/shop"), added(5, "arrivals/shop");
    std::vector<std::uint64_t> drawn;
    for (int i = 0; i < 3; ++i) {
        added.normal();
        drawn.push_back(stream());
    }
    EXPECT_EQ(drawn, expected);
}

TEST(RandomStream, UniformLiesInItsIntervalEvenly) {
    RandomStream stream(7, "test");
    std::array<int, 20> counts{};
    const int n = 200'000;
    for (int i = 0; i < n; ++i) {
        const double u = stream.uniform();
        ASSERT_GE(u, 0.0);
        ASSERT_LT(u, 1.0);
        ++counts[static_cast<std::size_t>(u * 20)];
    }
    double chi_square = 0;
    for (const int count : counts) {
        chi_square += (count - n / 20.0) * (count - n / 20.0) / (n / 20.0);
    }
    EXPECT_LT(chi_square, 43.8);  // 0.1 % point with 19 degrees of freedom; the seed is fixed
}

TEST(RandomStream, BelowIsEvenAndWithinItsBound) {
    RandomStream stream(7, "test");
    std::array<int, 7> counts{};
    const int n = 140'000;
    for (int i = 0; i < n; ++i) {
        ++counts.at(stream.below(7));
    }
    double chi_square = 0;
    for (const int count : counts) {
        chi_square += (count - n / 7.0) * (count - n / 7.0) / (n / 7.0);
    }
    EXPECT_LT(chi_square, 22.5);  // 0.1 % point with 6 degrees of freedom
    for (const std::uint64_t bound :
         {std::uint64_t{1}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        EXPECT_LT(stream.below(bound), bound);
    }
}

TEST(RandomStream, BelowDoesNotFavourSmallNumbers) {
    // With n = 3/4 of the range, draw % n alone would fall below n/3 half of the time.
    RandomStream stream(7, "test");
    const std::uint64_t n = std::uint64_t{3} << 62;
    int small = 0;
    for (int i = 0; i < 30'000; ++i) {
        small += stream.below(n) < n / 3 ? 1 : 0;
    }
    EXPECT_NEAR(small, 10'000, 6 * 82);  // standard deviation sqrt(30000 * 2/9) = 82
}

TEST(RandomStream, ExponentialHasItsMeanAndItsTail) {
    RandomStream stream(7, "test");
    const int n = 200'000;
    double sum = 0;
    int beyond = 0;
    for (int i = 0; i < n; ++i) {
        const double x = stream.exponential(3.0);
        ASSERT_GE(x, 0.0);
        sum += x;
        beyond += x > 6.0 ? 1 : 0;
    }
    EXPECT_NEAR(sum / n, 3.0, 6 * 3.0 / std::sqrt(n));
    EXPECT_NEAR(beyond / double{n}, std::exp(-2.0), 6 * 0.342 / std::sqrt(n));
}

TEST(RandomStream, NormalHasMeanZeroAndVarianceOne) {
    RandomStream stream(7, "test");
    const int n = 200'000;
    double sum = 0;
    double squares = 0;
    int beyond = 0;
    for (int i = 0; i < n; ++i) {
        const double x = stream.normal();
        sum += x;
        squares += x * x;
        beyond += std::abs(x) > 1.959964 ? 1 : 0;
    }
    EXPECT_NEAR(sum / n, 0.0, 6 / std::sqrt(n));
    EXPECT_NEAR(squares / n, 1.0, 6 * std::sqrt(2.0 / n));
    EXPECT_NEAR(beyond / double{n}, 0.05, 6 * 0.218 / std::sqrt(n));
}
