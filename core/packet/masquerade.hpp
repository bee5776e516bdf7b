// SPDX-License-Identifier: GPL-2.0-only
/// Source NAT of connections that go out through a router (iptables MASQUERADE, SNAT): the manual's
/// way out for the data connections of FTP servers (3.5.3.1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "core/base/quantities.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/packet/packet.hpp"

namespace lvslab::packet {

/// Where a tracked connection is (nf_conntrack_proto_tcp.c; UDP has its first two).
enum class TrackedState : std::uint8_t {
    syn_sent,
    syn_received,
    established,
    fin_wait,
    close_wait,
    last_ack,
    time_wait,
    closed,
    udp,          ///< one way so far
    udp_replied,  ///< both ways
};
/// How long an entry stays without packets, by conntrack's defaults (net.netfilter.nf_conntrack_*).
Duration default_timeout(TrackedState state);
/// The state after a packet, from whoever opened the connection (`original`) or back.
TrackedState next_tracked_state(TrackedState state, bool original, std::uint8_t tcp_flags);

/// The table of translated connections: which source an outgoing packet gets, and whom an incoming
/// one is for. A rule is asked at a connection's first packet only; the rest follow the table.
/// Sequence and window checks are not made. TCP and UDP. Time never runs backwards.
class Masquerade {
public:
    /// `seed` draws where the search for a free port begins.
    explicit Masquerade(std::uint64_t seed) : random_(seed, "masquerade ports") {}

    /// The new source of an outgoing packet whose connection is in the table.
    std::optional<Endpoint> known(const Flow& flow, Time now);
    /// The new source of an outgoing connection that a rule gives `address`: with its own port if
    /// no other connection to the same destination has it, else with a free one of the same range
    /// (1-511, 600-1023, 1024-65535). Empty if there is none: the packet is dropped.
    std::optional<Endpoint> translate(const Flow& flow, const Address& address, Time now);
    /// Whom a packet that came in is for, if it belongs to a translated connection.
    std::optional<Endpoint> reply(const Flow& flow, Time now);

    /// Connections that have not timed out, as far as it has looked.
    std::size_t size() const { return by_source_.size(); }

private:
    struct Tuple {
        Protocol protocol;
        Endpoint source;
        Endpoint destination;
        friend bool operator==(const Tuple&, const Tuple&) = default;
    };
    struct TupleHash {
        std::size_t operator()(const Tuple& t) const noexcept {
            const std::hash<Endpoint> h;
            return (h(t.source) * 31 + h(t.destination)) ^ static_cast<std::size_t>(t.protocol);
        }
    };
    struct Entry {
        Endpoint translated;
        TrackedState state;
        Time expires;
    };
    using Table = std::unordered_map<Tuple, Entry, TupleHash>;

    static Tuple reply_of(const Tuple& original, const Endpoint& translated) {
        return {original.protocol, original.destination, translated};
    }
    Table::iterator find(const Tuple& tuple, Time now);
    void erase(Table::iterator entry);
    void follow(Entry& entry, bool original, const Flow& flow, Time now);
    bool free(const Tuple& original, const Endpoint& wanted, Time now);
    std::optional<Port> choose_port(const Tuple& original, const Address& address, Time now);
    void forget_old(Time now);

    RandomStream random_;
    Table by_source_;
    std::unordered_map<Tuple, Tuple, TupleHash> by_reply_;  ///< what comes back -> the original
    std::size_t forget_at_ = 1024;
};

}  // namespace lvslab::packet
