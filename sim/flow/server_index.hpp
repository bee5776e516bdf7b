// SPDX-License-Identifier: GPL-2.0-only
/// Which server an address is.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/address.hpp"

namespace lvslab::flow_world {

/// Addresses to their places in a list, without a chain to walk: one look in most cases.
class ServerIndex {
public:
    static constexpr std::uint32_t none = 0xFFFFFFFFU;

    ServerIndex() : ServerIndex(std::span<const Address>{}) {}
    /// Of several equal addresses the first counts.
    explicit ServerIndex(std::span<const Address> addresses);

    std::uint32_t of(const Address& address) const {
        for (auto i = place(address);; i = (i + 1) & mask_) {
            if (places_[i].index == none || same(places_[i].address, address)) {
                return places_[i].index;
            }
        }
    }

private:
    struct Place {
        Address address;
        std::uint32_t index = none;
    };
    /// For IPv4 by one word, without a call.
    static bool same(const Address& a, const Address& b) {
        return a.word(0) == b.word(0) && a.family() == b.family() && (a.is_v4() || a == b);
    }
    std::size_t place(const Address& address) const {
        const auto h = address.is_v4() ? address.v4_host_order() : std::hash<Address>{}(address);
        return (h * 0x9E3779B97F4A7C15ULL >> 32) & mask_;
    }

    std::vector<Place> places_;
    std::size_t mask_ = 0;
};

}  // namespace lvslab::flow_world
