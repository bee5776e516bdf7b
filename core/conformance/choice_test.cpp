// SPDX-License-Identifier: GPL-2.0-only
#include "core/conformance/choice_test.hpp"

#include <algorithm>
#include <cmath>

#include <boost/math/distributions/normal.hpp>

namespace lvslab::conformance {
namespace {

/// Below this variance (of counts, or of a sum of logarithms) a tally is not near normal: a server
/// that is chosen once with a chance of 1 % would stand 9 standard deviations off, once in a
/// hundred runs. The likelihood of all choices still tells of such servers.
constexpr double least_variance = 10;

bool eligible(const ipvs::DestinationStatus& d) {
    return d.weight.value() > 0 && !d.overloaded;
}

std::int64_t overhead(const ipvs::DestinationStatus& d, ipvs::Profile profile) {
    const auto rest = profile == ipvs::Profile::recent ? d.active + d.inactive : d.inactive;
    return 256 * d.active + rest;
}

}  // namespace

std::vector<double> choice_chances(std::span<const ipvs::DestinationStatus> servers,
                                   ipvs::Profile profile) {
    double points = 1;
    for (const auto& d : servers) {
        points += eligible(d) ? d.weight.value() : 0;
    }
    std::vector<double> draw;
    bool first = true;
    for (const auto& d : servers) {
        const double extra = first && eligible(d) ? 1 : 0;
        draw.push_back(eligible(d) ? (d.weight.value() + extra) / points : 0);
        first = first && !eligible(d);
    }
    std::vector<double> chances(servers.size(), 0);
    for (std::size_t a = 0; a < servers.size(); ++a) {
        for (std::size_t b = 0; b < servers.size(); ++b) {
            const bool second_wins = overhead(servers[a], profile) * servers[b].weight.value() >
                                     overhead(servers[b], profile) * servers[a].weight.value();
            chances[second_wins ? b : a] += draw[a] * draw[b];
        }
    }
    return chances;
}

void ChoiceTest::add(std::span<const ipvs::DestinationStatus> servers, std::size_t chosen,
                     ipvs::Profile profile) {
    const auto chances = choice_chances(servers, profile);
    if (!(chances[chosen] > 0)) {
        ++choices_;
        ++impossible_;
        return;
    }
    if (chances[chosen] >= 1) {
        return;  // nothing to choose
    }
    ++choices_;
    double mean = 0;
    double square = 0;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const auto p = chances[i];
        if (p > 0) {
            auto& tally = servers_[servers[i].endpoint];
            tally.observed += i == chosen ? 1 : 0;
            tally.expected += p;
            tally.variance += p * (1 - p);
            mean += p * std::log(p);
            square += p * std::log(p) * std::log(p);
        }
    }
    likelihood_.observed += std::log(chances[chosen]);
    likelihood_.expected += mean;
    likelihood_.variance += square - mean * mean;
}

ChoiceStatistics ChoiceTest::judge() const {
    std::vector<Tally> tallies{likelihood_};
    for (const auto& [server, tally] : servers_) {
        tallies.push_back(tally);
    }
    ChoiceStatistics result;
    result.choices = choices_;
    result.impossible = impossible_;
    result.significance = significance;
    for (const auto& tally : tallies) {
        if (tally.variance >= least_variance) {
            ++result.tests;
            const auto z = std::abs(tally.observed - tally.expected) / std::sqrt(tally.variance);
            result.largest = std::max(result.largest, z);
        }
    }
    const auto share = significance / std::max(result.tests, 1U);
    result.limit = boost::math::quantile(boost::math::complement(boost::math::normal(), share / 2));
    result.holds = result.impossible == 0 && result.largest <= result.limit;
    return result;
}

}  // namespace lvslab::conformance
