// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/topology.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/scenario/sources.hpp"

namespace lvslab::scenario {
namespace {

Scenario base() {
    return changed("seed: 42", "seed: 42");
}

std::set<std::string> edges(const Scenario& s) {
    const auto graph = topology_of(s);
    std::set<std::string> found;
    for (auto [e, end] = boost::edges(graph); e != end; ++e) {
        const auto& a = graph[boost::source(*e, graph)].name;
        const auto& b = graph[boost::target(*e, graph)].name;
        found.insert(a < b ? a + " - " + b : b + " - " + a);
    }
    return found;
}

TEST(Topology, PutsNatServersBehindTheRouters) {
    EXPECT_EQ(edges(base()),
              (std::set<std::string>{
                  "192.168.26.0/24 - gateway", "192.168.26.0/24 - lvs1", "192.168.26.0/24 - lvs2",
                  "10.11.12.0/24 - lvs1", "10.11.12.0/24 - lvs2", "10.11.12.0/24 - web1",
                  "10.11.12.0/24 - web2", "gateway - office", "gateway - home"}));
    EXPECT_EQ(check_topology(base()).to_string(), "");
}

TEST(Topology, GivesTheGatewayALegWhereServersAnswerThemselves) {
    auto s = base();
    s.config.network = config::NetworkType::direct;
    EXPECT_TRUE(edges(s).contains("10.11.12.0/24 - gateway"));
    EXPECT_EQ(check_topology(s).to_string(), "");
    s.config.network = config::NetworkType::tunnel;
    s.servers[1].interface = *Network::parse("10.99.0.2/24");
    EXPECT_TRUE(edges(s).contains("10.99.0.0/24 - gateway"));
    EXPECT_EQ(check_topology(s).to_string(), "");
}

TEST(Topology, FindsNatServersThatRoutersDoNotReach) {
    auto s = base();
    s.servers[1].interface = *Network::parse("10.99.0.2/24");
    EXPECT_EQ(check_topology(s).to_string(),
              "base.yaml:14:9: lvs1 does not reach web2; \"accept: [unreachable-server]\" runs it "
              "all the same\n"
              "base.yaml:14:9: lvs2 does not reach web2; \"accept: [unreachable-server]\" runs it "
              "all the same\n"
              "base.yaml:14:9: clients get no answer from web2; \"accept: [no-return]\" runs it "
              "all the same\n");
}

TEST(Topology, FindsNatServersThatAnswerPastTheRouters) {
    auto s = base();
    s.servers[1].interface = *Network::parse("192.168.26.77/24");
    EXPECT_EQ(check_topology(s).to_string(),
              "base.yaml:14:9: answers would pass NAT by from web2; \"accept: "
              "[asymmetric-return]\" runs it all the same\n");
}

TEST(Topology, FindsRoutersThatClientsDoNotReach) {
    auto s = base();
    s.routers[1].public_interface = *Network::parse("192.168.99.8/24");
    EXPECT_EQ(check_topology(s).to_string(),
              "base.yaml:7:9: clients do not reach lvs2; \"accept: [unreachable-router]\" runs it "
              "all the same\n");
}

}  // namespace
}  // namespace lvslab::scenario
