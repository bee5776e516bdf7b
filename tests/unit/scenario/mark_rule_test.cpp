// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/mark_rule.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace lvslab::scenario {
namespace {

const SourceLocation here{"s.yaml", 3, 5};

MarkRule rule(std::string_view text) {
    const auto r = parse_mark_rule(text, here);
    EXPECT_TRUE(r) << text << ": " << r.diagnostics.to_string();
    return r.value.value_or(MarkRule{});
}

Endpoint to(std::string_view text) {
    return *Endpoint::parse(text);
}

const Address client = *Address::parse("172.16.0.9");

TEST(MarkRule, ReadsTheManualsRulesForSeveralPorts) {
    const auto r = rule(
        "/sbin/iptables -t mangle -A PREROUTING -p tcp -d 192.168.26.10/32 --dport 10000:20000 "
        "-j MARK --set-mark 21");
    EXPECT_EQ(r.mark, Fwmark{21});
    EXPECT_TRUE(r.matches(Protocol::tcp, client, to("192.168.26.10:10000")));
    EXPECT_TRUE(r.matches(Protocol::tcp, client, to("192.168.26.10:20000")));
    EXPECT_FALSE(r.matches(Protocol::tcp, client, to("192.168.26.10:20001")));
    EXPECT_FALSE(r.matches(Protocol::tcp, client, to("192.168.26.11:10000")));
    EXPECT_FALSE(r.matches(Protocol::udp, client, to("192.168.26.10:10000")));
}

TEST(MarkRule, LooksAtTheSourceWhenItIsGiven) {
    const auto r =
        rule("-p udp -s 172.16.0.0/24 -d 10.0.0.1 -m udp -j MARK --set-xmark 0x50/0xffffffff");
    EXPECT_EQ(r.mark, Fwmark{80});
    EXPECT_TRUE(r.matches(Protocol::udp, client, to("10.0.0.1:53")));
    EXPECT_FALSE(r.matches(Protocol::udp, *Address::parse("172.16.1.9"), to("10.0.0.1:53")));
}

TEST(MarkRule, TheLastRuleThatMatchesGivesTheMark) {
    const std::vector<MarkRule> rules{rule("-p tcp -d 10.0.0.0/8 -j MARK --set-mark 1"),
                                      rule("-p tcp -d 10.0.0.1 -j MARK --set-mark 2"),
                                      rule("-p udp -j MARK --set-mark 3")};
    EXPECT_EQ(mark_of(rules, Protocol::tcp, client, to("10.0.0.1:80")), Fwmark{2});
    EXPECT_EQ(mark_of(rules, Protocol::tcp, client, to("10.0.0.2:80")), Fwmark{1});
    EXPECT_EQ(mark_of(rules, Protocol::udp, client, to("10.0.0.1:80")), Fwmark{3});
    EXPECT_EQ(mark_of(rules, Protocol::tcp, client, to("11.0.0.1:80")), Fwmark{});
}

TEST(MarkRule, RefusesEverythingElseWithTheWordThatItDoesNotKnow) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"-p tcp -i eth0 -j MARK --set-mark 1",
         "\"-i\" is not supported in a mark rule; supported are -p, -s, -d, --dport, -j MARK, "
         "--set-mark and --set-xmark"},
        {"-p tcp ! -d 10.0.0.1 -j MARK --set-mark 1",
         "\"!\" is not supported in a mark rule; supported are -p, -s, -d, --dport, -j MARK, "
         "--set-mark and --set-xmark"},
        {"-t nat -p tcp -j MARK --set-mark 1",
         "\"-t\" is not supported in a mark rule; supported are -p, -s, -d, --dport, -j MARK, "
         "--set-mark and --set-xmark"},
        {"-p tcp --dport 80 -j ACCEPT", "-j ACCEPT: a mark rule jumps to MARK"},
        {"-p tcp --dport 80:70 -j MARK --set-mark 1", "--dport 80:70: expected PORT or FIRST:LAST"},
        {"-p tcp --dport 80000 -j MARK --set-mark 1", "--dport 80000: expected PORT or FIRST:LAST"},
        {"-p icmp -j MARK --set-mark 1", "-p icmp: expected tcp, udp or sctp"},
        {"-d shop -j MARK --set-mark 1", "-d shop: expected an address or a network"},
        {"-p tcp -m multiport -j MARK --set-mark 1",
         "-m multiport is not supported in a mark rule"},
        {"-p tcp -j MARK --set-mark 0", "--set-mark 0: expected a mark from 1 to 4294967295"},
        {"-p tcp -j MARK --set-xmark 1/0xff",
         "--set-xmark 1/0xff: expected a mark from 1 to 4294967295"},
        {"-p tcp -j MARK --set-mark 4294967296",
         "--set-mark 4294967296: expected a mark from 1 to 4294967295"},
        {"-p tcp -j MARK --set-mark", "--set-mark has no value"},
        {"-p tcp -j MARK", "the mark rule has no --set-mark NUMBER"},
        {"-p tcp --set-mark 1", "the mark rule has no -j MARK"},
        {"--dport 80 -j MARK --set-mark 1", "--dport needs -p tcp or -p udp before it"},
        {"", "the mark rule has no -j MARK"},
    };
    for (const auto& [text, message] : cases) {
        const auto r = parse_mark_rule(text, here);
        EXPECT_FALSE(r) << text;
        EXPECT_EQ(r.diagnostics.to_string(), "s.yaml:3:5: " + message + "\n") << text;
    }
}

}  // namespace
}  // namespace lvslab::scenario
