// SPDX-License-Identifier: GPL-2.0-only
/// Who reaches whom in a scenario's network, and how long it takes: no packets, no queues.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/machine.hpp"
#include "core/world/topology.hpp"

namespace lvslab::flow_world {

using world::Machine;
using world::MachineLinks;
using world::MachineState;
using world::Side;
using world::Way;

/// What a fault does to one way of a card.
struct Impairment {
    bool cut = false;
    double loss = 0;  ///< of heartbeats alone
    Duration delay{};
};
/// A machine's link to one network, both ways seen from the machine.
struct Card {
    scenario::Link link;
    Impairment in, out;
    bool exists = false;
};
/// The two sides a machine has cards on; servers and data servers have the first alone.
struct Cards {
    std::array<Card, 2> of;
    MachineState state = MachineState::up;
};

/// A message's way: nothing if it does not get through now, else how long it takes.
using TravelTime = std::optional<Duration>;

/// Machines and their links. A message of some bytes takes each link's delay, the bytes at the
/// slowest link's rate, and one frame's time at each of the others, as store and forward does;
/// nobody else's message is in its way.
class Network {
public:
    /// The scenario must outlive the network.
    explicit Network(const scenario::Scenario& scenario);

    const world::Topology& topology() const { return topology_; }

    // Machines.
    MachineState state(const Machine& machine) const;
    /// A crash takes a router's floating addresses.
    void set_state(const Machine& machine, MachineState state);

    // Links.
    template <class Change>
    void change(const MachineLinks& links, Way way, Change&& change);
    bool has_carrier(unsigned router, Side side) const;
    /// Out is what the first router sends.
    template <class Change>
    void change_heartbeats(std::optional<Side> side, Way way, Change&& change);

    struct HeartbeatRoute {
        bool open = false;      ///< words surely arrive
        bool possible = false;  ///< nothing is in the way but chance
        double loss = 0;
        Duration delay{};
    };
    HeartbeatRoute heartbeat_route(unsigned from, unsigned to, Side side) const;
    /// The same for other datagrams, which no fault of heartbeats alone touches.
    HeartbeatRoute router_route(unsigned from, unsigned to, Side side) const;

    // Floating addresses.
    static constexpr std::uint32_t nobody = 0xFFFFFFFFU;
    void raise_address(unsigned router, const Address& address);
    void lower_address(unsigned router, const Address& address);
    /// The neighbours learn where the address is.
    void announce_address(unsigned router, const Address& address);
    bool has_address(unsigned router, const Address& address) const;
    /// The floating address that packets to `destination` are sent to: a number, or nobody's.
    std::uint32_t floating_for(const Address& destination) const;
    /// The router that the neighbours send to for it; it may be dead or have lost the address.
    std::uint32_t holder_of(std::uint32_t floating) const { return holders_[floating]; }
    bool holds(unsigned router, std::uint32_t floating) const { return held_[router][floating]; }

    /// The gateway's node that has its addresses now.
    void set_gateway(unsigned node) { gateway_ = node; }

    // Ways.
    TravelTime client_to_router(unsigned group, unsigned router, std::uint64_t bytes) const;
    TravelTime router_to_client(unsigned router, unsigned group, std::uint64_t bytes) const;
    TravelTime router_to_server(unsigned router, unsigned server, std::uint64_t bytes) const;
    /// By the server's gateway: nothing if that is not this router.
    TravelTime server_to_router(unsigned server, unsigned router, std::uint64_t bytes) const;
    TravelTime server_to_client(unsigned server, unsigned group, std::uint64_t bytes) const;
    /// From one machine to another one, whichever way there is.
    TravelTime between(const Machine& from, const Machine& to, std::uint64_t bytes) const;
    /// The router that has the server's default gateway, if one has.
    std::optional<unsigned> gateway_router(unsigned server) const;

private:
    /// Adds up a way, card by card.
    struct Passage {
        bool whole = true;
        Duration delay{};
        double slowest = 0;  ///< nanoseconds a byte
        double others = 0;   ///< of the rest
        void link(const scenario::Link& link);
        void out(const Cards& cards, std::size_t side);
        void in(const Cards& cards, std::size_t side);
        TravelTime time(std::uint64_t bytes) const;
    };
    Cards& cards(const Machine& machine);
    const Cards& cards(const Machine& machine) const;
    const Cards& gateway() const { return gateways_[gateway_]; }
    bool in_lan_of(unsigned router, std::size_t floating) const;
    void by_gateway(Passage& p, std::size_t lan) const;
    std::size_t router_side(unsigned router, std::size_t lan) const;
    static std::size_t gateway_side(std::size_t lan) { return lan == 0 ? 0 : 1; }

    const scenario::Scenario& scenario_;
    world::Topology topology_;
    std::vector<Cards> routers_, servers_;
    std::vector<std::array<Cards, 2>> data_;
    std::array<Cards, 2> gateways_;
    unsigned gateway_ = 0;
    std::vector<std::uint32_t> holders_;   ///< by floating address
    std::vector<std::vector<bool>> held_;  ///< by router and floating address
    /// Of each router's words on each path.
    std::vector<std::array<Impairment, 2>> words_;
};

// ---- templates ----

template <class Change>
void Network::change(const MachineLinks& links, Way way, Change&& change) {
    auto& of = cards(links.machine);
    const bool sided =
        links.machine.kind == Machine::Kind::router || links.machine.kind == Machine::Kind::gateway;
    for (std::size_t side = 0; side < 2; ++side) {
        if (sided && links.side && static_cast<std::size_t>(*links.side) != side) {
            continue;
        }
        if (way != Way::in) {
            change(of.of[side].out);
        }
        if (way != Way::out) {
            change(of.of[side].in);
        }
    }
}

template <class Change>
void Network::change_heartbeats(std::optional<Side> side, Way way, Change&& change) {
    for (unsigned router = 0; router < words_.size(); ++router) {
        if (way != Way::both && (router == 0) != (way == Way::out)) {
            continue;
        }
        for (std::size_t i = 0; i < 2; ++i) {
            if (!side || static_cast<std::size_t>(*side) == i) {
                change(words_[router][i]);
            }
        }
    }
}

}  // namespace lvslab::flow_world
