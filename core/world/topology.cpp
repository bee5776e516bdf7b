// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/topology.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "core/router/desired_services.hpp"

namespace lvslab::world {
namespace {

using config::NetworkType;

std::size_t lan_of(std::vector<Lan>& lans, const lvslab::Network& interface,
                   const std::string& router_lan = "") {
    const auto found = std::ranges::find_if(
        lans, [&](const Lan& lan) { return lan.network.contains(interface.address); });
    if (found != lans.end()) {
        return static_cast<std::size_t>(found - lans.begin());
    }
    const lvslab::Network network{interface.base(), interface.prefix_length};
    const bool taken = std::ranges::find(lans, router_lan, &Lan::name) != lans.end();
    lans.push_back({router_lan.empty() || taken ? network.base().to_string() : router_lan,
                    network,
                    !router_lan.empty(),
                    {}});
    return lans.size() - 1;
}

/// The addresses that the scenario gives to someone.
std::set<Address> given_addresses(const scenario::Scenario& s) {
    std::set<Address> taken;
    for (const auto& r : s.routers) {
        taken.insert(r.public_interface.address);
        if (r.private_interface) {
            taken.insert(r.private_interface->address);
        }
    }
    for (const auto& server : s.servers) {
        taken.insert(server.interface.address);
    }
    for (const auto& d : s.data) {
        taken.insert(d.interface.address);
        if (d.standby) {
            taken.insert(d.standby->interface.address);
        }
    }
    if (s.gateway_standby) {
        taken.insert(s.gateway_standby->interface.address);
    }
    for (const auto& v : s.config.virtual_servers) {
        taken.insert(v.address);
    }
    if (s.config.nat_router) {
        taken.insert(*s.config.nat_router);
    }
    return taken;
}

/// Those, and the gateways that servers name.
std::set<Address> taken_addresses(const scenario::Scenario& s) {
    auto taken = given_addresses(s);
    for (const auto& server : s.servers) {
        taken.insert(server.gateways.begin(), server.gateways.end());
    }
    return taken;
}

/// The last host address of a network that nobody has.
Address last_free_address(const lvslab::Network& network, const std::set<Address>& taken) {
    const auto hosts =
        static_cast<std::uint32_t>((std::uint64_t{1} << (32U - network.prefix_length)) - 1);
    std::uint32_t candidate = network.base().v4_host_order() + hosts - 1;
    while (taken.contains(Address::v4(candidate))) {
        --candidate;
    }
    return Address::v4(candidate);
}

void add_floating(Topology& t, const Address& address, std::size_t fallback_lan,
                  scenario::NetworkSide side) {
    const auto same = [&](const FloatingAddress& f) { return f.address == address; };
    if (address.is_unspecified() || std::ranges::any_of(t.floating, same)) {
        return;
    }
    const auto lan = std::ranges::find_if(
        t.lans, [&](const Lan& l) { return l.has_routers && l.network.contains(address); });
    t.floating.push_back(
        {address,
         lan != t.lans.end() ? static_cast<std::size_t>(lan - t.lans.begin()) : fallback_lan,
         side});
}

void add_floating_addresses(Topology& t, const config::LvsConfig& config) {
    for (const auto& v : config.virtual_servers) {
        if (v.active) {
            add_floating(t, v.address, 0, scenario::NetworkSide::public_net);
            t.virtual_addresses.push_back(v.address);
        }
    }
    std::ranges::sort(t.virtual_addresses);
    const auto repeated = std::ranges::unique(t.virtual_addresses);
    t.virtual_addresses.erase(repeated.begin(), repeated.end());
    if (config.network == NetworkType::nat && config.nat_router) {
        const auto private_lan = t.router_lans.front().private_lan;
        add_floating(
            t, *config.nat_router, private_lan.value_or(0),
            private_lan ? scenario::NetworkSide::private_net : scenario::NetworkSide::public_net);
    }
}

/// Where a NAT server sends its replies: NAT's floating address, or the router's own.
Address nat_gateway(const scenario::Scenario& s, const Lan& lan) {
    if (s.config.nat_router && lan.network.contains(*s.config.nat_router)) {
        return *s.config.nat_router;
    }
    const auto& router = s.routers.front();
    if (router.private_interface && lan.network.contains(router.private_interface->address)) {
        return router.private_interface->address;
    }
    return router.public_interface.address;
}

/// Routers first, so that the first one's networks are "public" and "private".
void place_routers(Topology& t, const scenario::Scenario& s) {
    for (const auto& r : s.routers) {
        auto& place = t.router_lans.emplace_back();
        place.public_lan = lan_of(t.lans, r.public_interface, "public");
        if (r.private_interface) {
            place.private_lan = lan_of(t.lans, *r.private_interface, "private");
        }
    }
}

/// The clients' gateway has a leg in this LAN.
void give_gateway(Lan& lan, const std::set<Address>& taken) {
    if (lan.gateway.is_unspecified()) {
        lan.gateway = last_free_address(lan.network, taken);
    }
}

/// Gateways that servers name: a router or a floating address is one already; whatever else they
/// name in their network is an address of the clients' gateway.
void add_named_gateways(Topology& t, const scenario::Scenario& s) {
    auto known = given_addresses(s);
    for (std::size_t i = 0; i < s.servers.size(); ++i) {
        auto& lan = t.lans[t.server_lan[i]];
        for (const auto& gateway : s.servers[i].gateways) {
            if (lan.gateway == gateway || !lan.network.contains(gateway) ||
                !known.insert(gateway).second) {
                continue;
            }
            if (lan.gateway.is_unspecified()) {
                lan.gateway = gateway;
            } else {
                lan.more_gateways.push_back(gateway);
            }
        }
    }
}

void place_servers(Topology& t, const scenario::Scenario& s) {
    for (const auto& server : s.servers) {
        t.server_lan.push_back(lan_of(t.lans, server.interface));
    }
    const auto taken = taken_addresses(s);
    t.lans.front().gateway = s.gateway;
    for (std::size_t i = 1; i < s.routers.size(); ++i) {
        give_gateway(t.lans[t.router_lans[i].public_lan], taken);
    }
    add_named_gateways(t, s);
    for (std::size_t i = 0; i < s.servers.size(); ++i) {
        auto& lan = t.lans[t.server_lan[i]];
        const auto& named = s.servers[i].gateways;
        if (s.config.network == NetworkType::nat) {
            t.server_gateway.push_back(named.empty() ? nat_gateway(s, lan) : named.front());
            continue;
        }
        // Replies go straight to the clients' gateway, so it has a leg where the servers are.
        give_gateway(lan, taken);
        t.server_gateway.push_back(named.empty() ? lan.gateway : named.front());
    }
}

/// Data servers stand in a network of the real servers, or in one of their own behind the gateway.
void place_data_servers(Topology& t, const scenario::Scenario& s, std::set<Address>& taken) {
    for (const auto& lan : t.lans) {
        taken.insert(lan.gateway);
    }
    for (const auto& d : s.data) {
        auto& place = t.data.emplace_back();
        place.lans.push_back(lan_of(t.lans, d.interface));
        if (d.standby) {
            place.lans.push_back(lan_of(t.lans, d.standby->interface));
        }
        for (const auto i : place.lans) {
            if (std::ranges::find(t.server_lan, i) == t.server_lan.end()) {
                give_gateway(t.lans[i], taken);
                taken.insert(t.lans[i].gateway);
            }
        }
        place.interfaces.push_back(d.interface);
        if (d.standby) {
            // The service address moves, so the first node has one of its own beside it.
            const auto own = last_free_address(t.lans[place.lans.front()].network, taken);
            taken.insert(own);
            place.interfaces.front().address = own;
            place.interfaces.push_back(d.standby->interface);
        }
        const auto& first = t.lans[place.lans.front()];
        place.gateway = first.gateway.is_unspecified() ? nat_gateway(s, first) : first.gateway;
    }
}

/// A pair of gateways shares the gateway's addresses, so each node has one of its own beside them.
void place_gateway_nodes(Topology& t, const scenario::Scenario& s, std::set<Address>& taken) {
    for (std::size_t i = 0; s.gateway_standby && i < t.lans.size(); ++i) {
        auto& lan = t.lans[i];
        if (lan.gateway.is_unspecified()) {
            continue;
        }
        const auto own = [&] {
            const auto address = last_free_address(lan.network, taken);
            taken.insert(address);
            return address;
        };
        lan.gateway_nodes = {own(), i == 0 ? s.gateway_standby->interface.address : own()};
    }
}

bool is_virtual(const Topology& t, const Address& a) {
    return std::ranges::binary_search(t.virtual_addresses, a);
}

/// Destinations that reach IPVS by a firewall mark alone are routed to the service's address.
void add_routed_networks(Topology& t, const scenario::Scenario& s) {
    for (const auto& w : s.workloads) {
        const lvslab::Network network =
            w.destinations ? w.destinations->network : lvslab::Network{w.to.address, 32};
        if (!w.destinations && is_virtual(t, w.to.address)) {
            continue;
        }
        const auto client = scenario::client_address(s.clients[w.from], 0);
        if (const auto* service = s.service_for(w.protocol, client, w.to)) {
            t.routed.push_back({{network.base(), network.prefix_length}, service->address});
        }
    }
}

/// The services that a workload's clients reach at `to` (marks may tell clients apart).
std::set<const config::VirtualServer*> services_of(const scenario::Scenario& s,
                                                   const scenario::Workload& w,
                                                   const Endpoint& to) {
    std::set<const config::VirtualServer*> services;
    const auto& group = s.clients[w.from];
    for (unsigned i = 0; i < group.count; ++i) {
        services.insert(s.service_for(w.protocol, scenario::client_address(group, i), to));
    }
    return services;
}

/// What a server listens on for one workload whose packets to `to` reach it through `destination`.
ListenEndpoint listen_for(const scenario::Workload& w, const Endpoint& to,
                          const Endpoint& destination, bool own) {
    if (own) {
        const Port port = destination.port == Port{0} ? to.port : destination.port;
        return {w.protocol, {destination.address, port}};
    }
    if (w.destinations) {
        return {w.protocol, {Address{}, w.destinations->port}};
    }
    return {w.protocol, to};
}

/// A workload's part in what a server listens on.
void listen_for(const scenario::Scenario& s, const scenario::Workload& w, const Endpoint& to,
                const Address& server, bool own, std::set<ListenEndpoint>& endpoints) {
    const auto reached = services_of(s, w, to);
    for (const auto& service : router::desired_services(s.config)) {
        if (!reached.contains(&s.config.virtual_servers[service.virtual_server])) {
            continue;
        }
        auto destinations = service.destinations;
        if (service.sorry) {
            destinations.push_back(*service.sorry);
        }
        for (const auto& d : destinations) {
            if (d.endpoint.address == server) {
                endpoints.insert(listen_for(w, to, d.endpoint, own));
            }
        }
    }
}

}  // namespace

Topology topology_of(const scenario::Scenario& s) {
    Topology t;
    place_routers(t, s);
    place_servers(t, s);
    auto taken = taken_addresses(s);
    place_data_servers(t, s, taken);
    place_gateway_nodes(t, s, taken);
    add_floating_addresses(t, s.config);
    add_routed_networks(t, s);
    return t;
}

std::vector<ListenEndpoint> listen_endpoints_of(const scenario::Scenario& s, unsigned index,
                                                bool own_addresses, scenario::VipGuard guard) {
    const bool own = own_addresses || s.config.network == NetworkType::nat ||
                     guard == scenario::VipGuard::redirect;
    std::set<ListenEndpoint> endpoints;
    for (const auto& w : s.workloads) {
        if (w.kind == scenario::Workload::Kind::ftp) {
            continue;  // FtpServer listens for it
        }
        for (const auto& to : scenario::endpoints_of(w)) {
            listen_for(s, w, to, s.servers[index].interface.address, own, endpoints);
        }
    }
    return {endpoints.begin(), endpoints.end()};
}

}  // namespace lvslab::world
