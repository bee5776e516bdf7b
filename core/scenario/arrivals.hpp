// SPDX-License-Identifier: GPL-2.0-only
/// The arrival times of one workload, one at a time.
#pragma once

#include <optional>
#include <string>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::scenario {

/// Draws from the streams `arrivals/NAME` (gaps) and `phases/NAME` (on and off times).
class ArrivalClock {
public:
    /// The arrivals must outlive the clock.
    ArrivalClock(const Arrivals& arrivals, std::uint64_t seed, const std::string& workload);

    /// The next arrival after the workload's start; nothing once a list or a trace is used up.
    /// Never decreases.
    std::optional<Duration> next();

private:
    Duration gap(double per_second);
    Duration next_of(const ConstantArrivals& a);
    Duration next_of(const PoissonArrivals& a);
    Duration next_of(const OnOffArrivals& a);

    const Arrivals& arrivals_;
    RandomStream gaps_;
    RandomStream phases_;
    std::uint64_t made_ = 0;
    Duration now_{};
    Duration on_left_{};  ///< of the burst that is under way
    bool started_ = false;
};

}  // namespace lvslab::scenario
