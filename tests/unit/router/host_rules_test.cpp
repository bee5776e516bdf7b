// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/host_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/config/parse.hpp"
#include "core/router/host_rules_text.hpp"

namespace lvslab::router {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

config::LvsConfig lvs_cf(const std::string& text) {
    const auto read = config::parse(text, "lvs.cf", {});
    EXPECT_TRUE(read) << read.diagnostics.to_string();
    return read.value.value_or(config::LvsConfig{});
}

std::string virtual_block(const std::string& name, const std::string& directives,
                          const std::string& server = "10.11.12.21") {
    return "virtual " + name + " {\nactive = 1\n" + directives +
           "\nserver oak {\naddress = " + server + "\nactive = 1\n}\n}\n";
}

std::string ftp_under(const std::string& network) {
    return "network = " + network +
           "\nnat_router = 10.11.12.10 eth1:1\nnat_nmask = 255.255.255.0\n" +
           virtual_block("ftp",
                         "address = 192.168.26.10 eth0:1\nport = 21\nfwmark = 21\n"
                         "persistent = 60");
}

std::vector<std::string> ports_of(const HostRules& rules) {
    std::vector<std::string> ports;
    for (const auto& m : rules.marks) {
        ports.push_back(std::to_string(m.mark.value()) + "=" + m.ports.to_string());
    }
    return ports;
}

TEST(HostRules, a_service_without_a_mark_needs_no_rule) {
    const auto rules =
        host_rules(lvs_cf(virtual_block("shop", "address = 192.168.26.10 eth0:1\nport = 80")));
    EXPECT_THAT(rules.marks, IsEmpty());
    EXPECT_THAT(rules.masquerades, IsEmpty());
    EXPECT_THAT(rules.real_servers, IsEmpty());
}

TEST(HostRules, a_marked_service_needs_its_port_marked_at_its_line) {
    const auto rules =
        host_rules(lvs_cf(virtual_block("shop",
                                        "address = 192.168.26.10 eth0:1\nport = 80\nfwmark = 7\n"
                                        "protocol = udp")));
    ASSERT_EQ(rules.marks.size(), 1U);
    const MarkNeed expected{Protocol::udp,        *Address::parse("192.168.26.10"),
                            {Port{80}, Port{80}}, Fwmark{7},
                            "virtual \"shop\"",   {"lvs.cf", 5, 10}};
    EXPECT_EQ(rules.marks.front(), expected);
}

TEST(HostRules, ftp_needs_its_passive_range_too) {
    EXPECT_THAT(ports_of(host_rules(lvs_cf(ftp_under("nat")))),
                ElementsAre("21=10000:20000", "21=21"));
    HostRulesOptions options;
    options.ftp_ports = {Port{1024}, Port{65535}};
    EXPECT_THAT(ports_of(host_rules(lvs_cf(ftp_under("nat")), options)),
                ElementsAre("21=1024:65535", "21=21"));
}

TEST(HostRules, a_range_leaves_out_ports_of_other_services_at_the_same_address) {
    const auto other = [](int port) {
        return virtual_block("at" + std::to_string(port),
                             "address = 192.168.26.10 eth0:1\nport = " + std::to_string(port));
    };
    const auto config = lvs_cf(ftp_under("nat") + other(20000) + other(10000) + other(15000) +
                               other(15001) + other(80));
    EXPECT_THAT(ports_of(host_rules(config)),
                ElementsAre("21=10001:14999", "21=15002:19999", "21=21"));
}

TEST(HostRules, more_ports_of_a_mark_are_given_by_the_user) {
    const auto config =
        lvs_cf(virtual_block("web", "address = 192.168.26.10 eth0:1\nport = 80\nfwmark = 80"));
    HostRulesOptions options;
    options.mark_ports = {*MarkPorts::parse("80=443"), *MarkPorts::parse("81=9")};
    EXPECT_THAT(ports_of(host_rules(config, options)), ElementsAre("80=443", "80=80"));
}

TEST(HostRules, active_ftp_behind_nat_is_masqueraded_from_the_private_network) {
    const auto rules = host_rules(lvs_cf(ftp_under("nat")));
    ASSERT_EQ(rules.masquerades.size(), 1U);
    EXPECT_EQ(rules.masquerades.front().source.to_string(), "10.11.12.0/24");
    EXPECT_EQ(rules.masquerades.front().source_port, Port{20});
    EXPECT_THAT(host_rules(lvs_cf(ftp_under("direct"))).masquerades, IsEmpty());
}

TEST(HostRules, a_host_mask_of_nat_router_masquerades_each_server_by_itself) {
    auto config = lvs_cf(ftp_under("nat"));
    config.nat_nmask = Address::parse("255.255.255.255");
    const auto rules = host_rules(config);
    ASSERT_EQ(rules.masquerades.size(), 1U);
    EXPECT_EQ(rules.masquerades.front().source.to_string(), "10.11.12.21/32");
}

TEST(HostRules, ftp_without_a_mark_needs_the_module_that_reads_it) {
    auto config = lvs_cf(ftp_under("nat"));
    config.virtual_servers.front().fwmark = Fwmark{};
    const auto rules = host_rules(config);
    EXPECT_THAT(rules.modules, ElementsAre("ip_vs_ftp"));
    EXPECT_THAT(rules.masquerades, IsEmpty());
}

TEST(HostRules, forwarding_is_required_by_nat_and_asked_for_by_the_manual) {
    const auto nat = host_rules(lvs_cf(ftp_under("nat")));
    ASSERT_EQ(nat.settings.size(), 1U);
    EXPECT_EQ(nat.settings.front().name, "net.ipv4.ip_forward");
    EXPECT_TRUE(nat.settings.front().required);
    EXPECT_FALSE(host_rules(lvs_cf(ftp_under("direct"))).settings.front().required);
}

std::vector<std::string> settings_of(const RealServerNeed& server) {
    std::vector<std::string> settings;
    for (const auto& s : server.settings) {
        settings.push_back(s.name + "=" + std::to_string(s.value));
    }
    return settings;
}

TEST(HostRules, a_real_server_of_direct_routing_keeps_silent_about_the_virtual_address) {
    const auto rules = host_rules(lvs_cf(ftp_under("direct")));
    ASSERT_EQ(rules.real_servers.size(), 1U);
    const auto& oak = rules.real_servers.front();
    EXPECT_THAT(oak.names, ElementsAre("oak"));
    EXPECT_EQ(oak.device, "lo");
    EXPECT_THAT(settings_of(oak),
                ElementsAre("net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2"));
    EXPECT_EQ(oak.services.size(), 2U);
}

TEST(HostRules, a_real_server_of_a_tunnel_takes_packets_out_of_it) {
    const auto rules = host_rules(lvs_cf(ftp_under("tunnel")));
    ASSERT_EQ(rules.real_servers.size(), 1U);
    EXPECT_EQ(rules.real_servers.front().device, "tunl0");
    EXPECT_THAT(settings_of(rules.real_servers.front()),
                ElementsAre("net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2",
                            "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.tunl0.rp_filter=0"));
}

TEST(HostRules, a_server_of_two_services_is_one_host_and_a_sorry_server_is_one_too) {
    const auto config = lvs_cf("network = direct\n" +
                               virtual_block("a",
                                             "address = 192.168.26.10 eth0:1\nport = 80\n"
                                             "sorry_server = 10.11.12.99") +
                               virtual_block("b", "address = 192.168.26.11 eth0:2\nport = 25"));
    const auto rules = host_rules(config);
    ASSERT_EQ(rules.real_servers.size(), 2U);
    EXPECT_EQ(rules.real_servers[0].vips.size(), 2U);
    EXPECT_THAT(rules.real_servers[1].names, ElementsAre("sorry_server"));
}

TEST(HostRules, inactive_services_and_servers_need_nothing) {
    auto config = lvs_cf(ftp_under("direct"));
    config.virtual_servers.front().servers.front().active = false;
    EXPECT_THAT(host_rules(config).real_servers, IsEmpty());
    config.virtual_servers.front().active = false;
    EXPECT_THAT(host_rules(config).marks, IsEmpty());
}

TEST(HostRulesText, is_the_manuals_for_iptables) {
    const auto text = router_text(host_rules(lvs_cf(ftp_under("nat"))), RulesFormat::iptables);
    EXPECT_THAT(text, HasSubstr("*mangle\n"
                                "# lvs.cf:8: passive FTP of virtual \"ftp\"\n"
                                "-A PREROUTING -d 192.168.26.10/32 -p tcp -m tcp --dport "
                                "10000:20000 -j MARK --set-mark 21\n"
                                "# lvs.cf:8: virtual \"ftp\"\n"
                                "-A PREROUTING -d 192.168.26.10/32 -p tcp -m tcp --dport 21 -j "
                                "MARK --set-mark 21\n"
                                "COMMIT\n"
                                "*nat\n"
                                "# lvs.cf:7: active FTP of virtual \"ftp\"\n"
                                "-A POSTROUTING -s 10.11.12.0/24 -p tcp -m tcp --sport 20 -j "
                                "MASQUERADE\n"
                                "COMMIT\n"));
}

TEST(HostRulesText, replaces_its_own_table_of_nftables) {
    const auto text = router_text(host_rules(lvs_cf(ftp_under("nat"))), RulesFormat::nft);
    EXPECT_THAT(text, HasSubstr("table inet lvsrouter\ndelete table inet lvsrouter\n"));
    EXPECT_THAT(text, HasSubstr("ip daddr 192.168.26.10 tcp dport 10000-20000 meta mark set 21\n"));
    EXPECT_THAT(text, HasSubstr("ip saddr 10.11.12.0/24 tcp sport 20 masquerade\n"));
}

TEST(HostRulesText, keeps_the_families_apart_in_iptables) {
    auto config = lvs_cf(ftp_under("nat"));
    config.virtual_servers.front().address = *Address::parse("2001:db8::10");
    const auto rules = host_rules(config);
    EXPECT_THAT(router_text(rules, RulesFormat::ip6tables), HasSubstr("-d 2001:db8::10/128"));
    EXPECT_THAT(router_text(rules, RulesFormat::iptables), Not(HasSubstr("mangle")));
    EXPECT_THAT(router_text(rules, RulesFormat::nft), HasSubstr("ip6 daddr 2001:db8::10"));
}

TEST(HostRulesText, says_that_nothing_is_needed) {
    const auto rules =
        host_rules(lvs_cf(virtual_block("shop", "address = 192.168.26.10 eth0:1\nport = 80")));
    EXPECT_THAT(router_text(rules, RulesFormat::iptables), HasSubstr("# Nothing is needed.\n"));
}

TEST(HostRulesText, names_the_real_servers_that_need_something) {
    EXPECT_THAT(router_text(host_rules(lvs_cf(ftp_under("direct"))), RulesFormat::nft),
                HasSubstr("# Real server oak (10.11.12.21): lvsrouter rules --real-server "
                          "10.11.12.21\n"));
}

TEST(HostRulesText, of_a_real_server_is_the_manuals) {
    const auto rules = host_rules(lvs_cf(ftp_under("direct")));
    const auto text = [&](RulesFormat format) {
        return real_server_text(rules, rules.real_servers.front(), format);
    };
    EXPECT_THAT(text(RulesFormat::arptables), HasSubstr("-A INPUT -d 192.168.26.10 -j DROP\n"));
    EXPECT_THAT(text(RulesFormat::arptables),
                HasSubstr("-A OUTPUT -s 192.168.26.10 -j mangle --mangle-ip-s 10.11.12.21\n"));
    EXPECT_THAT(text(RulesFormat::iptables),
                HasSubstr("-A PREROUTING -d 192.168.26.10/32 -p tcp -m tcp --dport 21 -j "
                          "REDIRECT\n"));
    EXPECT_THAT(text(RulesFormat::ip), HasSubstr("address replace 192.168.26.10/32 dev lo\n"));
    EXPECT_THAT(text(RulesFormat::sysctl), HasSubstr("net.ipv4.conf.all.arp_announce = 2\n"));
}

TEST(HostRulesText, of_a_name_with_a_line_break_stays_a_comment) {
    auto config = lvs_cf(ftp_under("direct"));
    config.virtual_servers.front().name = "a\nflush ruleset";
    config.virtual_servers.front().servers.front().name = "b\nflush ruleset";
    const auto rules = host_rules(config);
    EXPECT_THAT(router_text(rules, RulesFormat::nft), Not(HasSubstr("\nflush")));
    EXPECT_THAT(real_server_text(rules, rules.real_servers.front(), RulesFormat::nft),
                Not(HasSubstr("\nflush")));
}

TEST(PortRange, is_a_port_or_two_in_order) {
    EXPECT_EQ(PortRange::parse("80")->to_string(), "80");
    EXPECT_EQ(PortRange::parse("10000:20000")->to_string(), "10000:20000");
    for (const auto* wrong : {"", "0", "2:1", "80:", ":80", "1:2:3", "65536", "http", "-1"}) {
        EXPECT_FALSE(PortRange::parse(wrong)) << wrong;
    }
    for (const auto* wrong : {"80", "0=80", "=80", "80=", "80=x", "x=80"}) {
        EXPECT_FALSE(MarkPorts::parse(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace lvslab::router
