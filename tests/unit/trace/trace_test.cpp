// SPDX-License-Identifier: GPL-2.0-only
// Trace files: what is written is what is read; what is wrong has its place. Shaping, link layers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/trace/census.hpp"
#include "core/trace/link_layer.hpp"
#include "core/trace/shaping.hpp"
#include "tests/unit/trace/traffic.hpp"

namespace lvslab::trace::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string said(std::string_view text) {
    return read_trace(text, "t.trace").diagnostics.to_string();
}

TEST(TraceFile, ReadsOrderedByTimeWithClientsByAddress) {
    const auto trace = read_trace(
        "lvslab-trace 1\n# a comment\n\n"
        "2s 10.0.0.9 400:12288~40ms 1.5s+380:900\r\n"
        "1.5s 10.0.0.7 1:0\n"
        "2s 2001:db8::1 0:80\n",
        "t.trace");
    ASSERT_TRUE(trace) << trace.diagnostics.to_string();
    ASSERT_EQ(trace->size(), 3U);
    EXPECT_EQ(trace->clients(), 3U);
    EXPECT_EQ(trace->at(0), 1500ms);
    EXPECT_EQ(trace->client(0), 0U);
    EXPECT_EQ(trace->client(1), 1U);
    EXPECT_THAT(trace->turns(1),
                ElementsAre(Turn{400, 12288, 0ms, 40ms}, Turn{380, 900, 1500ms, {}}));
    EXPECT_THAT(trace->turns(2), ElementsAre(Turn{0, 80, 0ms, {}}));
}

TEST(TraceFile, TellsMistakesWithTheirPlaces) {
    EXPECT_EQ(said(""),
              "t.trace:1:1: is no trace file: its first line is not \"lvslab-trace 1\"\n");
    EXPECT_EQ(said("lvslab-trace 1\n"), "t.trace: the trace has no connection\n");
    EXPECT_EQ(said("lvslab-trace 1\n5 10.0.0.1 1:1\n"),
              "t.trace:2:1: \"5\" is no time, such as 1.5s\n");
    EXPECT_EQ(said("lvslab-trace 1\n5s 10.0.0 1:1\n5s\n"),
              "t.trace:2:4: \"10.0.0\" is no client address\n"
              "t.trace:3:3: the line has no client address\n");
    EXPECT_THAT(said("lvslab-trace 1\n5s 10.0.0.1 1:1 2+1:1\n"),
                HasSubstr("t.trace:2:17: \"2+1:1\" is no turn"));
    EXPECT_THAT(said("lvslab-trace 1\n5s 10.0.0.1\n"), HasSubstr("has no turn"));
    for (const auto* turn : {"1", ":", "1:", "-1:1", "1:1~", "1:1~5", "99999999999999999999:1"}) {
        EXPECT_THAT(said("lvslab-trace 1\n5s 10.0.0.1 " + std::string(turn) + "\n"),
                    HasSubstr("is no turn"))
            << turn;
    }
}

RC_GTEST_PROP(TraceFile, ReadsWhatIsWritten, ()) {
    TracedConnection c;
    c.at = Duration(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000));
    c.client = Address::v4(*rc::gen::arbitrary<std::uint32_t>());
    const auto turns = *rc::gen::inRange(1, 5);
    for (int i = 0; i < turns; ++i) {
        auto& turn = c.turns.emplace_back();
        turn.request_bytes = *rc::gen::inRange<std::uint64_t>(0, 1ULL << 53);
        turn.response_bytes = *rc::gen::inRange<std::uint64_t>(0, 1ULL << 53);
        turn.think = Duration(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000));
        if (*rc::gen::arbitrary<bool>()) {
            turn.service = Duration(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000));
        }
    }
    const auto trace = read_trace("lvslab-trace 1\n" + line_of(c), "t.trace");
    RC_ASSERT(trace.value.has_value());
    RC_ASSERT(trace->at(0) == c.at);
    RC_ASSERT(std::vector<Turn>(trace->turns(0).begin(), trace->turns(0).end()) == c.turns);
}

TEST(Shaping, CutsTheWindowAndScalesTime) {
    const TracedConnection c{12s, client.address, {{1, 2, 0ms, 40ms}, {3, 4, 2s, 50ms}}};
    const Shaping shaping{.from = 10s, .length = 5s, .speed = 2};
    EXPECT_EQ(shaped(c, shaping),
              (TracedConnection{1s, client.address, {{1, 2, 0ms, {}}, {3, 4, 1s, {}}}}));
    EXPECT_FALSE(shaped({9s, {}, {}}, shaping));
    EXPECT_FALSE(shaped({15s, {}, {}}, shaping));
    EXPECT_EQ(shaped(c, {.service = true})->turns[1].service, 50ms);
}

TEST(LinkLayers, LeadToThePacket) {
    const auto packet = tcp_packet(Dialogue().syn());
    const auto framed = [&](Bytes header) {
        header.insert(header.end(), packet.begin(), packet.end());
        return header;
    };
    const auto reads = [&](LinkLayer link, Bytes header) {
        const auto frame = framed(std::move(header));
        return std::ranges::equal(ip_of_frame(link, frame), packet);
    };
    Bytes ethernet(14);
    put16(ethernet, 12, 0x0800);
    EXPECT_TRUE(reads(LinkLayer::ethernet, ethernet));
    Bytes tagged(22);  // 802.1ad around 802.1Q
    put16(tagged, 12, 0x88A8);
    put16(tagged, 16, 0x8100);
    put16(tagged, 20, 0x0800);
    EXPECT_TRUE(reads(LinkLayer::ethernet, tagged));
    Bytes cooked(16);
    put16(cooked, 14, 0x0800);
    EXPECT_TRUE(reads(LinkLayer::linux_cooked, cooked));
    Bytes cooked_2(20);
    put16(cooked_2, 0, 0x0800);
    EXPECT_TRUE(reads(LinkLayer::linux_cooked_2, cooked_2));
    EXPECT_TRUE(reads(LinkLayer::loopback, {2, 0, 0, 0}));
    EXPECT_TRUE(reads(LinkLayer::raw, {}));
    Bytes arp(14);
    put16(arp, 12, 0x0806);
    EXPECT_TRUE(ip_of_frame(LinkLayer::ethernet, framed(arp)).empty());
    for (std::size_t length = 0; length < tagged.size(); ++length) {
        EXPECT_TRUE(ip_of_frame(LinkLayer::ethernet, std::span(tagged).first(length)).empty());
    }
}

TEST(Census, FindsServicesByWhoAnswers) {
    ServiceCensus census;
    Dialogue d;
    census.packet(tcp_packet(d.syn()));
    census.packet(tcp_packet(d.syn_ack()));
    census.packet(tcp_packet(d.data(true, 5)));
    census.packet(udp_packet(true, 5));
    census.packet(udp_packet(false, 5));
    const auto found = census.found();
    ASSERT_EQ(found.size(), 2U);
    for (const auto& service : found) {
        EXPECT_EQ(service.server, server);
        EXPECT_EQ(service.connections, 1U);
    }
}

}  // namespace
}  // namespace lvslab::trace::testing
