// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/topology.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "core/router/desired_services.hpp"

namespace lvslab::packet_world {
namespace {

using config::NetworkType;

std::size_t lan_of(std::vector<Lan>& lans, const lvslab::Network& interface, bool routers) {
    const auto found = std::ranges::find_if(
        lans, [&](const Lan& lan) { return lan.network.contains(interface.address); });
    if (found != lans.end()) {
        return static_cast<std::size_t>(found - lans.begin());
    }
    const lvslab::Network network{interface.base(), interface.prefix_length};
    std::string name = network.base().to_string();
    if (routers) {
        name = lans.empty() ? "public" : "private";
    }
    lans.push_back({std::move(name), network, routers, {}});
    return lans.size() - 1;
}

/// The addresses that the scenario gives to someone.
std::set<Address> taken_addresses(const scenario::Scenario& s) {
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
    for (const auto& v : s.config.virtual_servers) {
        taken.insert(v.address);
    }
    if (s.config.nat_router) {
        taken.insert(*s.config.nat_router);
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

void add_floating(Topology& t, const Address& address, std::size_t fallback_lan) {
    const auto same = [&](const FloatingAddress& f) { return f.address == address; };
    if (address.is_unspecified() || std::ranges::any_of(t.floating, same)) {
        return;
    }
    const auto lan = std::ranges::find_if(
        t.lans, [&](const Lan& l) { return l.has_routers && l.network.contains(address); });
    t.floating.push_back({address, lan != t.lans.end()
                                       ? static_cast<std::size_t>(lan - t.lans.begin())
                                       : fallback_lan});
}

void add_floating_addresses(Topology& t, const config::LvsConfig& config) {
    for (const auto& v : config.virtual_servers) {
        if (v.active) {
            add_floating(t, v.address, 0);
            t.virtual_addresses.push_back(v.address);
        }
    }
    std::ranges::sort(t.virtual_addresses);
    const auto repeated = std::ranges::unique(t.virtual_addresses);
    t.virtual_addresses.erase(repeated.begin(), repeated.end());
    if (config.network == NetworkType::nat && config.nat_router) {
        add_floating(t, *config.nat_router, t.lans.size() > 1 ? 1 : 0);
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

void place_servers(Topology& t, const scenario::Scenario& s) {
    for (const auto& server : s.servers) {
        t.server_lan.push_back(lan_of(t.lans, server.interface, false));
    }
    const auto taken = taken_addresses(s);
    t.lans.front().gateway = s.gateway;
    for (const auto lan : t.server_lan) {
        auto& l = t.lans[lan];
        if (s.config.network == NetworkType::nat) {
            t.server_gateway.push_back(nat_gateway(s, l));
            continue;
        }
        // Replies go straight to the clients' gateway, so it has a leg where the servers are.
        if (l.gateway.is_unspecified()) {
            l.gateway = last_free_address(l.network, taken);
        }
        t.server_gateway.push_back(l.gateway);
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

/// The services that a workload's clients reach (marks may tell clients apart).
std::set<const config::VirtualServer*> services_of(const scenario::Scenario& s,
                                                   const scenario::Workload& w) {
    std::set<const config::VirtualServer*> services;
    const auto& group = s.clients[w.from];
    for (unsigned i = 0; i < group.count; ++i) {
        services.insert(s.service_for(w.protocol, scenario::client_address(group, i), w.to));
    }
    return services;
}

/// What a server listens on for one workload whose packets reach it through `destination`.
ListenEndpoint listen_for(const scenario::Workload& w, const Endpoint& destination, bool own) {
    if (own) {
        const Port port = destination.port == Port{0} ? w.to.port : destination.port;
        return {w.protocol, {destination.address, port}};
    }
    if (w.destinations) {
        return {w.protocol, {Address{}, w.destinations->port}};
    }
    return {w.protocol, w.to};
}

}  // namespace

Topology topology_of(const scenario::Scenario& s) {
    Topology t;
    for (const auto& r : s.routers) {
        lan_of(t.lans, r.public_interface, true);
    }
    for (const auto& r : s.routers) {
        if (r.private_interface) {
            lan_of(t.lans, *r.private_interface, true);
        }
    }
    place_servers(t, s);
    add_floating_addresses(t, s.config);
    add_routed_networks(t, s);
    return t;
}

std::vector<ListenEndpoint> listen_endpoints_of(const scenario::Scenario& s, unsigned index,
                                                bool own_addresses) {
    const bool own = own_addresses || s.config.network == NetworkType::nat;
    std::set<ListenEndpoint> endpoints;
    const auto services = router::desired_services(s.config);
    for (const auto& w : s.workloads) {
        const auto reached = services_of(s, w);
        for (const auto& service : services) {
            if (!reached.contains(&s.config.virtual_servers[service.virtual_server])) {
                continue;
            }
            for (const auto& d : service.destinations) {
                if (d.endpoint.address == s.servers[index].interface.address) {
                    endpoints.insert(listen_for(w, d.endpoint, own));
                }
            }
        }
    }
    return {endpoints.begin(), endpoints.end()};
}

}  // namespace lvslab::packet_world
