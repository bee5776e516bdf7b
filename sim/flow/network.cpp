// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/network.hpp"

#include <algorithm>
#include <cmath>

namespace lvslab::flow_world {
namespace {

constexpr std::uint64_t frame_bytes = 1514;

}  // namespace

Network::Network(const scenario::Scenario& scenario)
    : scenario_(scenario), topology_(world::topology_of(scenario)) {
    for (const auto& r : scenario.routers) {
        auto& c = routers_.emplace_back();
        c.of[0] = {r.public_link, {}, {}, true};
        c.of[1] = {r.private_link, {}, {}, r.private_interface.has_value()};
    }
    for (const auto& s : scenario.servers) {
        servers_.emplace_back().of[0] = {s.link, {}, {}, true};
    }
    for (const auto& d : scenario.data) {
        auto& nodes = data_.emplace_back();
        nodes[0].of[0] = nodes[1].of[0] = {d.link, {}, {}, true};
    }
    for (auto& g : gateways_) {
        g.of[0] = g.of[1] = {scenario::Link{}, {}, {}, true};
    }
    words_.resize(routers_.size());
    holders_.resize(topology_.floating.size(), routers_.empty() ? nobody : 0);
    held_.resize(routers_.size(), std::vector<bool>(topology_.floating.size(), false));
    if (!held_.empty()) {
        held_[0].assign(topology_.floating.size(), true);
    }
}

// ---- machines and links ----

Cards& Network::cards(const Machine& machine) {
    return const_cast<Cards&>(std::as_const(*this).cards(machine));
}

const Cards& Network::cards(const Machine& machine) const {
    switch (machine.kind) {
        case Machine::Kind::router:
            return routers_.at(machine.index);
        case Machine::Kind::server:
            return servers_.at(machine.index);
        case Machine::Kind::data_server:
            return data_.at(machine.index).at(machine.node);
        case Machine::Kind::gateway:
            break;
    }
    return gateways_.at(machine.node);
}

MachineState Network::state(const Machine& machine) const {
    return cards(machine).state;
}

void Network::set_state(const Machine& machine, MachineState state) {
    cards(machine).state = state;
    if (state == MachineState::crashed && machine.kind == Machine::Kind::router) {
        held_[machine.index].assign(topology_.floating.size(), false);
    }
}

/// A link that is cut one way only still has its carrier.
bool Network::has_carrier(unsigned router, Side side) const {
    const auto& card = routers_[router].of[static_cast<std::size_t>(side)];
    return card.exists && !(card.in.cut && card.out.cut);
}

Network::HeartbeatRoute Network::heartbeat_route(unsigned from, unsigned to, Side side) const {
    auto route = router_route(from, to, side);
    const auto& words = words_[from][static_cast<std::size_t>(side)];
    route.possible = route.possible && !words.cut;
    route.loss = words.loss;
    route.open = route.possible && words.loss == 0;
    route.delay += words.delay;
    return route;
}

Network::HeartbeatRoute Network::router_route(unsigned from, unsigned to, Side side) const {
    const auto i = static_cast<std::size_t>(side);
    const auto lan = [&](unsigned router) {
        const auto& place = topology_.router_lans[router];
        return side == Side::public_net ? std::optional(place.public_lan) : place.private_lan;
    };
    if (!routers_[from].of[i].exists || !routers_[to].of[i].exists) {
        return {};
    }
    Passage passage;
    passage.out(routers_[from], i);
    passage.in(routers_[to], i);
    if (lan(from) != lan(to)) {
        // The clients' gateway joins the public networks; nothing joins private ones.
        passage.whole =
            passage.whole && side == Side::public_net && gateway().state == MachineState::up;
    }
    return {.open = passage.whole, .possible = passage.whole, .loss = 0, .delay = passage.delay};
}

// ---- floating addresses ----

/// Only there does anybody ask for the address.
bool Network::in_lan_of(unsigned router, std::size_t floating) const {
    const auto& f = topology_.floating[floating];
    const auto& place = topology_.router_lans[router];
    return f.side == Side::private_net ? place.private_lan.value_or(place.public_lan) == f.lan
                                       : place.public_lan == f.lan;
}

void Network::raise_address(unsigned router, const Address& address) {
    for (std::size_t f = 0; f < topology_.floating.size(); ++f) {
        if (topology_.floating[f].address == address) {
            held_[router][f] = true;
            // Whoever asks for the address learns it without an announcement, if nobody else has
            // it.
            if (in_lan_of(router, f) && (holders_[f] == nobody || !held_[holders_[f]][f])) {
                holders_[f] = router;
            }
        }
    }
}

void Network::lower_address(unsigned router, const Address& address) {
    for (std::size_t f = 0; f < topology_.floating.size(); ++f) {
        if (topology_.floating[f].address == address) {
            held_[router][f] = false;
            for (unsigned other = 0; holders_[f] == router && other < held_.size(); ++other) {
                if (held_[other][f] && in_lan_of(other, f)) {
                    holders_[f] = other;
                }
            }
        }
    }
}

void Network::announce_address(unsigned router, const Address& address) {
    for (std::size_t f = 0; f < topology_.floating.size(); ++f) {
        const auto& floating = topology_.floating[f];
        const auto& card = routers_[router].of[static_cast<std::size_t>(floating.side)];
        if (floating.address == address && routers_[router].state == MachineState::up &&
            !card.out.cut && held_[router][f] && in_lan_of(router, f)) {
            holders_[f] = router;
        }
    }
}

bool Network::has_address(unsigned router, const Address& address) const {
    for (std::size_t f = 0; f < topology_.floating.size(); ++f) {
        if (topology_.floating[f].address == address) {
            return held_[router][f];
        }
    }
    return false;
}

std::uint32_t Network::floating_for(const Address& destination) const {
    auto wanted = destination;
    if (!std::ranges::binary_search(topology_.virtual_addresses, destination)) {
        for (const auto& routed : topology_.routed) {
            if (routed.network.contains(destination)) {
                wanted = routed.next_hop;
                break;
            }
        }
    }
    for (std::uint32_t f = 0; f < topology_.floating.size(); ++f) {
        if (topology_.floating[f].address == wanted) {
            return f;
        }
    }
    return nobody;
}

// ---- ways ----

void Network::Passage::link(const scenario::Link& link) {
    delay += link.delay;
    if (link.rate.value() > 0) {
        const double each = 8e9 / static_cast<double>(link.rate.value());
        others += std::min(each, slowest);
        slowest = std::max(each, slowest);
    }
}

void Network::Passage::out(const Cards& cards, std::size_t side) {
    const auto& card = cards.of[side];
    whole = whole && cards.state == MachineState::up && !card.out.cut;
    delay += card.out.delay;
    link(card.link);
}

void Network::Passage::in(const Cards& cards, std::size_t side) {
    const auto& card = cards.of[side];
    whole = whole && cards.state == MachineState::up && !card.in.cut;
    delay += card.in.delay;
    link(card.link);
}

TravelTime Network::Passage::time(std::uint64_t bytes) const {
    if (!whole) {
        return std::nullopt;
    }
    const double sent = static_cast<double>(bytes) * slowest +
                        static_cast<double>(std::min(bytes, frame_bytes)) * others;
    return delay + Duration{std::llround(sent)};
}

std::size_t Network::router_side(unsigned router, std::size_t lan) const {
    return topology_.router_lans[router].private_lan == lan ? 1 : 0;
}

TravelTime Network::client_to_router(unsigned group, unsigned router, std::uint64_t bytes) const {
    Passage p;
    p.link(scenario_.clients[group].link);
    p.out(gateway(), 0);
    p.in(routers_[router], 0);
    return p.time(bytes);
}

TravelTime Network::router_to_client(unsigned router, unsigned group, std::uint64_t bytes) const {
    Passage p;
    p.out(routers_[router], 0);
    p.in(gateway(), 0);
    p.link(scenario_.clients[group].link);
    return p.time(bytes);
}

/// To a remote site: only where the gateway has a leg.
void Network::by_gateway(Passage& p, std::size_t lan) const {
    p.whole = p.whole && !topology_.lans[lan].gateway.is_unspecified();
    p.in(gateway(), 0);
    p.out(gateway(), gateway_side(lan));
}

TravelTime Network::router_to_server(unsigned router, unsigned server, std::uint64_t bytes) const {
    Passage p;
    const auto lan = topology_.server_lan[server];
    const auto& place = topology_.router_lans[router];
    p.out(routers_[router], router_side(router, lan));
    if (place.public_lan != lan && place.private_lan != lan) {
        by_gateway(p, lan);
    }
    p.in(servers_[server], 0);
    return p.time(bytes);
}

std::optional<unsigned> Network::gateway_router(unsigned server) const {
    const auto& address = topology_.server_gateway[server];
    for (std::uint32_t f = 0; f < topology_.floating.size(); ++f) {
        if (topology_.floating[f].address == address) {
            const auto holder = holders_[f];
            return holder != nobody && held_[holder][f] ? std::optional<unsigned>(holder)
                                                        : std::nullopt;
        }
    }
    for (unsigned r = 0; r < scenario_.routers.size(); ++r) {
        const auto& router = scenario_.routers[r];
        if (router.public_interface.address == address ||
            (router.private_interface && router.private_interface->address == address)) {
            return r;
        }
    }
    return std::nullopt;
}

TravelTime Network::server_to_router(unsigned server, unsigned router, std::uint64_t bytes) const {
    Passage p;
    const auto lan = topology_.server_lan[server];
    const auto& place = topology_.router_lans[router];
    p.whole = place.public_lan == lan || place.private_lan == lan;
    p.out(servers_[server], 0);
    p.in(routers_[router], router_side(router, lan));
    return p.time(bytes);
}

TravelTime Network::server_to_client(unsigned server, unsigned group, std::uint64_t bytes) const {
    Passage p;
    p.out(servers_[server], 0);
    p.in(gateway(), gateway_side(topology_.server_lan[server]));
    p.link(scenario_.clients[group].link);
    return p.time(bytes);
}

TravelTime Network::between(const Machine& from, const Machine& to, std::uint64_t bytes) const {
    const auto lan_of = [&](const Machine& m) {
        return m.kind == Machine::Kind::server        ? topology_.server_lan[m.index]
               : m.kind == Machine::Kind::data_server ? topology_.data[m.index].lans[m.node]
                                                      : std::size_t{0};
    };
    const auto& other = from.kind == Machine::Kind::router ? to : from;
    const auto lan = lan_of(other);
    const auto side = [&](const Machine& m) -> std::size_t {
        return m.kind == Machine::Kind::router ? router_side(m.index, lan) : 0;
    };
    const auto is_on = [&](const Machine& m) {
        if (m.kind != Machine::Kind::router) {
            return lan_of(m) == lan;
        }
        const auto& place = topology_.router_lans[m.index];
        return place.public_lan == lan || place.private_lan == lan;
    };
    Passage p;
    p.out(cards(from), side(from));
    if (!is_on(from) || !is_on(to)) {
        by_gateway(p, lan);
    }
    p.in(cards(to), side(to));
    return p.time(bytes);
}

}  // namespace lvslab::flow_world
