// SPDX-License-Identifier: GPL-2.0-only
/// Two nodes that share floating addresses: a data server's pair, a firewall's. A single node is a
/// pair without a standby.
#pragma once

#include <functional>
#include <optional>

#include "core/server/active_passive.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// Drives server::ActivePassive by ns-3's clock. The pair's own heartbeats are not modelled: what a
/// standby does not know before `takeover` has passed, nobody tells it on the network.
class StandbyPair {
public:
    /// What it has others do. None is called from the constructor: node 0 is active at the start.
    struct Actions {
        /// The node has the addresses and serves.
        std::function<void(unsigned node)> activate;
        /// The node has them no more: it died, or it hangs and the other one takes over.
        std::function<void(unsigned node)> deactivate;
        /// One gratuitous ARP for each address.
        std::function<void(unsigned node)> announce;
    };
    /// Gratuitous ARPs after a takeover, and the time between them, as LVS routers send them.
    static constexpr unsigned announcements = 5;
    static constexpr Duration announcement_period = std::chrono::seconds(1);

    StandbyPair(unsigned nodes, Duration takeover, Actions actions);
    ~StandbyPair();
    StandbyPair(const StandbyPair&) = delete;
    StandbyPair& operator=(const StandbyPair&) = delete;

    /// It crashed, hangs, or its service ended.
    void died(unsigned node);
    /// It serves again: as standby, or as the active one if nobody has taken its place.
    void returned(unsigned node);
    std::optional<unsigned> active() const { return roles_.active(); }

private:
    void arm();
    void take_over();
    void begin(unsigned node);
    void announce(unsigned node, unsigned left);

    server::ActivePassive roles_;
    Actions actions_;
    ns3::EventId takeover_, announcement_;
};

}  // namespace lvslab::packet_world
