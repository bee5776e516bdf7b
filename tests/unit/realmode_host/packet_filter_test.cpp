// SPDX-License-Identifier: GPL-2.0-only
// What filters do with packets, as far as that can be told from what programs print.
#include "realmode/host/packet_filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace lvslab::realmode {
namespace {

using Fate = FilterJudgement::Fate;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<FilterTable> of_iptables(const std::string& rules, const char* policy = "DROP") {
    std::vector<FilterTable> tables;
    add_iptables_filter("*filter\n:INPUT " + std::string(policy) +
                            " [0:0]\n:FORWARD ACCEPT [0:0]\n:OURS - [0:0]\n" + rules +
                            "COMMIT\n*nat\n-A INPUT -j DROP\nCOMMIT\n",
                        "iptables-save", "ip", tables);
    return tables;
}

/// A table of nft with a chain "in" and one "x" that it may jump to.
std::vector<FilterTable> of_nft(const std::vector<std::string>& rules,
                                const std::vector<std::string>& rules_of_x = {},
                                const std::string& policy = "drop") {
    std::string text = R"({"nftables": [{"metainfo": {"version": "1.0.6"}},
        {"chain": {"family": "inet", "table": "t", "name": "x"}},
        {"chain": {"family": "inet", "table": "t", "name": "in", "type": "filter",
                   "hook": "input", "prio": 0, "policy": ")" +
                       policy + "\"}}";
    const auto add = [&](const std::string& chain, const std::vector<std::string>& expressions) {
        for (const auto& expression : expressions) {
            text += R"(, {"rule": {"family": "inet", "table": "t", "chain": ")" + chain +
                    R"(", "handle": 7, "expr": [)" + expression + "]}}";
        }
    };
    add("in", rules);
    add("x", rules_of_x);
    std::vector<FilterTable> tables;
    EXPECT_TRUE(add_nftables_filter(text + "]}", tables));
    return tables;
}

FilteredPacket to_port(unsigned port, std::string_view protocol = "tcp") {
    FilteredPacket packet{.v4 = true, .protocol = std::string(protocol)};
    packet.destination = Network::parse("192.168.26.10/32");
    packet.ports = {Port(static_cast<std::uint16_t>(port)), Port(static_cast<std::uint16_t>(port))};
    packet.in_device = "eth0";
    packet.opens = true;
    packet.mark = Fwmark{21};
    return packet;
}

Fate fate(const std::vector<FilterTable>& tables, const FilteredPacket& packet = to_port(80)) {
    return judge(tables, FilterHook::input, packet).fate;
}

struct IptablesCase {
    const char* rules;
    Fate fate;  ///< of a packet of a new connection to port 80, behind policy DROP
};

class OfIptables : public ::testing::TestWithParam<IptablesCase> {};

TEST_P(OfIptables, a_packet_has_this_fate) {
    EXPECT_EQ(fate(of_iptables(GetParam().rules)), GetParam().fate) << GetParam().rules;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, OfIptables,
    ::testing::Values(
        IptablesCase{"", Fate::dropped}, IptablesCase{"-A INPUT -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -p udp -m udp --dport 80 -j ACCEPT\n", Fate::dropped},
        IptablesCase{"-A INPUT -p tcp -m multiport --dports 22,70:90 -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -d 192.168.26.0/24 -i eth0 -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -d 192.168.26.11/32 -j ACCEPT\n", Fate::dropped},
        IptablesCase{"-A INPUT -i eth+ -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -i lo -j ACCEPT\n", Fate::dropped},
        IptablesCase{"-A INPUT ! -i lo -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -s 10.0.0.0/8 -j ACCEPT\n", Fate::unclear},
        IptablesCase{"-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
                     Fate::dropped},
        IptablesCase{"-A INPUT -m state --state NEW -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -m mark --mark 0x15 -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -m mark --mark 0x1/0xff -j ACCEPT\n", Fate::unclear},
        IptablesCase{"-A INPUT -m geoip --source-country DE -j ACCEPT\n", Fate::unclear},
        IptablesCase{"-A INPUT -m comment --comment \"see -j DROP\" -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -j LOG\n-A INPUT -j ACCEPT\n", Fate::passes},
        IptablesCase{"-A INPUT -j NFQUEUE --queue-num 1\n", Fate::unclear},
        IptablesCase{"-A INPUT -j REJECT --reject-with icmp-port-unreachable\n"
                     "-A INPUT -j ACCEPT\n",
                     Fate::dropped},
        IptablesCase{"-A INPUT -j OURS\n-A OURS -p tcp -m tcp --dport 80 -j ACCEPT\n",
                     Fate::passes},
        IptablesCase{"-A INPUT -j OURS\n-A INPUT -j ACCEPT\n-A OURS -j RETURN\n-A OURS -j DROP\n",
                     Fate::passes},
        IptablesCase{"-A INPUT -g OURS\n-A INPUT -j ACCEPT\n-A OURS -j RETURN\n", Fate::dropped},
        IptablesCase{"-A INPUT -s 10.0.0.0/8 -j OURS\n-A OURS -j ACCEPT\n", Fate::unclear}));

