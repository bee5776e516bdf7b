// SPDX-License-Identifier: GPL-2.0-only
// The wire format held to bytes that were laid out by hand from the kernel's structures.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/random.hpp"
#include "core/ipvs/sync_message.hpp"

namespace lvslab::ipvs {
namespace {

using Bytes = std::vector<std::uint8_t>;

Endpoint at(std::string_view text) {
    return Endpoint::parse(text).value();
}

/// 172.16.0.9:40000 -> 10.255.0.1:80 at 10.1.0.10:8080, NAT, ESTABLISHED, 900 s, mark 80.
SyncRecord established() {
    SyncRecord r;
    r.protocol = 6;
    r.flags = 0;
    r.state = 1;
    r.client = at("172.16.0.9:40000");
    r.virtual_endpoint = at("10.255.0.1:80");
    r.server = at("10.1.0.10:8080");
    r.fwmark = 80;
    r.timeout_seconds = 900;
    return r;
}

const Bytes established_v1 = {
    0x00, 0x21, 0x00, 0x2C,  // must be zero, syncid 33, 44 bytes
    0x01, 0x01, 0x00, 0x00,  // one connection, version 1, spare
    0x00, 0x06, 0x00, 0x24,  // IPv4, TCP, record version 0, 36 bytes
    0x00, 0x00, 0x00, 0x00,  // flags: NAT, active
    0x00, 0x01, 0x9C, 0x40,  // ESTABLISHED, client port 40000
    0x00, 0x50, 0x1F, 0x90,  // virtual port 80, server port 8080
    0x00, 0x00, 0x00, 0x50,  // mark 80
    0x00, 0x00, 0x03, 0x84,  // 900 s
    0xAC, 0x10, 0x00, 0x09,  // client
    0x0A, 0xFF, 0x00, 0x01,  // virtual address
    0x0A, 0x01, 0x00, 0x0A,  // server
};

Bytes message_of(std::initializer_list<SyncRecord> records, std::uint8_t syncid = 33) {
    SyncMessageWriter writer(syncid);
    for (const auto& r : records) {
        writer.add(r);
    }
    return writer.bytes();
}

void set_size(Bytes& bytes) {
    bytes[2] = static_cast<std::uint8_t>(bytes.size() >> 8);
    bytes[3] = static_cast<std::uint8_t>(bytes.size());
}

TEST(SyncMessage, AnEstablishedConnectionIsTheKernelsBytes) {
    EXPECT_EQ(message_of({established()}), established_v1);
    const auto read = read_sync_message(established_v1);
    EXPECT_EQ(read.malformed, SyncMalformed::none);
    EXPECT_EQ(read.version, 1);
    EXPECT_EQ(read.syncid, 33);
    ASSERT_EQ(read.records.size(), 1U);
    EXPECT_EQ(read.records[0], established());
}

TEST(SyncMessage, ATemplateOfAMarkCarriesTheMarkInPlaceOfTheAddress) {
    SyncRecord r;
    r.flags = sync_flag::is_template | sync_flag::inactive | sync_flag::no_output | 3;
    r.state = 1;
    r.client = at("172.16.5.0:0");
    r.virtual_endpoint = {Address::v4(21), Port{0}};
    r.server = at("10.1.0.10:0");
    r.fwmark = 21;
    r.timeout_seconds = 300;
    const Bytes bytes = {
        0x00, 0x00, 0x00, 0x2C, 0x01, 0x01, 0x00, 0x00,  // header
        0x00, 0x00, 0x00, 0x24,                          // IPv4, protocol 0
        0x00, 0x00, 0x11, 0x83,                          // template, inactive, no output, DROUTE
        0x00, 0x01, 0x00, 0x00,                          // assured, no client port
        0x00, 0x00, 0x00, 0x00,                          // no ports
        0x00, 0x00, 0x00, 0x15,                          // mark 21
        0x00, 0x00, 0x01, 0x2C,                          // 300 s
        0xAC, 0x10, 0x05, 0x00,                          // client's network
        0x00, 0x00, 0x00, 0x15,                          // the mark again
        0x0A, 0x01, 0x00, 0x0A,                          // server
    };
    EXPECT_EQ(message_of({r}, 0), bytes);
    EXPECT_EQ(read_sync_message(bytes).records.at(0), r);
}

TEST(SyncMessage, Ipv6AndMovedSequenceNumbersAreTheKernelsBytesWithPaddingBetween) {
    SyncRecord six;
    six.protocol = 17;
    six.flags = sync_flag::inactive | sync_flag::no_output | 2;
    six.client = at("[2001:db8::9]:5000");
    six.virtual_endpoint = at("[2001:db8::1]:53");
    six.server = at("[fd00::a]:53");
    six.timeout_seconds = 300;
    auto moved = established();
    moved.flags = sync_flag::out_seq;
    moved.sequences = {{{1, 2, 3}, {0x11223344, 0xFFFFFFFE, 0}}};
    const Bytes bytes = {
        0x00, 0x01, 0x00, 0x90, 0x02, 0x01, 0x00, 0x00,  // 144 bytes, two connections
        0x00, 0x06, 0x00, 0x3E,                          // IPv4, TCP, 62 bytes
        0x00, 0x00, 0x02, 0x00,                          // outgoing numbers move
        0x00, 0x01, 0x9C, 0x40, 0x00, 0x50, 0x1F, 0x90, 0x00, 0x00, 0x00, 0x50, 0x00, 0x00, 0x03,
        0x84, 0xAC, 0x10, 0x00, 0x09, 0x0A, 0xFF, 0x00, 0x01, 0x0A, 0x01, 0x00, 0x0A, 0x01,
        0x18,  // option 1, 24 bytes
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x03, 0x11, 0x22, 0x33,
        0x44, 0xFF, 0xFF, 0xFF, 0xFE, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // to a multiple of
                                                                           // four
        0x01, 0x11, 0x00, 0x48,                                            // IPv6, UDP, 72 bytes
        0x00, 0x00, 0x01, 0x82,  // inactive, no output, TUNNEL
        0x00, 0x00, 0x13, 0x88, 0x00, 0x35, 0x00, 0x35, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
        0x2C,                                                           // 300 s
        0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x09,  // client
        0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01,  // virtual address
        0xFD, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0A,        // server
    };
    EXPECT_EQ(message_of({moved, six}, 1), bytes);
    const auto read = read_sync_message(bytes);
    EXPECT_EQ(read.malformed, SyncMalformed::none);
    ASSERT_EQ(read.records.size(), 2U);
    EXPECT_EQ(read.records[0], moved);
    EXPECT_EQ(read.records[1], six);
}

TEST(SyncMessage, VersionZeroIsReadWithoutTimeoutAndMark) {
    const Bytes bytes = {
        0x02, 0x07, 0x00, 0x4C,                          // two, syncid 7, 76 bytes
        0x00, 0x06, 0x9C, 0x40, 0x00, 0x50, 0x1F, 0x90,  // TCP, ports
        0xAC, 0x10, 0x00, 0x09, 0x0A, 0xFF, 0x00, 0x01, 0x0A, 0x01, 0x00, 0x0A, 0x01,
        0x00, 0x00, 0x04,  // inactive, FIN_WAIT
        0x00, 0x06, 0x9C, 0x41, 0x00, 0x50, 0x1F, 0x90, 0xAC, 0x10, 0x00, 0x09, 0x0A,
        0xFF, 0x00, 0x01, 0x0A, 0x01, 0x00, 0x0A, 0x04, 0x00, 0x00, 0x01,  // incoming numbers move
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    };
    const auto read = read_sync_message(bytes);
    EXPECT_EQ(read.malformed, SyncMalformed::none);
    EXPECT_EQ(read.version, 0);
    EXPECT_EQ(read.syncid, 7);
    ASSERT_EQ(read.records.size(), 2U);
    EXPECT_EQ(read.records[0].state, 4);
    EXPECT_EQ(read.records[0].flags, sync_flag::inactive);
    EXPECT_EQ(read.records[0].timeout_seconds, 0U);
    EXPECT_EQ(read.records[1].client, at("172.16.0.9:40001"));
    EXPECT_TRUE(read.records[1].sequences.has_value());
}

TEST(SyncMessage, EveryCutIsRefused) {
    const auto whole = message_of({established(), established()});
    for (std::size_t length = 0; length < whole.size(); ++length) {
        auto cut = whole;
        cut.resize(length);
        EXPECT_EQ(read_sync_message(cut).malformed,
                  length < 4 ? SyncMalformed::short_header : SyncMalformed::wrong_size);
        if (length < 9) {
            continue;
        }
        // The header told to agree with what is left: what is whole counts, the rest does not.
        set_size(cut);
        const auto read = read_sync_message(cut);
        EXPECT_EQ(read.malformed, SyncMalformed::short_record) << length;
        EXPECT_EQ(read.records.size(), length < 44 ? 0U : 1U) << length;
    }
}

TEST(SyncMessage, EachMalformedFieldIsToldApart) {
    const auto with = [](std::size_t where, std::uint8_t value) {
        auto bytes = established_v1;
        bytes[where] = value;
        return read_sync_message(bytes).malformed;
    };
    EXPECT_EQ(with(3, 45), SyncMalformed::wrong_size);
    EXPECT_EQ(with(4, 2), SyncMalformed::short_record);  // tells of one more
    EXPECT_EQ(with(8, 2), SyncMalformed::unknown_type);
    EXPECT_EQ(with(8, 1), SyncMalformed::short_record);  // IPv6 in 36 bytes
    EXPECT_EQ(with(10, 0x10), SyncMalformed::unknown_version);
    EXPECT_EQ(with(11, 35), SyncMalformed::short_record);
    EXPECT_EQ(with(11, 37), SyncMalformed::short_record);
    EXPECT_EQ(with(11, 0), SyncMalformed::short_record);
}

/// A record of 36 bytes with these bytes of options.
SyncMessageRead with_options(const Bytes& options) {
    auto bytes = established_v1;
    bytes.insert(bytes.end(), options.begin(), options.end());
    bytes[11] = static_cast<std::uint8_t>(36 + options.size());
    set_size(bytes);
    return read_sync_message(bytes);
}

TEST(SyncMessage, OptionsAreCheckedAsTheKernelDoes) {
    const auto sequences = Bytes(26, 0);
    auto good = sequences;
    good[0] = 1;
    good[1] = 24;
    EXPECT_TRUE(with_options(good).records.at(0).sequences.has_value());
    auto twice = good;
    twice.insert(twice.end(), good.begin(), good.end());
    EXPECT_EQ(with_options(twice).malformed, SyncMalformed::bad_sequence_option);
    EXPECT_EQ(with_options({1, 2, 0, 0}).malformed, SyncMalformed::bad_sequence_option);
    EXPECT_EQ(with_options({1}).malformed, SyncMalformed::bad_option_length);
    EXPECT_EQ(with_options({1, 0}).malformed, SyncMalformed::bad_option_length);
    EXPECT_EQ(with_options({1, 3, 0, 0}).malformed, SyncMalformed::bad_option_length);
    // A persistence engine's data and name.
    const auto engine = with_options({2, 2, 'i', 'd', 3, 3, 's', 'i', 'p'});
    EXPECT_EQ(engine.malformed, SyncMalformed::none);
    EXPECT_TRUE(engine.records.at(0).has_persistence_engine);
    EXPECT_EQ(with_options({2, 1, 'a', 2, 1, 'b'}).malformed, SyncMalformed::bad_engine_option);
    Bytes long_name(19, 'x');
    long_name[0] = 3;
    long_name[1] = 17;
    EXPECT_EQ(with_options(long_name).malformed, SyncMalformed::bad_engine_option);
    // Unknown: passed over with its record, unless it says that it may be left out.
    EXPECT_EQ(with_options({9, 1, 0}).passed_over, 1U);
    EXPECT_TRUE(with_options({9, 1, 0}).records.empty());
    EXPECT_EQ(with_options({0x49, 1, 0}).records.size(), 1U);
}

SyncRecord random_record(RandomStream& random, Family family) {
    const auto number = [&](std::uint64_t below) { return random.below(below); };
    const auto endpoint = [&] {
        Address a = Address::v4(static_cast<std::uint32_t>(number(1ULL << 32)));
        if (family == Family::ipv6) {
            Address::Bytes bytes{};
            for (auto& b : bytes) {
                b = static_cast<std::uint8_t>(number(256));
            }
            a = Address::v6(bytes);
        }
        return Endpoint{a, Port{static_cast<std::uint16_t>(number(65536))}};
    };
    SyncRecord r;
    r.protocol = number(2) == 0 ? 6 : 17;
    r.flags = static_cast<std::uint32_t>(number(1U << 13)) & ~sync_flag::hashed;
    r.state = static_cast<std::uint16_t>(number(11));
    r.client = endpoint();
    r.virtual_endpoint = endpoint();
    r.server = endpoint();
    r.fwmark = static_cast<std::uint32_t>(number(1ULL << 32));
    r.timeout_seconds = static_cast<std::uint32_t>(number(1ULL << 32));
    if (number(3) == 0) {
        const auto n = [&] { return static_cast<std::uint32_t>(number(1ULL << 32)); };
        r.sequences = {{{n(), n(), n()}, {n(), n(), n()}}};
    }
    return r;
}

RC_GTEST_PROP(SyncMessageProperty, WhatIsWrittenIsRead, (std::uint64_t seed)) {
    RandomStream random(seed, "sync");
    const auto syncid = static_cast<std::uint8_t>(random.below(256));
    SyncMessageWriter writer(syncid);
    std::vector<SyncRecord> records(random.below(40));
    for (auto& r : records) {
        r = random_record(random, random.below(2) == 0 ? Family::ipv4 : Family::ipv6);
        const auto size = writer.size_with(r);
        writer.add(r);
        RC_ASSERT(writer.bytes().size() == size);
    }
    const auto read = read_sync_message(writer.bytes());
    RC_ASSERT(read.malformed == SyncMalformed::none);
    RC_ASSERT(read.syncid == syncid);
    RC_ASSERT(read.records == records);
}

/// Whatever the network brings: read without harm, and never more than the counter tells.
RC_GTEST_PROP(SyncMessageProperty, DamagedBytesNeverReadAsMore, (std::uint64_t seed)) {
    RandomStream random(seed, "sync");
    auto bytes =
        message_of({random_record(random, Family::ipv4), random_record(random, Family::ipv6),
                    random_record(random, Family::ipv4)});
    for (auto n = random.below(6); n > 0; --n) {
        bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
    }
    bytes.resize(random.below(bytes.size() + 1));
    if (bytes.size() >= 4 && random.below(4) != 0) {
        set_size(bytes);
    }
    const auto read = read_sync_message(bytes);
    const auto all = read.records.size() + read.passed_over;
    if (read.malformed == SyncMalformed::none) {
        RC_ASSERT(all == (read.version == 0 ? bytes[0] : bytes[4]));
    } else {
        RC_ASSERT(all * 24 <= bytes.size());
    }
}

}  // namespace
}  // namespace lvslab::ipvs
