// SPDX-License-Identifier: GPL-2.0-only
/// The lvs.cf that stories about routers begin with, and short words for what IPVS has.
#pragma once

#include <map>
#include <string>

#include <fmt/format.h>

#include "tests/unit/router/fake_world.hpp"

namespace lvslab::router {

inline const ipvs::ServiceKey http{Protocol::tcp, {Address::v4(0xC0A80A64U), Port{80}}, {}, {}};
inline const Address vip = Address::v4(0xC0A80A64U);         // 192.168.10.100
inline const Address nat_router = Address::v4(0x0A0000FEU);  // 10.0.0.254
inline const Address web1 = Address::v4(0x0A000001U);
inline const Address web2 = Address::v4(0x0A000002U);
inline const Address sorry = Address::v4(0x0A000009U);

inline std::string server_block(int number, int weight) {
    return fmt::format(
        "  server web{0} {{\n    address = 10.0.0.{0}\n    active = 1\n    weight = "
        "{1}\n  }}\n",
        number, weight);
}

inline const std::string globals =
    "primary = 192.168.10.1\nprimary_private = 10.0.0.251\nbackup = 192.168.10.2\n"
    "backup_private = 10.0.0.252\nbackup_active = 1\nkeepalive = 2\ndeadtime = 6\n"
    "network = nat\nnat_router = 10.0.0.254 eth1:1\nnat_nmask = 255.255.255.0\n"
    "active_cmd = \"/bin/on\"\ninactive_cmd = \"/bin/off\"\n"
    "syncdaemon = 1\nsyncd_iface = eth1\nsyncd_id = 259\n";

/// `more` stands in the service's block.
inline std::string http_service(const std::string& more, const std::string& servers) {
    return "virtual http {\n  active = 1\n  address = 192.168.10.100 eth0:1\n"
           "  vip_nmask = 255.255.255.0\n  port = 80\n  scheduler = wlc\n  timeout = 10\n"
           "  reentry = 30\n" +
           more + servers + "}\n";
}

inline std::string two_servers(const std::string& more = "") {
    return globals + http_service(more, server_block(1, 1) + server_block(2, 2));
}

/// "10.0.0.1:80 w1, 10.0.0.2:80 w2": in the order of their addresses.
inline std::string servers_in(const FakeMachine& machine, const ipvs::ServiceKey& key = http) {
    std::map<Endpoint, Weight> weights;
    for (const auto& d : machine.table.destinations(key)) {
        weights[d.endpoint] = d.weight;
    }
    std::string text;
    for (const auto& [server, weight] : weights) {
        text +=
            (text.empty() ? "" : ", ") + server.to_string() + " w" + std::to_string(weight.value());
    }
    return text;
}

}  // namespace lvslab::router