TEST(PacketFilter, a_drop_counts_under_a_policy_of_accept_too) {
    EXPECT_EQ(fate(of_iptables("", "ACCEPT")), Fate::passes);
    EXPECT_EQ(fate(of_iptables("-A INPUT -j DROP\n", "ACCEPT")), Fate::dropped);
    EXPECT_EQ(fate(of_iptables("-A INPUT -s 10.0.0.0/8 -j DROP\n", "ACCEPT")), Fate::unclear);
}

TEST(PacketFilter, says_who_drops_and_what_would_accept) {
    const auto tables = of_iptables("-A INPUT -p tcp -m tcp --dport 80 -j REJECT\n");
    const auto ruled = judge(tables, FilterHook::input, to_port(80));
    EXPECT_EQ(ruled.by, "-A INPUT -p tcp -m tcp --dport 80 -j REJECT");
    EXPECT_EQ(accepting_rule(ruled, to_port(80)),
              "iptables -I INPUT -d 192.168.26.10 -p tcp --dport 80 -j ACCEPT");
    EXPECT_EQ(judge(tables, FilterHook::input, to_port(81)).by, "its policy");

    const auto nft = of_nft({});
    auto packet = to_port(10000);
    packet.ports.last = Port{20000};
    EXPECT_EQ(accepting_rule(judge(nft, FilterHook::input, packet), packet),
              "nft insert rule inet t in ip daddr 192.168.26.10 tcp dport 10000-20000 accept");
}

TEST(PacketFilter, a_range_of_ports_passes_where_all_of_it_does) {
    auto range = to_port(10000);
    range.ports.last = Port{20000};
    EXPECT_EQ(fate(of_iptables("-A INPUT -p tcp --dport 10000:20000 -j ACCEPT\n"), range),
              Fate::passes);
    EXPECT_EQ(fate(of_iptables("-A INPUT -p tcp --dport 10000:10010 -j ACCEPT\n"), range),
              Fate::unclear);
    EXPECT_EQ(fate(of_iptables("-A INPUT -p tcp --dport 1:9999 -j ACCEPT\n"), range),
              Fate::dropped);
}

TEST(PacketFilter, what_is_not_known_of_a_packet_is_not_guessed) {
    const auto by_device = of_iptables("-A INPUT -i eth0 -j ACCEPT\n");
    const auto by_state = of_iptables("-A INPUT -m state --state ESTABLISHED -j ACCEPT\n");
    auto packet = to_port(80);
    packet.in_device.clear();
    EXPECT_EQ(fate(by_device, packet), Fate::unclear);
    packet.opens = false;
    EXPECT_EQ(fate(by_state, packet), Fate::unclear);
}

constexpr auto new_or_not =
    R"({"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [
        ["established", {"accept": null}], ["related", {"accept": null}],
        ["invalid", {"drop": null}]]}}})";
constexpr auto accept_80 =
    R"({"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}},
        "right": {"set": [80, {"range": [1000, 2000]}]}}}, {"counter": null}, {"accept": null})";

