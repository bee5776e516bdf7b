// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/distributions/students_t.hpp>

namespace lvslab::journal {
namespace {

struct Moments {
    double mean;
    double standard_error;
};

Moments moments(std::span<const double> values) {
    const auto n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0;
    for (const double v : values) {
        squares += (v - mean) * (v - mean);
    }
    return {mean, std::sqrt(squares / (n - 1) / n)};
}

}  // namespace

Estimate estimate(std::span<const double> values) {
    if (values.size() < 2) {
        return {values.front(), std::nullopt};
    }
    const auto m = moments(values);
    const boost::math::students_t t(static_cast<double>(values.size() - 1));
    return {m.mean, m.standard_error * boost::math::quantile(t, 0.975)};
}

std::optional<double> paired_t_test(std::span<const double> a, std::span<const double> b) {
    if (a.size() != b.size() || a.size() < 2) {
        return std::nullopt;
    }
    std::vector<double> differences(a.size());
    std::transform(a.begin(), a.end(), b.begin(), differences.begin(), std::minus<>{});
    const auto m = moments(differences);
    // Differences that are rounding only count as none.
    const double size = std::abs(m.mean) + std::abs(a.front()) + std::abs(b.front());
    if (m.standard_error <= 1e-14 * size) {
        return std::abs(m.mean) <= 1e-14 * size ? 1.0 : 0.0;
    }
    const boost::math::students_t t(static_cast<double>(a.size() - 1));
    return 2 * boost::math::cdf(boost::math::complement(t, std::abs(m.mean / m.standard_error)));
}

std::vector<double> holm(std::span<const double> p) {
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
    std::vector<double> corrected(p.size());
    double largest = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        const auto factor = static_cast<double>(p.size() - rank);
        largest = std::max(largest, std::min(1.0, p[order[rank]] * factor));
        corrected[order[rank]] = largest;
    }
    return corrected;
}

}  // namespace lvslab::journal
