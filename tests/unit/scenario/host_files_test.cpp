// SPDX-License-Identifier: GPL-2.0-only
// sysctl.conf and iptables files, and what a router has of them.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/scenario/iptables_file.hpp"
#include "core/scenario/sysctl_file.hpp"
#include "tests/unit/scenario/sources.hpp"

namespace lvslab::scenario {
namespace {

const DeviceSides devices{{"eth0"}, {"eth1"}};

Endpoint to(const char* text) {
    return *Endpoint::parse(text);
}

TEST(IptablesFile, ReadsTheManualsRulesAndSaysWhatHasNoEffect) {
    const auto read = read_iptables(base_sources().at("iptables"), "iptables", devices);
    EXPECT_EQ(read.diagnostics.to_string(),
              "iptables:14:8: warning: policy DROP of filter INPUT is not modelled: every packet "
              "is accepted\n"
              "iptables:15:1: warning: rules of filter INPUT are not modelled: this one has no "
              "effect\n");
    ASSERT_TRUE(read);
    const auto client = *Address::parse("172.16.0.2");
    const auto mark = [&](const char* endpoint) {
        return mark_of(read->marks, Protocol::tcp, client, to(endpoint));
    };
    EXPECT_EQ(mark("192.168.26.10:21"), Fwmark{21});
    EXPECT_EQ(mark("192.168.26.10:10000"), Fwmark{21});
    EXPECT_EQ(mark("192.168.26.10:20001"), Fwmark{});

    const auto post = [&](const char* from, NetworkSide side) {
        return postrouting_rule(read->nat, Protocol::tcp, to(from), to("172.16.0.2:40000"), side);
    };
    ASSERT_NE(post("10.11.12.1:20", NetworkSide::public_net), nullptr);
    EXPECT_EQ(post("10.11.12.1:20", NetworkSide::public_net)->kind, NatRule::Kind::masquerade);
    EXPECT_EQ(post("10.11.12.1:20", NetworkSide::private_net), nullptr);  // -o eth0
    EXPECT_EQ(post("10.11.12.1:21", NetworkSide::public_net), nullptr);   // --sport 20
    EXPECT_EQ(post("10.11.13.1:20", NetworkSide::public_net), nullptr);   // -s

    const auto* redirect =
        prerouting_rule(read->nat, Protocol::tcp, to("172.16.0.2:40000"), to("192.168.26.99:80"));
    ASSERT_NE(redirect, nullptr);
    EXPECT_EQ(redirect->to_port, Port{8080});
    EXPECT_EQ(
        prerouting_rule(read->nat, Protocol::udp, to("172.16.0.2:40000"), to("192.168.26.99:80")),
        nullptr);
}

TEST(IptablesFile, NamesTheWordThatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"*mangle\n-A PREROUTING -p tcp -i eth0 -j MARK --set-mark 1\nCOMMIT\n",
         "f:2:22: \"-i\" is not supported in a mark rule; supported are -p, -s, -d, --dport, "
         "-j MARK, --set-mark and --set-xmark\n"},
        {"*mangle\n-A PREROUTING -j CONNMARK\nCOMMIT\n",
         "f:2:18: -j CONNMARK: a mark rule jumps to MARK\n"},
        {"*mangle\n-A PREROUTING -p tcp\nCOMMIT\n", "f:2:1: the mark rule has no -j MARK\n"},
        {"*nat\n-A POSTROUTING -j MASQUERADE --dport\nCOMMIT\n", "f:2:30: --dport has no value\n"},
        {"*nat\n-A POSTROUTING -o eth7 -j MASQUERADE\nCOMMIT\n",
         "f:2:19: -o eth7: the lvs.cf has eth0 on the public side and eth1 on the private one\n"},
        {"*nat\n-A PREROUTING -j DNAT --to-destination 10.0.0.1\nCOMMIT\n",
         "f:2:18: -j DNAT: a rule of nat PREROUTING jumps to REDIRECT\n"},
        {"*nat\n-A POSTROUTING -j SNAT\nCOMMIT\n", "f:2:19: -j SNAT has no --to-source ADDRESS\n"},
        {"*nat\n-A POSTROUTING -j SNAT --to-source x\nCOMMIT\n",
         "f:2:36: --to-source x: expected an address\n"},
        {"*nat\n-A PREROUTING -j REDIRECT --to-ports 0\nCOMMIT\n",
         "f:2:38: --to-ports 0: expected a port\n"},
        {"*nat\n-A POSTROUTING -s 10.0.0.0/8\nCOMMIT\n",
         "f:2:1: the rule has no -j; a rule of nat POSTROUTING jumps to MASQUERADE or SNAT\n"},
        {"*mangle\n", "f:1:1: table mangle has no COMMIT: iptables-restore loads nothing of it\n"},
        {"*mangle\n*nat\nCOMMIT\n", "f:2:1: table mangle has no COMMIT before this one\n"},
        {"*mangel\nCOMMIT\n",
         "f:1:1: no table is called \"mangel\"; there are filter, nat, mangle, raw and security\n"},
        {"-A PREROUTING -j MARK\n",
         "f:1:1: \"-A\" stands in no table; a table begins with *mangle, *nat or *filter\n"},
        {"iptables -t mangle\n",
         "f:1:1: \"iptables\" is no line of iptables-save; expected *TABLE, :CHAIN POLICY, -A "
         "CHAIN "
         "RULE, COMMIT or a comment\n"},
    };
    for (const auto& [text, message] : cases) {
        const auto read = read_iptables(text, "f", devices);
        EXPECT_FALSE(read) << text;
        EXPECT_EQ(read.diagnostics.to_string(), message) << text;
    }
}

