// SPDX-License-Identifier: GPL-2.0-only
/// What a host knows of one neighbour, as Linux keeps it: neighbour unreachability detection.
#pragma once

#include <cstdint>

#include "core/base/time.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// Linux's NUD_* states, as far as ARP has them.
enum class NeighbourState : std::uint8_t {
    none,        ///< nothing known, nobody asked
    incomplete,  ///< asked by broadcast, packets wait
    reachable,   ///< confirmed
    stale,       ///< used as it is, until someone does use it
    delay,       ///< in use unconfirmed: a probe follows in 5 s
    probe,       ///< asked by unicast; still used as it is
    failed,      ///< did not answer: the next packet asks by broadcast
};

/// One entry of a neighbour table: a state machine without timers and frames. Time passes by
/// itself: an entry that nobody uses costs nothing. The rules are those of the kernel's
/// net/core/neighbour.c; its parameters have arp_tbl's defaults (net/ipv4/arp.c).
class Neighbour {
public:
    static constexpr Duration delay_first_probe = std::chrono::seconds(5);
    static constexpr Duration retransmission = std::chrono::seconds(1);
    static constexpr unsigned probes = 3;  ///< by unicast, and again by broadcast
    static constexpr Duration lock_time = std::chrono::seconds(1);
    /// A reachable entry stays so for half to three halves of it (neigh_rand_reach_time).
    static constexpr Duration base_reachable = std::chrono::seconds(30);

    /// What whoever keeps the entry has to do now.
    struct Step {
        enum class Ask : std::uint8_t { no, by_unicast, by_broadcast };
        Ask ask = Ask::no;
        Time timer = never;  ///< call expire() then; never = as it was
    };

    /// A packet is to be sent to it (neigh_event_send). It goes out if is_usable() afterwards.
    Step use(Time now);
    /// The timer that a step named (neigh_timer_handler).
    Step expire(Time now);
    /// An ARP packet tells its hardware address (arp_process, neigh_update). `confirms`: a reply
    /// sent to us alone; everything else leaves doubt. `override`: of a changed address, even
    /// within `lock_time` of the last change; a gratuitous ARP or a request to us.
    /// `reachable` is the table's present reachable time.
    void learn(const ns3::Mac48Address& mac, bool confirms, bool override, Duration reachable,
               Time now);

    NeighbourState state(Time now) const;
    /// It has a hardware address, right or wrong.
    bool is_usable() const {
        return state_ != NeighbourState::none && state_ != NeighbourState::incomplete &&
               state_ != NeighbourState::failed;
    }
    const ns3::Mac48Address& mac() const { return mac_; }

private:
    Step ask(Time now);

    NeighbourState state_ = NeighbourState::none;
    ns3::Mac48Address mac_;
    unsigned probes_ = 0;
    Time reachable_until_{};
    Time updated_ = Time::min();  ///< when state or address last changed
    Time timer_ = never;
};

}  // namespace lvslab::packet_world
