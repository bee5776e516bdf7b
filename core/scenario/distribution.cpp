// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <boost/math/distributions/normal.hpp>

namespace lvslab::scenario {
namespace {

// log(maximum / minimum): the range of a Pareto distribution that is cut.
double log_range(const Pareto& d) {
    return std::log(d.maximum / d.minimum);
}

struct Quantile {
    double u;

    double operator()(const Constant& d) const { return d.value; }
    double operator()(const Exponential& d) const { return -d.mean * std::log1p(-u); }
    double operator()(const Uniform& d) const { return d.low + (d.high - d.low) * u; }
    double operator()(const LogNormal& d) const {
        if (d.sigma == 0) {
            return d.mean;
        }
        if (u <= 0) {
            return 0;
        }
        const double z = boost::math::quantile(boost::math::normal{}, u);
        return d.mean * std::exp(d.sigma * (z - d.sigma / 2));
    }
    double operator()(const Pareto& d) const {
        // With a maximum the tail beyond it is left out and the rest scaled up to one.
        const double kept = d.maximum > 0 ? -std::expm1(-d.shape * log_range(d)) : 1;
        const double value = d.minimum * std::exp(-std::log1p(-u * kept) / d.shape);
        return d.maximum > 0 ? std::min(value, d.maximum) : value;
    }
    double operator()(const Empirical& d) const {
        double below = 0;
        for (std::size_t i = 0; i + 1 < d.values.size(); ++i) {
            below += d.probabilities[i];
            if (u < below) {
                return d.values[i];
            }
        }
        return d.values.empty() ? 0 : d.values.back();
    }
};

struct Mean {
    double operator()(const Constant& d) const { return d.value; }
    double operator()(const Exponential& d) const { return d.mean; }
    double operator()(const Uniform& d) const { return (d.low + d.high) / 2; }
    double operator()(const LogNormal& d) const { return d.mean; }
    double operator()(const Pareto& d) const {
        const double excess = d.shape - 1;
        if (d.maximum <= 0) {
            return excess > 0 ? d.minimum * d.shape / excess
                              : std::numeric_limits<double>::infinity();
        }
        const double range = log_range(d);
        if (range <= 0) {
            return d.minimum;
        }
        // The integral of exp(-excess * t) from 0 to range; its limit at shape 1 is the range.
        const double integral =
            std::abs(excess) < 1e-12 ? range : -std::expm1(-excess * range) / excess;
        return d.minimum * d.shape * integral / -std::expm1(-d.shape * range);
    }
    double operator()(const Empirical& d) const {
        return std::inner_product(d.values.begin(), d.values.end(), d.probabilities.begin(), 0.0);
    }
};

}  // namespace

double quantile(const Distribution& d, double u) {
    return std::visit(Quantile{u}, d);
}

double mean(const Distribution& d) {
    return std::visit(Mean{}, d);
}

}  // namespace lvslab::scenario