TEST(IptablesFile, KnowsTheSidesOfDevicesFromTheLvsCf) {
    const auto s = changed("seed: 42", "seed: 42");
    const auto sides = device_sides(s.config);
    EXPECT_EQ(sides.side_of("eth0"), NetworkSide::public_net);
    EXPECT_EQ(sides.side_of("eth1"), NetworkSide::private_net);
    EXPECT_EQ(sides.side_of("eth2"), std::nullopt);
}

TEST(SysctlFile, ReadsWhatConcernsARouterAndSaysWhatHasNoEffect) {
    const auto read = read_sysctl(base_sources().at("sysctl.conf"), "f");
    EXPECT_EQ(read.diagnostics.to_string(),
              "f:3:1: note: without effect here: net.ipv4.conf.default.rp_filter, kernel.sysrq\n");
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->ip_forward);
    EXPECT_EQ(read->ipvs.sync_threshold, 5U);
    EXPECT_EQ(read->ipvs.sync_period, 60U);
    EXPECT_TRUE(read->ipvs.expire_nodest_conn);
    EXPECT_EQ(read->ipvs.conn_reuse_mode, 1U);
    EXPECT_FALSE(read_sysctl("", "f")->ip_forward);  // the kernel's default
}

TEST(SysctlFile, NamesTheValueThatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"net.ipv4.ip_forward = yes\n",
         "f:1:23: net.ipv4.ip_forward = yes: expected a whole number from 0 to 2147483647\n"},
        {"\n  net.ipv4.vs.sloopy_tcp = 1\n",
         "f:2:3: IPVS has no setting net.ipv4.vs.sloopy_tcp; did you mean \"sloppy_tcp\"?\n"},
        {"net.ipv4.vs.drop_entry=1\n",
         "f:1:24: net.ipv4.vs.drop_entry = 1 is not modelled; only 0 is\n"},
        {"net.ipv4.vs.sync_threshold = 50 3\n",
         "f:1:30: sync_threshold = 50 3: the threshold is not below the period 3\n"},
        {"net.ipv4.ip_forward\n",
         "f:1:1: \"net.ipv4.ip_forward\" has no \"=\"; expected NAME = VALUE\n"},
    };
    for (const auto& [text, message] : cases) {
        const auto read = read_sysctl(text, "f");
        EXPECT_FALSE(read) << text;
        EXPECT_EQ(read.diagnostics.to_string(), message) << text;
    }
}

TEST(Router, HasItsOwnFilesAndLosesAtBootWhatIsNotSaved) {
    const auto s = changed("  lvs2: { public: 192.168.26.8/24, private: 10.11.12.8/24 }",
                           "  lvs2: { public: 192.168.26.8/24, private: 10.11.12.8/24, config: "
                           "other.cf, sysctl: sysctl.conf, iptables: iptables, modules: "
                           "[ip_vs_ftp], at_boot: { sysctl: none, iptables: none } }");
    const auto& first = s.routers[0];
    const auto& second = s.routers[1];
    EXPECT_EQ(first.config.virtual_servers[0].scheduler, "wlc");
    EXPECT_EQ(second.config.virtual_servers[0].scheduler, "rr");
    EXPECT_EQ(second.config_path, "other.cf");
    EXPECT_EQ(s.config_path, "base.cf");

    EXPECT_TRUE(first.running.ip_forward);  // no file: forwarding is on
    EXPECT_EQ(first.running.marks.size(), 1U);
    EXPECT_EQ(first.at_boot.marks.size(), 1U);
    EXPECT_EQ(second.running.marks.size(), 3U);  // its file's two, and the one of `marks`
    EXPECT_EQ(second.running.nat.size(), 2U);
    EXPECT_TRUE(second.running.ftp_helper);
    EXPECT_TRUE(second.running.ip_forward);
    EXPECT_TRUE(second.running.ipvs.expire_nodest_conn);
    EXPECT_FALSE(second.at_boot.ip_forward);
    EXPECT_FALSE(second.at_boot.ipvs.expire_nodest_conn);
    EXPECT_TRUE(second.at_boot.marks.empty());
    EXPECT_TRUE(second.at_boot.nat.empty());
    EXPECT_TRUE(second.at_boot.ftp_helper);  // not named: as before
}

}  // namespace
}  // namespace lvslab::scenario
