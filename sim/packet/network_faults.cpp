// SPDX-License-Identifier: GPL-2.0-only
// Floating addresses, machines' power, links' faults.
#include <algorithm>
#include <utility>

#include "sim/packet/network.hpp"
#include "sim/packet/network_builder.hpp"

namespace lvslab::packet_world {
namespace {

using ns3::Ptr;

Ptr<ns3::Ipv4L3Protocol> stack_of(const Ptr<ns3::Node>& node) {
    return node->GetObject<ns3::Ipv4L3Protocol>();
}

template <class Change>
void change_way(Wire& up, Wire& down, Way way, Change&& change) {
    if (way != Way::in) {
        change(up.impairment);
    }
    if (way != Way::out) {
        change(down.impairment);
    }
}

bool whole(const Wire& wire) {
    const auto& i = wire.impairment;
    return !i.cut && i.loss.value_or(wire.link().loss) == 0;
}

Duration delay_of(const Wire& wire) {
    return wire.link().delay + wire.impairment.delay;
}

}  // namespace

std::uint32_t Network::Builder::floating_interface(const Address& address) const {
    const auto found =
        std::ranges::find(topology.floating, address, &world::FloatingAddress::address);
    return found != topology.floating.end() && found->side == Side::private_net ? 2 : 1;
}

Ptr<ns3::Node> Network::Builder::node(const Machine& machine) const {
    switch (machine.kind) {
        case Machine::Kind::router:
            return routers.at(machine.index);
        case Machine::Kind::server:
            return servers.at(machine.index);
        case Machine::Kind::data_server:
            return data.at(machine.index).at(machine.node);
        case Machine::Kind::gateway:
            break;
    }
    return gateway_nodes.at(machine.node);
}

Ptr<EthernetPort> Network::Builder::gateway_port(unsigned node, std::size_t lan) const {
    const auto interface = gateway_interface_[lan];
    return interface == 0 ? nullptr : ports_of(gateway_nodes[node])[interface - 1];
}

void Network::Builder::move_gateway(unsigned node) {
    const auto give = [&](unsigned to, std::uint32_t interface, const Address& address) {
        const auto stack = stack_of(gateway_nodes[to]);
        if (to != node) {
            stack->RemoveAddress(interface, to_ns3(address));
        } else if (stack->GetInterfaceForAddress(to_ns3(address)) < 0) {
            auto floating = interface_address({address, 32});
            floating.SetSecondary();
            stack->AddAddress(interface, floating);
        }
    };
    for (unsigned to = 0; to < gateway_nodes.size(); ++to) {
        for (std::size_t i = 0; i < lans.size(); ++i) {
            if (gateway_interface_[i] != 0) {
                give(to, gateway_interface_[i], topology.lans[i].gateway);
                for (const auto& address : topology.lans[i].more_gateways) {
                    give(to, gateway_interface_[i], address);
                }
            }
        }
        for (std::size_t g = 0; g < clients.size(); ++g) {
            const auto base = scenario.clients[g].network.base().v4_host_order();
            give(to, hub_interface_[g], Address::v4(base + 1));
        }
    }
    for (std::size_t g = 0; g < clients.size(); ++g) {
        const auto hub = Address::v4(scenario.clients[g].network.base().v4_host_order() + 1);
        const auto mac =
            stack_of(gateway_nodes[node])->GetNetDevice(hub_interface_[g])->GetAddress();
        for (const auto& client : clients[g]) {
            // A client's only card is interface 1.
            stack_of(client)
                ->GetInterface(1)
                ->GetArpCache()
                ->Lookup(to_ns3(hub))
                ->SetMacAddress(mac);
        }
    }
}

void Network::raise_address(unsigned router, const Address& address) {
    const auto stack = built_->stack(router);
    const auto interface = built_->floating_interface(address);
    // A router's own address may serve as a virtual one; it is there already. A router without a
    // private interface has nowhere to put NAT's.
    if (stack->GetInterfaceForAddress(to_ns3(address)) < 0 && interface < stack->GetNInterfaces()) {
        auto floating = interface_address({address, 32});
        floating.SetSecondary();
        stack->AddAddress(interface, floating);
    }
}

void Network::lower_address(unsigned router, const Address& address) {
    const auto& r = built_->scenario.routers.at(router);
    const bool own = address == r.public_interface.address ||
                     (r.private_interface && address == r.private_interface->address);
    if (!own && has_address(router, address)) {
        built_->stack(router)->RemoveAddress(built_->floating_interface(address), to_ns3(address));
    }
}

bool Network::has_address(unsigned router, const Address& address) const {
    return built_->stack(router)->GetInterfaceForAddress(to_ns3(address)) >= 0;
}

void Network::announce_address(unsigned router, const Address& address) {
    const auto ports = ports_of(built_->routers.at(router));
    const auto interface = built_->floating_interface(address);
    if (interface <= ports.size()) {
        ports[interface - 1]->neighbours().announce(to_ns3(address));
    }
}

void Network::raise_floating_addresses(unsigned router) {
    for (unsigned i = 0; i < built_->routers.size(); ++i) {
        for (const auto& f : built_->topology.floating) {
            if (i == router) {
                raise_address(i, f.address);
            } else {
                lower_address(i, f.address);
            }
        }
    }
}

void Network::raise_data_address(unsigned data_server, unsigned node) {
    const auto stack = stack_of(built_->data.at(data_server).at(node));
    const auto address = built_->scenario.data[data_server].interface.address;
    if (stack->GetInterfaceForAddress(to_ns3(address)) < 0) {
        auto service = interface_address({address, 32});
        service.SetSecondary();
        stack->AddAddress(1, service);
    }
}

void Network::lower_data_address(unsigned data_server, unsigned node) {
    const auto& nodes = built_->data.at(data_server);
    if (nodes.size() > 1) {
        stack_of(nodes.at(node))
            ->RemoveAddress(1, to_ns3(built_->scenario.data[data_server].interface.address));
    }
}

void Network::announce_data_address(unsigned data_server, unsigned node) {
    ports_of(built_->data.at(data_server).at(node))
        .front()
        ->neighbours()
        .announce(to_ns3(built_->scenario.data[data_server].interface.address));
}

void Network::raise_gateway_addresses(unsigned node) {
    if (built_->gateway_nodes.size() > 1) {
        built_->move_gateway(node);
    }
}

void Network::announce_gateway_addresses(unsigned node) {
    const auto& lans = built_->topology.lans;
    for (std::size_t i = 0; built_->gateway_nodes.size() > 1 && i < lans.size(); ++i) {
        if (const auto port = built_->gateway_port(node, i)) {
            port->neighbours().announce(to_ns3(lans[i].gateway));
            for (const auto& address : lans[i].more_gateways) {
                port->neighbours().announce(to_ns3(address));
            }
        }
    }
}

void Network::crash(const Machine& machine) {
    for (const auto& port : ports_of(built_->node(machine))) {
        port->set_state(MachineState::crashed);
    }
    if (machine.kind == Machine::Kind::router) {
        for (const auto& f : built_->topology.floating) {
            lower_address(machine.index, f.address);
        }
    } else if (machine.kind == Machine::Kind::data_server) {
        lower_data_address(machine.index, machine.node);
    }
}

void Network::restart(const Machine& machine) {
    crash(machine);
    for (const auto& port : ports_of(built_->node(machine))) {
        port->set_state(MachineState::up);
    }
    const auto& s = built_->scenario;
    if (machine.kind == Machine::Kind::router && !built_->options.plain_router) {
        hook(machine.index).set_forwarding(s.routers[machine.index].at_boot.ip_forward);
    } else if (machine.kind == Machine::Kind::server &&
               s.config.network != config::NetworkType::nat) {
        built_->guard(machine.index, s.servers[machine.index].vip_at_boot);
    }
}

void Network::hang(const Machine& machine) {
    for (const auto& port : ports_of(built_->node(machine))) {
        if (port->state() == MachineState::up) {
            port->set_state(MachineState::hung);
        }
    }
}

void Network::resume(const Machine& machine) {
    for (const auto& port : ports_of(built_->node(machine))) {
        if (port->state() == MachineState::hung) {
            port->set_state(MachineState::up);
        }
    }
}

MachineState Network::state(const Machine& machine) const {
    return ports_of(built_->node(machine)).front()->state();
}

namespace {

/// A router's cards are the public one and the private one, in that order; servers have one alone.
std::vector<Ptr<EthernetPort>> ports_on(const Ptr<ns3::Node>& node, const MachineLinks& links) {
    auto ports = ports_of(node);
    const bool has_sides =
        links.machine.kind == Machine::Kind::router || links.machine.kind == Machine::Kind::gateway;
    if (!links.side || !has_sides) {
        return ports;
    }
    if (links.machine.kind == Machine::Kind::gateway) {
        const std::string name = links.machine.node == 0 ? "gateway" : "gateway-standby";
        const auto* side = *links.side == Side::public_net ? "-public" : "-private";
        std::erase_if(ports, [&](const auto& port) { return port->name() != name + side; });
        return ports;
    }
    const auto wanted = static_cast<std::size_t>(*links.side);
    if (wanted >= ports.size()) {
        return {};
    }
    return {ports[wanted]};
}

template <class Change>
void change_links(const Ptr<ns3::Node>& node, const MachineLinks& links, Way way, Change&& change) {
    for (const auto& port : ports_on(node, links)) {
        change_way(port->up(), port->down(), way, change);
        port->carrier_changed();
    }
}

}  // namespace

void Network::cut(const MachineLinks& links, Way way) {
    change_links(built_->node(links.machine), links, way, [](Impairment& i) { i.cut = true; });
}

void Network::heal(const MachineLinks& links, Way way) {
    change_links(built_->node(links.machine), links, way, [](Impairment& i) { i = {}; });
}

void Network::set_loss(const MachineLinks& links, Way way, std::optional<double> loss) {
    change_links(built_->node(links.machine), links, way, [&](Impairment& i) { i.loss = loss; });
}

void Network::set_extra_delay(const MachineLinks& links, Way way, Duration delay) {
    change_links(built_->node(links.machine), links, way, [&](Impairment& i) { i.delay = delay; });
}

bool Network::has_carrier(unsigned router, Side side) const {
    const Machine machine{Machine::Kind::router, router};
    const auto ports = ports_on(built_->node(machine), {machine, side});
    return !ports.empty() && ports.front()->has_carrier();
}

template <class Change>
void Network::change_heartbeats(std::optional<Side> side, Way way, Change&& change) {
    for (unsigned router = 0; router < built_->routers.size(); ++router) {
        if (way != Way::both && (router == 0) != (way == Way::out)) {
            continue;
        }
        const auto port_number = built_->scenario.routers[router].config.heartbeat_port;
        const Machine machine{Machine::Kind::router, router};
        for (const auto& port : ports_on(built_->node(machine), {machine, side})) {
            auto impairment = port->udp_impairment();
            change(impairment);
            port->impair_udp(port_number, impairment);
        }
    }
}

void Network::cut_heartbeats(std::optional<Side> side, Way way) {
    change_heartbeats(side, way, [](Impairment& i) { i.cut = true; });
}

void Network::heal_heartbeats(std::optional<Side> side, Way way) {
    change_heartbeats(side, way, [](Impairment& i) { i = {}; });
}

void Network::set_heartbeat_loss(std::optional<Side> side, Way way, std::optional<double> loss) {
    change_heartbeats(side, way, [&](Impairment& i) { i.loss = loss; });
}

void Network::set_heartbeat_delay(std::optional<Side> side, Way way, Duration delay) {
    change_heartbeats(side, way, [&](Impairment& i) { i.delay = delay; });
}

world::HeartbeatRoute Network::heartbeat_route(unsigned from, unsigned to, Side side) const {
    const auto card = [&](unsigned router) -> Ptr<EthernetPort> {
        const Machine machine{Machine::Kind::router, router};
        const auto ports = ports_on(built_->node(machine), {machine, side});
        return ports.empty() ? nullptr : ports.front();
    };
    const auto lan = [&](unsigned router) {
        const auto& place = built_->topology.router_lans[router];
        return side == Side::public_net ? std::optional(place.public_lan) : place.private_lan;
    };
    const auto out = card(from), in = card(to);
    if (out == nullptr || in == nullptr) {
        return {};
    }
    const auto& words = out->udp_impairment();
    world::HeartbeatRoute route{
        .open = out->state() == MachineState::up && in->state() == MachineState::up &&
                whole(out->up()) && whole(in->down()) && !words.cut && words.loss.value_or(0) == 0,
        .delay = delay_of(out->up()) + delay_of(in->down()) + words.delay};
    if (lan(from) != lan(to)) {
        // The clients' gateway joins the public networks; nothing joins private ones.
        bool joined = false;
        for (unsigned node = 0; node < built_->gateway_nodes.size(); ++node) {
            joined |= state({Machine::Kind::gateway, 0, node}) == MachineState::up;
        }
        route.open = route.open && side == Side::public_net && joined;
    }
    return route;
}

std::uint64_t Network::backlog_dropped(const Machine& machine) const {
    return ports_of(built_->node(machine)).front()->backlog_dropped();
}

std::vector<journal::LinkTraffic> Network::link_traffic() const {
    std::vector<journal::LinkTraffic> links;
    const auto add = [&](const std::string& name, const WireCounters& c) {
        links.push_back({name, c.offered, c.delivered, c.lost, c.cut, c.waiting});
    };
    for (const auto& node : built_->counted) {
        for (const auto& port : ports_of(node)) {
            add(port->name() + "/up", port->up().counters());
            add(port->name() + "/down", port->down().counters());
        }
    }
    return links;
}

const Neighbour* Network::neighbour(const Machine& machine, const Address& address) const {
    for (const auto& port : ports_of(built_->node(machine))) {
        if (const auto* found = port->neighbours().find(to_ns3(address))) {
            return found;
        }
    }
    return nullptr;
}

}  // namespace lvslab::packet_world
