// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/fault.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/scenario/topology.hpp"
#include "tests/unit/scenario/sources.hpp"

namespace lvslab::scenario {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Fault fault(const std::string& written) {
    return changed("drain: 15s", "drain: 15s\nfaults:\n  - { " + written + " }").faults.at(0);
}

TEST(Fault, KeepsWhatTheFileSays) {
    const auto crash = fault("at: 20s, crash: web2, for: 5s");
    EXPECT_EQ(crash.kind, FaultKind::crash);
    EXPECT_EQ(crash.target.kind, FaultTarget::Kind::server);
    EXPECT_EQ(crash.target.index, 1U);
    EXPECT_EQ(crash.at, Time{seconds(20)});
    EXPECT_EQ(crash.length, seconds(5));
    EXPECT_EQ(crash.what, "crash web2");
    EXPECT_EQ(undone_what(crash), "restart web2");

    const auto cut = fault("at: 5s, cut: lvs2 public, way: out");
    EXPECT_EQ(cut.target.kind, FaultTarget::Kind::router);
    EXPECT_EQ(cut.target.index, 1U);
    EXPECT_EQ(cut.target.side, NetworkSide::public_net);
    EXPECT_EQ(cut.way, Fault::Way::out);
    EXPECT_EQ(cut.what, "cut lvs2 public out");
    EXPECT_EQ(undone_what(cut), "heal lvs2 public out");

    const auto heartbeat = fault("at: 5s, loss: heartbeat private, of: 20%");
    EXPECT_EQ(heartbeat.target.kind, FaultTarget::Kind::heartbeat);
    EXPECT_EQ(heartbeat.target.side, NetworkSide::private_net);
    EXPECT_DOUBLE_EQ(heartbeat.amount, 0.2);

    EXPECT_EQ(fault("at: 5s, delay: web1, by: 200ms").delay, milliseconds(200));
    EXPECT_DOUBLE_EQ(fault("at: 5s, slow: web1, by: 2.5").amount, 2.5);

    const auto flapping = fault("at: 10s, stop: web1, for: 3s, every: 8s, times: 4");
    EXPECT_EQ(flapping.every, seconds(8));
    EXPECT_EQ(flapping.times, 4U);

    const auto relative = fault("after: web1 is taken out, wait: 10s, hang: active router");
    EXPECT_EQ(relative.at, std::nullopt);
    ASSERT_TRUE(relative.after);
    EXPECT_EQ(relative.after->kind, journal::Moment::Kind::taken_out);
    EXPECT_EQ(relative.wait, seconds(10));
    EXPECT_EQ(relative.target.kind, FaultTarget::Kind::active_router);

    const auto reload = fault("at: 9s, reload: lvs1, config: other.cf");
    ASSERT_NE(reload.config, nullptr);
    EXPECT_EQ(reload.config->virtual_servers[0].scheduler, "rr");
}

TEST(Fault, WaitsForTheCrashOfARouterThatMayBeTheActiveOne) {
    const auto s = changed("drain: 15s",
                           "drain: 15s\nfaults:\n  - { at: 1s, crash: active router, for: 3s }\n"
                           "  - { after: crash of lvs1, crash: web1 }\n"
                           "  - { after: restart of lvs2, crash: web2 }");
    EXPECT_EQ(s.faults.size(), 3U);
}

TEST(Scenario, EndsAfterTheLastFaultOfItsOwnTime) {
    EXPECT_EQ(changed("seed: 42", "seed: 42").end(), Time{seconds(65 + 15)});
    EXPECT_EQ(changed("drain: 15s", "drain: 15s\nfaults:\n  - { at: 70s, crash: web1 }").end(),
              Time{seconds(70 + 15)});
    EXPECT_EQ(changed("drain: 15s", "drain: 15s\nfaults:\n  - { at: 7s, crash: web1 }").end(),
              Time{seconds(65 + 15)});
}

std::string accepted(const std::string& words, const std::string& from, const std::string& by) {
    auto sources = base_sources();
    replace(sources, "base.yaml", from, by);
    replace(sources, "base.yaml", "drain: 15s", "drain: 15s\naccept: [" + words + "]");
    const auto result = read(sources);
    EXPECT_TRUE(result) << result.diagnostics.to_string();
    return result.diagnostics.to_string();
}

TEST(Accept, MakesAMistakeOfTheManualsAWarning) {
    EXPECT_EQ(accepted("asymmetric-return", "speed: 0.5 }",
                       "speed: 0.5, gateway: [10.11.12.10, 10.11.12.254] }"),
              "base.yaml:14:94: warning: web2 answers by 10.11.12.10 and 10.11.12.254, not by "
              "nat_router 10.11.12.10 alone (accepted: asymmetric-return)\n");
    EXPECT_EQ(accepted("no-forwarding", "private: 10.11.12.8/24 }",
                       "private: 10.11.12.8/24, sysctl: none }"),
              "base.yaml:7:68: warning: lvs2 has net.ipv4.ip_forward = 0: no answer of a real "
              "server passes it (accepted: no-forwarding)\n");
}

TEST(Accept, RunsABackupOnOtherNetworks) {
    const auto said =
        accepted("other-networks, wrong-roles, unreachable-router, unreachable-server",
                 "lvs2: { public: 192.168.26.8/24, private: 10.11.12.8/24 }",
                 "lvs2: { public: 192.168.27.8/24, private: 10.11.13.8/24 }");
    for (const auto* part : {"accepted: other-networks", "accepted: wrong-roles",
                             "clients do not reach lvs2 (accepted: unreachable-router)",
                             "lvs2 does not reach web1 (accepted: unreachable-server)"}) {
        EXPECT_NE(said.find(part), std::string::npos) << part << "\n" << said;
    }
}

TEST(Accept, SaysWhenNothingNeedsIt) {
    EXPECT_EQ(accepted("no-return", "seed: 42", "seed: 42"),
              "base.yaml:45:9: warning: nothing here needs accept: [no-return]\n");
}

TEST(Topology, AGatewayOfOnesOwnLeadsPastTheRouters) {
    auto s = changed("seed: 42", "seed: 42");
    s.servers[1].gateways = {*Address::parse("10.11.12.254")};
    EXPECT_TRUE(is_gateways_own(s, s.servers[1].gateways[0]));
    EXPECT_FALSE(is_gateways_own(s, *s.config.nat_router));
    const auto graph = topology_of(s);
    bool found = false;
    for (auto [e, end] = boost::edges(graph); e != end; ++e) {
        found |= graph[boost::source(*e, graph)].name == "gateway" &&
                 graph[boost::target(*e, graph)].name == "10.11.12.0/24";
        found |= graph[boost::target(*e, graph)].name == "gateway" &&
                 graph[boost::source(*e, graph)].name == "10.11.12.0/24";
    }
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace lvslab::scenario
