// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/scenario/checks.hpp"

namespace lvslab::scenario {
namespace {

bool is_routers(const Scenario& s, const Address& a) {
    return std::ranges::any_of(s.routers, [&](const auto& r) {
        return r.public_interface.address == a ||
               (r.private_interface && r.private_interface->address == a);
    });
}

class ServerCheck {
public:
    ServerCheck(const Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d)
        : s_(s), places_(places), accept_(accept), d_(d) {}

    void run() {
        for (std::size_t i = 0; i < s_.servers.size(); ++i) {
            const auto& parts = places_.server_parts[i];
            if (known(parts.gateways)) {
                check_gateways(s_.servers[i], parts.gateways);
            }
            if (known(parts.vip)) {
                check_vip(s_.servers[i], parts.vip);
            }
        }
        check_forwarding();
    }

private:
    bool nat() const { return s_.config.network == config::NetworkType::nat; }

    // Manual, 3.1.2: under NAT the default gateway is nat_router and nothing else. 3.2: the
    // director is a bad gateway for servers that answer by themselves.
    void check_gateways(const Server& server, const SourceLocation& where) {
        std::vector<std::string> addresses;
        for (const auto& a : server.gateways) {
            addresses.push_back(a.to_string());
        }
        if (nat()) {
            const bool right = s_.config.nat_router && server.gateways.size() == 1 &&
                               server.gateways.front() == *s_.config.nat_router;
            if (!right && s_.config.nat_router && !server.gateways.empty()) {
                accept_.report(
                    Acceptable::asymmetric_return, where,
                    fmt::format("{} answers by {}, not by nat_router {} alone", server.name,
                                fmt::join(addresses, " and "), s_.config.nat_router->to_string()));
            }
            return;
        }
        for (const auto& a : server.gateways) {
            if (is_routers(s_, a) || a == s_.config.nat_router) {
                accept_.report(Acceptable::director_gateway, where,
                               fmt::format("gateway {} of {} is an LVS router, which passes "
                                           "answers of the virtual address by",
                                           a.to_string(), server.name));
            }
        }
    }

    void check_vip(const Server& server, const SourceLocation& where) {
        if (nat()) {
            d_.error(where, fmt::format("{} takes no packets for the virtual address under NAT; "
                                        "vip belongs to direct routing and tunnels",
                                        server.name));
            return;
        }
        if (server.vip == VipGuard::redirect || server.vip_at_boot == VipGuard::redirect) {
            check_redirect(server, where);
        }
    }

    // Manual, 3.2.2: what REDIRECT brings to a port is for one application, whatever the virtual
    // address was.
    void check_redirect(const Server& server, const SourceLocation& where) {
        std::map<std::pair<Protocol, Port>, const config::VirtualServer*> seen;
        for (const auto& v : s_.config.virtual_servers) {
            const bool has_it = std::ranges::any_of(v.servers, [&](const auto& r) {
                return r.active && r.address == server.interface.address;
            });
            if (!v.active || !has_it) {
                continue;
            }
            const auto [at, is_new] = seen.emplace(std::pair(v.protocol, v.port), &v);
            if (!is_new && at->second->address != v.address) {
                d_.error(where, fmt::format("{} cannot serve {} and {} by REDIRECT: both are on "
                                            "port {}, which one application takes",
                                            server.name, at->second->name, v.name, v.port.value()));
            }
        }
    }

    // The answers of NAT servers are forwarded by the kernel (ip_forward in net/ipv4); packets for
    // the virtual address are not, they are local.
    void check_forwarding() {
        for (std::size_t i = 0; i < s_.routers.size(); ++i) {
            const auto& r = s_.routers[i];
            if (r.config.network == config::NetworkType::nat && !r.running.ip_forward) {
                accept_.report(Acceptable::no_forwarding, places_.routers[i].sysctl,
                               fmt::format("{} has net.ipv4.ip_forward = 0: no answer of a real "
                                           "server passes it",
                                           r.name));
            }
        }
    }

    const Scenario& s_;
    const Places& places_;
    Acceptance& accept_;
    Diagnostics& d_;
};

}  // namespace

void check_servers(const Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d) {
    ServerCheck(s, places, accept, d).run();
}

}  // namespace lvslab::scenario
