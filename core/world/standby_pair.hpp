// SPDX-License-Identifier: GPL-2.0-only
/// Two nodes that share floating addresses: a data server's pair, a firewall's. A single node is a
/// pair without a standby.
#pragma once

#include <functional>
#include <optional>

#include "core/ports/timers.hpp"
#include "core/server/active_passive.hpp"

namespace lvslab::world {

/// Drives server::ActivePassive by a world's clock. The pair's own heartbeats are not modelled:
/// what a standby does not know before `takeover` has passed, nobody tells it on the network.
class StandbyPair {
public:
    /// What it has others do. None is called from the constructor: node 0 is active at the start.
    struct Actions {
        /// The node has the addresses and serves.
        std::function<void(unsigned node)> activate;
        /// The node has them no more: it died, or it hangs and the other one takes over.
        std::function<void(unsigned node, Time when)> deactivate;
        /// One gratuitous ARP for each address: so many, and as far apart, as LVS routers send
        /// them. None where a world has no ARP.
        std::function<void(unsigned node)> announce;
    };

    /// The timers must outlive it.
    StandbyPair(ports::Timers& timers, unsigned nodes, Duration takeover, Actions actions);
    ~StandbyPair();
    StandbyPair(const StandbyPair&) = delete;
    StandbyPair& operator=(const StandbyPair&) = delete;

    /// It crashed, hangs, or its service ended, at that time: what a world has done about it since
    /// may have taken time of its own.
    void died(unsigned node, Time when);
    /// It serves again: as standby, or as the active one if nobody has taken its place.
    void returned(unsigned node);
    std::optional<unsigned> active() const { return roles_.active(); }

private:
    void arm();
    void begin(unsigned node);
    void announce(unsigned node, int left);

    ports::Timers& timers_;
    server::ActivePassive roles_;
    Actions actions_;
    ports::TimerId takeover_{}, announcement_{};
};

}  // namespace lvslab::world
