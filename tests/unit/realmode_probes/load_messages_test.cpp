// SPDX-License-Identifier: GPL-2.0-only
// The messages of rstatd, the port mapper and rwhod, byte by byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "realmode/probes/rstat_rpc.hpp"
#include "realmode/probes/whod_packet.hpp"

namespace lvslab::realmode {
namespace {

using rpc::Bytes;
using rpc::Reply;
using rpc::Status;

/// Words of four bytes in network order.
Bytes words(std::initializer_list<std::uint32_t> values) {
    Bytes bytes;
    for (const auto value : values) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes.push_back(static_cast<std::uint8_t>(value >> shift));
        }
    }
    return bytes;
}

TEST(RpcMessages, AskThePortMapperAsRfc1833Says) {
    const Bytes golden = words({0x12345678, 0, 2, 100000, 2, 3, 0, 0, 0, 0, 100001, 3, 17, 0});
    EXPECT_EQ(encode(rpc::getport(0x12345678, rpc::rstat_program, 3)), golden);
    EXPECT_EQ(rpc::decode_call(golden), rpc::getport(0x12345678, rpc::rstat_program, 3));
}

TEST(RpcMessages, ReadThePort) {
    const auto reply = rpc::decode_reply(words({0x12345678, 1, 0, 0, 0, 0, 741}));
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->xid, 0x12345678U);
    EXPECT_EQ(reply->status, Status::success);
    EXPECT_EQ(rpc::read_port(reply->results), Port{741});
    EXPECT_EQ(rpc::read_port(words({0})), Port{});
    EXPECT_EQ(rpc::read_port(words({65536})), std::nullopt);
    EXPECT_EQ(rpc::read_port(Bytes{0, 0, 1}), std::nullopt);
}

TEST(RpcMessages, PassOverAVerifier) {
    // Five bytes of it fill two words.
    EXPECT_EQ(rpc::decode_reply(words({7, 1, 0, 1, 5, 0x61616161, 0x61000000, 0, 42})),
              (Reply{7, Status::success, 0, 0, words({42})}));
    EXPECT_EQ(rpc::decode_reply(words({7, 1, 0, 1, 400, 0})), std::nullopt);
    EXPECT_EQ(rpc::decode_reply(words({7, 1, 0, 1, 0xFFFFFFFF, 0, 0})), std::nullopt);
}

TEST(RpcMessages, TellRefusalsApart) {
    EXPECT_EQ(rpc::decode_reply(words({7, 1, 0, 0, 0, 2, 1, 3})),
              (Reply{7, Status::program_mismatch, 1, 3, {}}));
    EXPECT_EQ(rpc::decode_reply(words({7, 1, 0, 0, 0, 1})),
              (Reply{7, Status::program_unavailable, 0, 0, {}}));
    EXPECT_EQ(rpc::decode_reply(words({7, 1, 1, 1, 5})), (Reply{7, Status::denied, 0, 0, {}}));
    EXPECT_EQ(rpc::decode_reply(words({7, 1, 0, 0, 0, 6})), std::nullopt);
    EXPECT_EQ(rpc::decode_reply(words({7, 1, 2, 0, 0, 0})), std::nullopt);
    EXPECT_EQ(rpc::decode_reply(words({7, 0, 0, 0, 0, 0})), std::nullopt) << "a call";
    EXPECT_EQ(rpc::decode_reply(words({7, 1, 0, 0, 0, 2, 1})), std::nullopt);
}

/// Four CPU states, four disks, ten counters, then the loads times 256.
Bytes statistics(std::initializer_list<std::uint32_t> behind) {
    Bytes bytes = words({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18});
    const auto more = words(behind);
    bytes.insert(bytes.end(), more.begin(), more.end());
    return bytes;
}

TEST(RstatResults, HaveTheLoadOfVersion3BehindItsCounters) {
    const auto golden = statistics({384, 512, 768, 1000, 0, 2000, 0, 99});
    EXPECT_EQ(rpc::read_load(3, golden), 1.5);
    auto with_users = golden;
    with_users.resize(with_users.size() + 4);
    EXPECT_EQ(rpc::read_load(3, with_users), 1.5) << "Linux's rpc.rstatd has one word more";
    auto cut = golden;
    cut.pop_back();
    EXPECT_EQ(rpc::read_load(3, cut), std::nullopt);
}

TEST(RstatResults, HaveTheLoadOfVersion2InTheSamePlace) {
    EXPECT_EQ(rpc::read_load(2, statistics({64, 512, 768, 1000, 0, 99})), 0.25);
    EXPECT_EQ(rpc::read_load(2, statistics({64, 512, 768, 1000, 0})), 0.25) << "Solaris";
    EXPECT_EQ(rpc::read_load(2, statistics({64, 512, 768, 1000})), std::nullopt);
}

