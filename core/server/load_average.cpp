// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/load_average.hpp"

namespace lvslab::server {
namespace {

// include/linux/sched/loadavg.h: FSHIFT, FIXED_1, EXP_1.
constexpr std::uint64_t one = 1U << 11U;
constexpr std::uint64_t decay = 1884;

}  // namespace

void LoadAverage::sample(std::uint64_t tasks) {
    const std::uint64_t now = tasks * one;
    std::uint64_t next = load_ * decay + now * (one - decay);
    if (now >= load_) {
        next += one - 1;
    }
    load_ = next / one;
}

double LoadAverage::one_minute() const {
    return static_cast<double>(load_) / static_cast<double>(one);
}

}  // namespace lvslab::server
