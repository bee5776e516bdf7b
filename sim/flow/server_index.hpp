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
            if (places_[i].index == none || is(places_[i], address)) {
                return places_[i].index;
            }
        }
    }

private:
    /// Eight bytes, so that those of thousands of servers stay in the processor's caches.
    struct Place {
        std::uint32_t word = 0;  ///< the address's first
        std::uint32_t index = none;
    };
    bool is(const Place& p, const Address& address) const {
        return p.word == address.word(0) &&
               ((all_ipv4_ && address.is_v4()) || addresses_[p.index] == address);
    }
    [[gnu::noinline]] static std::size_t ipv6_digest(const Address& address);
    std::size_t place(const Address& address) const {
        const auto h = address.is_v4() ? address.v4_host_order() : ipv6_digest(address);
        return (h * 0x9E3779B97F4A7C15ULL >> 32) & mask_;
    }

    std::vector<Place> places_;
    std::vector<Address> addresses_;
    bool all_ipv4_;
    std::size_t mask_ = 0;
};

}  // namespace lvslab::flow_world
