// SPDX-License-Identifier: GPL-2.0-only
/// Which server is done next.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "core/base/time.hpp"

namespace lvslab::flow_world {

/// One time for each server, and the earliest of all: a tournament of two at a time, 16 bytes a
/// node. A change plays the matches from the server's leaf to the root, as many for each, and none
/// of them is a branch that the processor would have to foretell, as a heap's are.
class CompletionTree {
public:
    /// Throws std::invalid_argument for more than 16 million servers.
    explicit CompletionTree(std::size_t servers)
        : leaves_(leaves_for(servers)), nodes_(2 * leaves_, none) {}

    /// The server's time from now on; `never` = none. Of equal times the one that was set first is
    /// the earlier.
    void set(std::uint32_t server, Time at) {
        auto node = leaves_ + server;
        auto winner = key_of(at, order_++ << server_bits | server);
        auto* const nodes = nodes_.data();
        nodes[node] = winner;
        while (node > 1) {
            const auto other = nodes[node ^ 1U];
            winner = other < winner ? other : winner;
            node /= 2;
            nodes[node] = winner;
        }
    }
    Time at(std::uint32_t server) const { return time_of(nodes_[leaves_ + server]); }
    /// The earliest time of all, or `never`.
    Time next() const { return time_of(nodes_[1]); }
    /// Whose it is, if there is one.
    std::uint32_t first() const { return static_cast<std::uint32_t>(nodes_[1]) & server_mask; }

private:
    /// Time, order, server, so that a match is one comparison. 40 bits of order are days of
    /// running.
    __extension__ using Key = unsigned __int128;
    static constexpr unsigned server_bits = 24;
    static constexpr std::uint32_t server_mask = (1U << server_bits) - 1;
    static std::size_t leaves_for(std::size_t servers) {
        if (servers > server_mask) {
            throw std::invalid_argument("more than 16777215 servers");
        }
        return std::bit_ceil(servers == 0 ? 1 : servers);
    }
    static Key key_of(Time at, std::uint64_t order_and_server) {
        return Key{static_cast<std::uint64_t>(at.time_since_epoch().count())} << 64U |
               order_and_server;
    }
    static Time time_of(Key key) { return Time{Duration{static_cast<std::int64_t>(key >> 64U)}}; }
    static constexpr Key none = Key{static_cast<std::uint64_t>(never.time_since_epoch().count())}
                                << 64U;

    std::size_t leaves_;
    std::vector<Key> nodes_;  ///< the root is 1, a node's children 2n and 2n + 1
    std::uint64_t order_ = 0;
};

}  // namespace lvslab::flow_world
