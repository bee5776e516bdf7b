// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/server_index.hpp"

#include <algorithm>
#include <bit>

namespace lvslab::flow_world {

ServerIndex::ServerIndex(std::span<const Address> addresses)
    : places_(std::bit_ceil(2 * addresses.size() + 1)),
      addresses_(addresses.begin(), addresses.end()),
      all_ipv4_(std::ranges::all_of(addresses, &Address::is_v4)),
      mask_(places_.size() - 1) {
    for (std::uint32_t i = 0; i < addresses.size(); ++i) {
        auto at = place(addresses[i]);
        while (places_[at].index != none && !is(places_[at], addresses[i])) {
            at = (at + 1) & mask_;
        }
        if (places_[at].index == none) {
            places_[at] = {addresses[i].word(0), i};
        }
    }
}

std::size_t ServerIndex::ipv6_digest(const Address& address) {
    return std::hash<Address>{}(address);
}

}  // namespace lvslab::flow_world
