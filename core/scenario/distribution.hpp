// SPDX-License-Identifier: GPL-2.0-only
/// Distributions of sizes and times, drawn by inversion so that one uniform number gives one value:
/// two algorithms compared with the same seed meet the same load.
#pragma once

#include <variant>
#include <vector>

namespace lvslab::scenario {

struct Constant {
    double value = 0;
};
struct Exponential {
    double mean;
};
struct Uniform {
    double low, high;
};
/// Log-normal with the given mean; sigma is the standard deviation of the logarithm.
struct LogNormal {
    double mean, sigma;
};
/// Bounded below by `minimum`; `shape` > 1 for a finite mean. A `maximum` other than 0 cuts the
/// tail off: the values beyond it are left out (not moved to it) and the rest scaled up.
struct Pareto {
    double minimum, shape, maximum = 0;
};
/// Each value with its probability; values ascend, probabilities add up to 1.
struct Empirical {
    std::vector<double> values, probabilities;
};

/// A distribution in the unit of whatever it describes: seconds or bytes.
using Distribution = std::variant<Constant, Exponential, Uniform, LogNormal, Pareto, Empirical>;

/// The value below which a share u of all values lies; 0 <= u < 1.
double quantile(const Distribution& d, double u);
/// The expected value (infinite for a Pareto without maximum and shape <= 1).
double mean(const Distribution& d);

}  // namespace lvslab::scenario
