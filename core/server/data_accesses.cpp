// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/data_accesses.hpp"

#include <algorithm>
#include <cmath>

namespace lvslab::server {

DataAccesses::DataAccesses(const scenario::DataNeed& need, RandomStream& draws) {
    // No size of a scenario is larger: what a heavy tail draws is cut.
    constexpr double most_bytes = 1e12;
    accesses_.reserve(std::size_t{need.reads} + need.writes);
    for (std::size_t i = 0; i < std::size_t{need.reads} + need.writes; ++i) {
        const double bytes = scenario::quantile(need.bytes, draws.uniform());
        accesses_.push_back({.write = i >= need.reads,
                             .bytes = static_cast<std::uint64_t>(
                                 std::llround(std::clamp(bytes, 0.0, most_bytes)))});
    }
}

}  // namespace lvslab::server
