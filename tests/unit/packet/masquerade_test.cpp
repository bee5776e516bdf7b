// SPDX-License-Identifier: GPL-2.0-only
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/packet/masquerade.hpp"

using namespace lvslab;
using namespace lvslab::packet;
using namespace std::chrono_literals;

namespace {

constexpr auto syn = tcp_flag::syn;
constexpr auto ack = tcp_flag::ack;
constexpr std::uint8_t syn_ack = tcp_flag::syn | tcp_flag::ack;
constexpr std::uint8_t fin = tcp_flag::fin | tcp_flag::ack;
const auto outside = Address::v4(0xC0A81A0A);  // 192.168.26.10

Endpoint at(std::string_view text) {
    return Endpoint::parse(text).value();
}

Flow flow(std::string_view from, std::string_view to, std::uint8_t flags) {
    return {Protocol::tcp, at(from), at(to), flags};
}

struct Story {
    Masquerade table{1};
    Time now{};

    std::string out(std::string_view from, std::string_view to, std::uint8_t flags) {
        const auto e = table.translate(flow(from, to, flags), outside, now);
        return e ? e->to_string() : "dropped";
    }
    std::string in(std::string_view from, std::string_view to, std::uint8_t flags) {
        const auto e = table.reply(flow(from, to, flags), now);
        return e ? e->to_string() : "not ours";
    }
    /// Does the connection from the server still hold after this long?
    bool lasts(Duration d) {
        return table.known(flow("10.1.0.10:20", "172.16.0.9:5000", ack), now + d).has_value();
    }
};

TEST(Masquerade, AServersDataConnectionLeavesWithItsPortAndItsRepliesComeBack) {
    Story s;
    EXPECT_EQ(s.in("172.16.0.9:5000", "192.168.26.10:20", syn_ack), "not ours");
    EXPECT_EQ(s.out("10.1.0.10:20", "172.16.0.9:5000", syn), "192.168.26.10:20");
    EXPECT_EQ(s.in("172.16.0.9:5000", "192.168.26.10:20", syn_ack), "10.1.0.10:20");
    EXPECT_EQ(s.in("172.16.0.9:5001", "192.168.26.10:20", syn_ack), "not ours");
    EXPECT_EQ(s.in("172.16.0.9:5000", "192.168.26.10:21", syn_ack), "not ours");
}

TEST(Masquerade, TwoServersToOneEndpointGetDifferentPortsOfTheSameRange) {
    Story s;
    std::set<std::string> seen;
    for (int server = 10; server < 60; ++server) {
        const auto from = "10.1.0." + std::to_string(server) + ":20";
        const auto e = s.out(from, "172.16.0.9:5000", syn);
        EXPECT_TRUE(seen.insert(e).second);
        const auto port = at(e).port.value();
        EXPECT_TRUE(port >= 1 && port <= 511);
        EXPECT_EQ(s.in("172.16.0.9:5000", e, syn_ack), from);
    }
    // To another endpoint port 20 is free.
    EXPECT_EQ(s.out("10.1.0.11:20", "172.16.0.9:5001", syn), "192.168.26.10:20");
}

TEST(Masquerade, WithoutAFreePortThePacketIsDroppedUntilOneTimesOut) {
    Story s;
    for (int port = 600; port < 1024; ++port) {
        ASSERT_NE(s.out("10.1.0.10:" + std::to_string(port), "172.16.0.9:5000", syn), "dropped");
    }
    EXPECT_EQ(s.out("10.1.0.11:700", "172.16.0.9:5000", syn), "dropped");
    s.now += 120s;
    EXPECT_EQ(s.out("10.1.0.11:700", "172.16.0.9:5000", syn), "192.168.26.10:700");
}

TEST(Masquerade, AnEntryStaysAsLongAsConntracksDefaults) {
    Story s;
    s.out("10.1.0.10:20", "172.16.0.9:5000", syn);
    EXPECT_TRUE(Story(s).lasts(120s - 1ns));
    EXPECT_FALSE(Story(s).lasts(120s));
    s.in("172.16.0.9:5000", "192.168.26.10:20", syn_ack);
    EXPECT_TRUE(Story(s).lasts(60s - 1ns));
    EXPECT_FALSE(Story(s).lasts(60s));
    s.out("10.1.0.10:20", "172.16.0.9:5000", ack);
    EXPECT_TRUE(Story(s).lasts(std::chrono::hours(120) - 1ns));
    EXPECT_FALSE(Story(s).lasts(std::chrono::hours(120)));
    s.out("10.1.0.10:20", "172.16.0.9:5000", fin);  // FIN_WAIT
    EXPECT_TRUE(Story(s).lasts(120s - 1ns));
    EXPECT_FALSE(Story(s).lasts(120s));
    s.in("172.16.0.9:5000", "192.168.26.10:20", ack);  // CLOSE_WAIT
    EXPECT_FALSE(Story(s).lasts(60s));
    s.in("172.16.0.9:5000", "192.168.26.10:20", fin);  // LAST_ACK
    EXPECT_FALSE(Story(s).lasts(30s));
    s.out("10.1.0.10:20", "172.16.0.9:5000", ack);  // TIME_WAIT
    EXPECT_TRUE(Story(s).lasts(120s - 1ns));
    EXPECT_FALSE(Story(s).lasts(120s));
    s.in("172.16.0.9:5000", "192.168.26.10:20", tcp_flag::rst);
    EXPECT_TRUE(Story(s).lasts(10s - 1ns));
    EXPECT_FALSE(Story(s).lasts(10s));
}

TEST(Masquerade, ANewRuleDoesNotMoveAConnectionThatIsThere) {
    Story s;
    s.out("10.1.0.10:20", "172.16.0.9:5000", syn);
    EXPECT_EQ(
        s.table.translate(flow("10.1.0.10:20", "172.16.0.9:5000", ack), Address::v4(1), s.now),
        at("192.168.26.10:20"));
}

TEST(Masquerade, UdpLastsHalfAMinuteAndTwoWithAnAnswer) {
    Story s;
    Flow f = flow("10.1.0.10:1024", "172.16.0.9:53", 0);
    f.protocol = Protocol::udp;
    s.table.translate(f, outside, s.now);
    EXPECT_FALSE(Story(s).table.known(f, s.now + 30s));
    s.table.reply({Protocol::udp, at("172.16.0.9:53"), at("192.168.26.10:1024"), 0}, s.now);
    EXPECT_TRUE(Story(s).table.known(f, s.now + 119s));
    EXPECT_FALSE(Story(s).table.known(f, s.now + 120s));
}

/// No two live connections share what comes back, and each reply finds its own.
RC_GTEST_PROP(MasqueradeProperty, RepliesFindTheirConnection, (std::uint64_t seed)) {
    RandomStream random(seed, "masquerade");
    Story s;
    std::map<std::pair<std::string, std::string>, std::string> live;  // from, to -> outside
    for (int step = 0; step < 200; ++step) {
        const auto from = "10.1.0." + std::to_string(1 + random.below(20)) + ":" +
                          std::to_string(random.below(2) == 0 ? 20 : 1024 + random.below(3));
        const auto to = "172.16.0.9:" + std::to_string(5000 + random.below(3));
        const auto key = std::pair(from, to);
        const auto e = s.out(from, to, live.contains(key) ? ack : syn);
        RC_ASSERT(e != "dropped");
        RC_ASSERT(!live.contains(key) || live[key] == e);
        live[key] = e;
        s.now += std::chrono::milliseconds(random.below(100));
        RC_ASSERT(s.in(to, e, ack) == from);
    }
    for (const auto& [pair, outer] : live) {
        RC_ASSERT(s.in(pair.second, outer, ack) == pair.first);
    }
}

}  // namespace
