// SPDX-License-Identifier: GPL-2.0-only
/// Two routers, one server, three clients.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "core/scenario/reader.hpp"

namespace lvslab::lab {

inline constexpr const char* nat_cf = R"(
serial_no = 1
primary = 192.168.26.9
primary_private = 10.11.12.9
backup = 192.168.26.8
backup_private = 10.11.12.8
backup_active = 1
keepalive = 2
deadtime = 3
service = lvs
network = nat
nat_router = 10.11.12.10 eth1:1
virtual HTTP {
     active = 1
     address = 192.168.26.10 eth0:1
     port = 80
     server web1 {
         address = 10.11.12.1
         active = 1
         weight = 1
     }
}
)";

inline std::string without_nat(std::string cf) {
    cf.replace(cf.find("network = nat"), 13, "network = direct");
    cf.erase(cf.find("nat_router"), std::string("nat_router = 10.11.12.10 eth1:1\n").size());
    cf.replace(cf.find("address = 10.11.12.1\n"), 20, "address = 192.168.26.1");
    return cf;
}

inline scenario::Scenario read_lab_scenario(const std::string& yaml, const std::string& cf) {
    auto read = scenario::read_scenario(yaml, "test.yaml",
                                        [&](const std::string&) { return std::optional(cf); });
    EXPECT_FALSE(read.diagnostics.has_errors()) << read.diagnostics.to_string();
    return std::move(*read);
}

inline constexpr const char* nat_yaml = R"(
scenario: nat
config: lvs.cf
routers:
  lvs1: { public: 192.168.26.9/24, private: 10.11.12.9/24 }
  lvs2: { public: 192.168.26.8/24, private: 10.11.12.8/24 }
servers:
  web1: { address: 10.11.12.1/24, service: constant 1ms }
clients:
  office: { count: 3, network: 172.16.0.0/16, link: { rate: 100Mbps, delay: 5ms, loss: 1% } }
workload:
  shop: { from: office, to: 192.168.26.10:80, arrivals: constant 1/s, for: 1s }
)";

inline scenario::Scenario nat_scenario() {
    return read_lab_scenario(nat_yaml, nat_cf);
}

}  // namespace lvslab::lab
