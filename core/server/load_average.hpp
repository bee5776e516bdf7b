// SPDX-License-Identifier: GPL-2.0-only
/// A host's one-minute load average, as Linux keeps it.
#pragma once

#include <cstdint>

#include "core/base/time.hpp"

namespace lvslab::server {

/// Every 5 s the number of tasks that run or wait goes in with a weight of 1 - e^(-5 s / 1 min),
/// in fixed point with 11 bits, rounded up while the load rises (kernel/sched/loadavg.c,
/// calc_load).
class LoadAverage {
public:
    static constexpr Duration period = std::chrono::seconds(5);

    /// One period has passed; `tasks` run or wait now.
    void sample(std::uint64_t tasks);
    double one_minute() const;

private:
    std::uint64_t load_ = 0;
};

}  // namespace lvslab::server
