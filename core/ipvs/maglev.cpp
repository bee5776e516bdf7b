// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/maglev.hpp"

#include <algorithm>

namespace lvslab::ipvs {

std::vector<std::uint32_t> build_maglev_table(std::span<const MaglevBackend> backends,
                                              std::uint32_t size) {
    std::vector<std::uint32_t> table(size, no_backend);
    if (std::ranges::none_of(backends, [](const auto& b) { return b.turns > 0; })) {
        return table;
    }
    std::vector<std::uint32_t> next(backends.size());
    std::ranges::transform(backends, next.begin(), &MaglevBackend::offset);
    for (std::uint32_t taken = 0; taken < size;) {
        for (std::uint32_t b = 0; b < backends.size() && taken < size; ++b) {
            for (std::uint32_t turn = 0; turn < backends[b].turns && taken < size; ++turn) {
                while (table[next[b]] != no_backend) {
                    next[b] = static_cast<std::uint32_t>(
                        (std::uint64_t{next[b]} + backends[b].skip) % size);
                }
                table[next[b]] = b;
                ++taken;
            }
        }
    }
    return table;
}

}  // namespace lvslab::ipvs
