// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/server_index.hpp"

#include <bit>

namespace lvslab::flow_world {

ServerIndex::ServerIndex(std::span<const Address> addresses)
    : places_(std::bit_ceil(2 * addresses.size() + 1)), mask_(places_.size() - 1) {
    for (std::uint32_t i = 0; i < addresses.size(); ++i) {
        auto at = place(addresses[i]);
        while (places_[at].index != none && places_[at].address != addresses[i]) {
            at = (at + 1) & mask_;
        }
        if (places_[at].index == none) {
            places_[at] = {addresses[i], i};
        }
    }
}

}  // namespace lvslab::flow_world
