// SPDX-License-Identifier: GPL-2.0-only
/// The statistical test of `twos`: are recorded choices drawn as its rule says?
#pragma once

#include <map>
#include <span>
#include <vector>

#include "core/conformance/replay.hpp"

namespace lvslab::conformance {

/// The chance of each server (in list order) to be chosen by ip_vs_twos_schedule; 0 for those that
/// cannot be. Two draws from 0 ... W over the eligible ones, with replacement, the first of them
/// favoured by the draw of 0; the second wins only with a strictly lower overhead/weight.
std::vector<double> choice_chances(std::span<const ipvs::DestinationStatus> servers,
                                   ipvs::Profile profile);

/// Collects choices with their chances, and judges.
class ChoiceTest {
public:
    /// `chosen` = index into `servers`.
    void add(std::span<const ipvs::DestinationStatus> servers, std::size_t chosen,
             ipvs::Profile profile);
    /// Two-sided z-tests (normal by the central limit theorem): each server's number of choices
    /// against the sum of its chances, and the log-likelihood of all choices against its expected
    /// value; Bonferroni over all of them.
    ChoiceStatistics judge() const;
    bool empty() const { return choices_ == 0; }

private:
    struct Tally {
        double observed = 0;
        double expected = 0;
        double variance = 0;
    };
    std::map<Endpoint, Tally> servers_;
    Tally likelihood_;
    std::uint64_t choices_ = 0;
    std::uint64_t impossible_ = 0;
};

}  // namespace lvslab::conformance
