// SPDX-License-Identifier: GPL-2.0-only
/// What repetitions say: confidence intervals and paired tests over the runs of a comparison.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace lvslab::journal {

/// A mean over repetitions; the true one lies within half_width of it with 95 % confidence
/// (Student's t). Unset half_width: fewer than two repetitions.
struct Estimate {
    double mean = 0;
    std::optional<double> half_width;
};

/// `values` holds at least one number.
Estimate estimate(std::span<const double> values);

/// The probability that a mean difference as large as this one comes by chance (two-sided paired
/// t-test of a[i] - b[i]). Nothing with fewer than two pairs. 1 if all pairs are equal, 0 if all
/// differ by the same amount.
std::optional<double> paired_t_test(std::span<const double> a, std::span<const double> b);

/// Holm's correction (Scand. J. Stat. 6, 1979): p-values as they count when all of them are judged
/// at once. In the order of `p`.
std::vector<double> holm(std::span<const double> p);

}  // namespace lvslab::journal
