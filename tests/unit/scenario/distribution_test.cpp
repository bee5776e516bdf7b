// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/pareto.hpp>

#include "core/base/random.hpp"

namespace lvslab::scenario {
namespace {

struct Continuous {
    std::string name;
    Distribution distribution;
    std::function<double(double)> cdf;
};

std::vector<Continuous> continuous() {
    const boost::math::lognormal normal_logs(std::log(12288) - 1.2 * 1.2 / 2, 1.2);
    const boost::math::pareto tail(4096, 1.3);
    return {
        {"exponential", Exponential{0.04}, [](double x) { return 1 - std::exp(-x / 0.04); }},
        {"uniform", Uniform{2, 6}, [](double x) { return (x - 2) / 4; }},
        {"lognormal", LogNormal{12288, 1.2}, [=](double x) { return cdf(normal_logs, x); }},
        {"pareto", Pareto{4096, 1.3}, [=](double x) { return cdf(tail, x); }},
        {"pareto, cut", Pareto{4096, 1.3, 1048576},
         [=](double x) { return cdf(tail, x) / cdf(tail, 1048576.0); }},
    };
}

std::vector<double> drawn(const Distribution& d, std::size_t count) {
    RandomStream stream(7, "test");
    std::vector<double> values(count);
    for (auto& v : values) {
        v = quantile(d, stream.uniform());
    }
    return values;
}

TEST(Distribution, DrawsFollowTheExactDistributionFunction) {
    constexpr std::size_t n = 20'000;
    for (const auto& c : continuous()) {
        auto values = drawn(c.distribution, n);
        std::ranges::sort(values);
        double worst = 0;  // Kolmogorov and Smirnov's statistic
        for (std::size_t i = 0; i < n; ++i) {
            const double p = c.cdf(values[i]);
            worst = std::max({worst, std::abs(p - static_cast<double>(i) / n),
                              std::abs(p - static_cast<double>(i + 1) / n)});
        }
        // 1.95: one sample of a thousand is further off.
        EXPECT_LT(worst * std::sqrt(static_cast<double>(n)), 1.95) << c.name;
    }
}

TEST(Distribution, ADistributionFunctionUndoesItsQuantile) {
    for (const auto& c : continuous()) {
        for (const double u : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999999}) {
            EXPECT_NEAR(c.cdf(quantile(c.distribution, u)), u, 1e-9) << c.name << " at " << u;
        }
    }
}

TEST(Distribution, TheMeanIsTheAverageOfTheQuantiles) {
    const std::vector<Distribution> all{Constant{3},
                                        Exponential{0.04},
                                        Uniform{2, 6},
                                        LogNormal{12288, 0.8},
                                        Pareto{100, 3.5},
                                        Pareto{100, 1.0, 5000},
                                        Pareto{100, 0.7, 5000},
                                        Empirical{{1, 10, 100}, {0.5, 0.3, 0.2}}};
    constexpr int steps = 2'000'000;
    for (const auto& d : all) {
        double sum = 0;
        for (int i = 0; i < steps; ++i) {
            sum += quantile(d, (i + 0.5) / steps);
        }
        EXPECT_NEAR(sum / steps / mean(d), 1, 2e-3) << "alternative " << d.index();
    }
}

TEST(Distribution, AParetoTailOfShapeOneOrLessHasNoMeanUnlessItIsCut) {
    EXPECT_EQ(mean(Pareto{100, 1}), std::numeric_limits<double>::infinity());
    EXPECT_EQ(mean(Pareto{100, 0.5}), std::numeric_limits<double>::infinity());
    EXPECT_LT(mean(Pareto{100, 0.5, 1000}), 1000);
    EXPECT_DOUBLE_EQ(mean(Pareto{100, 3}), 150);
}

TEST(Distribution, EmpiricalValuesComeWithTheirProbabilities) {
    const Empirical d{{1, 10, 100}, {0.5, 0.3, 0.2}};
    EXPECT_EQ(quantile(d, 0), 1);
    EXPECT_EQ(quantile(d, 0.4999), 1);
    EXPECT_EQ(quantile(d, 0.5), 10);
    EXPECT_EQ(quantile(d, 0.7999), 10);
    EXPECT_EQ(quantile(d, 0.8001), 100);
    EXPECT_EQ(quantile(d, std::nextafter(1.0, 0.0)), 100);
}

TEST(Distribution, ALogNormalOfSigmaZeroIsConstant) {
    EXPECT_EQ(quantile(LogNormal{5, 0}, 0), 5);
    EXPECT_EQ(quantile(LogNormal{5, 0}, 0.99), 5);
}

RC_GTEST_PROP(Distribution, QuantilesAreFiniteAndNeverDecrease, ()) {
    const auto all = continuous();
    const auto& d = all[*rc::gen::inRange<std::size_t>(0, all.size())].distribution;
    const auto draw = [] {
        return static_cast<double>(*rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 53U)) *
               0x1.0p-53;
    };
    const double a = draw();
    const double b = draw();
    const double low = quantile(d, std::min(a, b));
    const double high = quantile(d, std::max(a, b));
    RC_ASSERT(std::isfinite(low) && std::isfinite(high) && low >= 0 && low <= high);
}

}  // namespace
}  // namespace lvslab::scenario