TEST(PacketFilter, of_nft_reads_matches_sets_and_verdict_maps) {
    EXPECT_EQ(fate(of_nft({new_or_not})), Fate::dropped);
    EXPECT_EQ(fate(of_nft({new_or_not, accept_80})), Fate::passes);
    EXPECT_EQ(fate(of_nft({new_or_not, accept_80}), to_port(1500)), Fate::passes);
    EXPECT_EQ(fate(of_nft({new_or_not, accept_80}), to_port(1500, "udp")), Fate::dropped);
    auto later = to_port(90);
    later.opens = false;
    EXPECT_EQ(fate(of_nft({new_or_not, accept_80}), later), Fate::unclear);
    EXPECT_EQ(fate(of_nft({R"({"jump": {"target": "x"}})"}, {accept_80})), Fate::passes);
    EXPECT_EQ(fate(of_nft({R"({"match": {"op": "!=", "left": {"meta": {"key": "iifname"}},
                              "right": "eth0"}}, {"drop": null})"},
                          {}, "accept")),
              Fate::passes);
}

TEST(PacketFilter, of_nft_keeps_families_apart) {
    const auto v6_alone =
        of_nft({R"({"match": {"op": "==", "left": {"payload": {"protocol": "ip6", "field":
                "nexthdr"}}, "right": "tcp"}}, {"accept": null})"});
    EXPECT_EQ(fate(v6_alone), Fate::dropped);
    auto packet = to_port(80);
    packet.v4 = false;
    packet.destination = Network::parse("2001:db8::10/128");
    EXPECT_EQ(fate(v6_alone, packet), Fate::passes);
    EXPECT_EQ(fate(of_iptables(""), packet), Fate::passes) << "a table of IPv4";
}

TEST(PacketFilter, what_nft_says_and_is_not_read_cannot_be_told) {
    EXPECT_EQ(fate(of_nft({R"({"match": {"op": "==", "left": {"payload": {"protocol": "ip",
                              "field": "saddr"}}, "right": "@friends"}}, {"accept": null})"})),
              Fate::unclear);
    EXPECT_EQ(fate(of_nft({R"({"xt": {"type": "target", "name": "REJECT"}})"}, {}, "accept")),
              Fate::unclear);
    EXPECT_EQ(fate(of_nft({R"({"queue": {"num": 1}})"}, {}, "accept")), Fate::unclear);
}

TEST(PacketFilter, every_table_has_to_let_a_packet_through) {
    auto tables = of_iptables("-A INPUT -j ACCEPT\n");
    EXPECT_EQ(fate(tables), Fate::passes);
    auto more = of_nft({});
    tables.push_back(more.front());
    EXPECT_EQ(fate(tables), Fate::dropped);
}

TEST(PacketFilter, chains_behind_ipvs_do_not_see_what_it_takes) {
    auto tables = of_nft({});
    auto packet = to_port(80);
    packet.taken_at = 98;
    EXPECT_EQ(fate(tables, packet), Fate::dropped);
    tables.front().chains["in"].priority = 100;
    EXPECT_EQ(fate(tables, packet), Fate::passes);
    packet.taken_at.reset();
    EXPECT_EQ(fate(tables, packet), Fate::dropped);
}

TEST(PacketFilter, tables_of_iptables_are_not_read_twice) {
    auto tables = of_iptables("-A INPUT -j ACCEPT\n");
    EXPECT_TRUE(add_nftables_filter(
        R"({"nftables": [{"chain": {"family": "ip", "table": "filter", "name": "INPUT",
            "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}]})",
        tables));
    EXPECT_THAT(tables, SizeIs(1));
}

TEST(PacketFilter, is_not_made_of_something_else) {
    std::vector<FilterTable> tables;
    EXPECT_FALSE(add_nftables_filter("", tables));
    EXPECT_FALSE(add_nftables_filter("[]", tables));
    EXPECT_FALSE(add_nftables_filter(R"({"nftables": [{"rule": 5}]})", tables));
    add_iptables_filter("# Table `filter' is incompatible, use 'nft' tool.\n", "iptables-save",
                        "ip", tables);
    EXPECT_THAT(tables, IsEmpty());
}

}  // namespace
}  // namespace lvslab::realmode
