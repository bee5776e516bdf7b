// SPDX-License-Identifier: GPL-2.0-only
/// Which server is done next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "core/base/time.hpp"
#include "core/base/tournament.hpp"

namespace lvslab::flow_world {

/// One time for each server, and the earliest of all.
class CompletionTree {
public:
    /// Throws std::invalid_argument for more than 16 million servers.
    explicit CompletionTree(std::size_t servers) : tournament_(allowed(servers)) {
        for (std::size_t leaf = 0; leaf < tournament_.leaves(); ++leaf) {
            tournament_.set(leaf, key_of(never, leaf));
        }
    }

    /// The server's time from now on; `never` = none. Of equal times the one that was set first is
    /// the earlier.
    void set(std::uint32_t server, Time at) {
        tournament_.set(server, key_of(at, order_++ << server_bits | server));
    }
    Time at(std::uint32_t server) const { return time_of(tournament_.at(server)); }
    /// The earliest time of all, or `never`.
    Time next() const { return time_of(tournament_.least()); }
    /// Whose it is, if there is one.
    std::uint32_t first() const {
        return static_cast<std::uint32_t>(tournament_.least()) & server_mask;
    }

private:
    /// Time, order, server. 40 bits of order are days of running.
    using Key = Tournament::Key;
    static constexpr unsigned server_bits = 24;
    static constexpr std::uint32_t server_mask = (1U << server_bits) - 1;
    static std::size_t allowed(std::size_t servers) {
        if (servers > server_mask) {
            throw std::invalid_argument("more than 16777215 servers");
        }
        return servers;
    }
    /// Times before the run's start come first, too.
    static constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
    static Key key_of(Time at, std::uint64_t order_and_server) {
        return Key{static_cast<std::uint64_t>(at.time_since_epoch().count()) ^ sign} << 64U |
               order_and_server;
    }
    static Time time_of(Key key) {
        return Time{
            Duration{static_cast<std::int64_t>(static_cast<std::uint64_t>(key >> 64U) ^ sign)}};
    }

    Tournament tournament_;
    std::uint64_t order_ = 0;
};

}  // namespace lvslab::flow_world
