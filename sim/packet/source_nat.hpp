// SPDX-License-Identifier: GPL-2.0-only
/// A router's rules of nat POSTROUTING at work: MASQUERADE and SNAT of connections that IPVS does
/// not know (manual, 3.5.3.1).
#pragma once

#include <cstdint>
#include <vector>

#include "core/packet/masquerade.hpp"
#include "core/scenario/nat_rule.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::packet_world {

/// Rewrites packets that pass; which way they go on is the caller's business.
class SourceNat {
public:
    /// `rules` and `router` must outlive it. `seed` draws ports where a packet's own is taken.
    SourceNat(const std::vector<scenario::NatRule>& rules, const scenario::Router& router,
              std::uint64_t seed)
        : rules_(rules), router_(router), seed_(seed), table_(seed) {}

    /// The machine has died: no connection is known any more.
    void forget() { table_ = packet::Masquerade(seed_); }

    enum class Result : std::uint8_t {
        untouched,  ///< no rule takes it
        rewritten,
        no_port,  ///< none is left: it is to be dropped
    };
    /// A packet on its way out through the router: its source becomes what its connection's first
    /// packet was given by a rule.
    [[nodiscard]] Result outgoing(const packet::PacketEditor& packet, const packet::Flow& flow,
                                  Time now);
    /// A packet for the router's own address: true if it belongs to a connection of the table, and
    /// its destination is now whoever opened that.
    [[nodiscard]] bool incoming(const packet::PacketEditor& packet, const packet::Flow& flow,
                                Time now);

private:
    const std::vector<scenario::NatRule>& rules_;
    const scenario::Router& router_;
    std::uint64_t seed_;
    packet::Masquerade table_;
};

}  // namespace lvslab::packet_world