TEST(RstatResults, HaveTheLoadOfVersion4BehindArrays) {
    const auto golden = words({2,  1,  2,  3,  1,  2,   3,   9,   10,   11, 12,   13, 14,
                               15, 16, 17, 18, 19, 128, 512, 768, 1000, 0,  2000, 0});
    EXPECT_EQ(rpc::read_load(4, golden), 0.5);
    EXPECT_EQ(rpc::read_load(4, words({0xFFFFFFFF, 1, 2})), std::nullopt);
    EXPECT_EQ(rpc::read_load(4, words({0x40000001, 1, 2})), std::nullopt);
}

TEST(RstatResults, HaveNoNegativeLoadAndNoOtherVersion) {
    EXPECT_EQ(rpc::read_load(3, statistics({0xFFFFFFFF, 0, 0, 0, 0, 0, 0, 0})), std::nullopt);
    EXPECT_EQ(rpc::read_load(1, statistics({64, 0, 0, 0, 0, 0, 0, 0})), std::nullopt);
    EXPECT_EQ(rpc::read_load(5, statistics({64, 0, 0, 0, 0, 0, 0, 0})), std::nullopt);
}

RC_GTEST_PROP(RpcProperty, WhatIsWrittenIsRead, (std::uint32_t xid, std::uint32_t number)) {
    const rpc::Call call{xid, number, number / 3, number / 7, words({number})};
    RC_ASSERT(rpc::decode_call(encode(call)) == call);
    const auto status = *rc::gen::element(Status::success, Status::program_unavailable,
                                          Status::program_mismatch, Status::denied);
    Reply reply{xid, status, 0, 0, {}};
    if (status == Status::success) {
        reply.results = words({number});
    } else if (status == Status::program_mismatch) {
        reply.lowest = number;
        reply.highest = number / 2;
    }
    RC_ASSERT(rpc::decode_reply(encode(reply)) == reply);
    const auto version = *rc::gen::element(2U, 3U, 4U);
    const double load = (number % 100000) / 256.0;
    RC_ASSERT(rpc::read_load(version, rpc::stats_results(version, load)) == load);
}

RC_GTEST_PROP(RpcProperty, ACutMessageIsNone, ()) {
    const auto whole = encode(Reply{7, Status::program_mismatch, 1, 3, {}});
    auto cut = whole;
    cut.resize(*rc::gen::inRange<std::size_t>(0, whole.size()));
    RC_ASSERT(!rpc::decode_reply(cut));
    const auto version = *rc::gen::element(2U, 3U, 4U);
    auto results = rpc::stats_results(version, 1);
    results.resize(*rc::gen::inRange<std::size_t>(0, results.size() - 4));
    RC_ASSERT(!rpc::read_load(version, results));
}

/// Of host "web1" with loads 1.50, 0.20, 0.05.
Bytes golden_whod() {
    auto bytes = Bytes{1, 1, 0, 0, 0x4B, 0x6F, 0xA1, 0x80, 0, 0, 0, 0, 'w', 'e', 'b', '1'};
    bytes.resize(44);
    const auto rest = words({150, 20, 5, 0x4B6EA180});
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
}

TEST(WhodPacket, HasTheLoadTimes100) {
    const auto packet = decode_whod(golden_whod());
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(*packet, (WhodPacket{0x4B6FA180, 0, "web1", {150, 20, 5}, 0x4B6EA180}));
    EXPECT_EQ(packet->one_minute(), 1.5);
    EXPECT_EQ(encode(*packet), golden_whod());
}

TEST(WhodPacket, MayHaveUsersBehind) {
    auto bytes = golden_whod();
    bytes.resize(bytes.size() + 3 * 24);
    EXPECT_TRUE(decode_whod(bytes).has_value());
}

TEST(WhodPacket, IsNoneIfMalformed) {
    const auto changed = [](std::size_t at, std::uint8_t value) {
        auto bytes = golden_whod();
        bytes[at] = value;
        return decode_whod(bytes);
    };
    EXPECT_FALSE(changed(0, 2)) << "another version";
    EXPECT_FALSE(changed(1, 2)) << "another type";
    EXPECT_FALSE(changed(12, 0)) << "no name";
    EXPECT_FALSE(changed(13, '/')) << "a path";
    EXPECT_FALSE(changed(13, '\n'));
    EXPECT_FALSE(changed(44, 0x80)) << "a negative load";
    auto endless = golden_whod();
    std::fill(endless.begin() + 12, endless.begin() + 44, std::uint8_t{'w'});
    EXPECT_FALSE(decode_whod(endless)) << "a name without its end";
    auto cut = golden_whod();
    cut.pop_back();
    EXPECT_FALSE(decode_whod(cut));
}

}  // namespace
}  // namespace lvslab::realmode
