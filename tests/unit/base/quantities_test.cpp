// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/quantities.hpp"

#include <type_traits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

using namespace lvslab;

static_assert(!std::is_convertible_v<int, Port>);
static_assert(!std::is_convertible_v<Port, Weight>);
static_assert(!std::is_constructible_v<Port, Weight>);

TEST(ByteCount, IsReadWithItsUnit) {
    EXPECT_EQ(parse_byte_count("400B"), ByteCount{400});
    EXPECT_EQ(parse_byte_count("12kB"), ByteCount{12'000});
    EXPECT_EQ(parse_byte_count("64KiB"), ByteCount{65'536});
    EXPECT_EQ(parse_byte_count("1.5MiB"), ByteCount{1'572'864});
    EXPECT_EQ(parse_byte_count("1.1kB"), ByteCount{1'100});
    EXPECT_EQ(parse_byte_count("2GiB"), ByteCount{2'147'483'648});
    EXPECT_EQ(parse_byte_count("0B"), ByteCount{0});
}

TEST(ByteCount, IsNothingElse) {
    for (const auto* text : {"", "400", "B", "-1B", "1 KiB", "1K", "1kb", "1KB", "1e3B", "infB",
                             "99999999TiB", "64KiBs", "100Mbps"}) {
        EXPECT_FALSE(parse_byte_count(text)) << text;
    }
}

TEST(BitRate, IsReadWithItsUnit) {
    EXPECT_EQ(parse_bit_rate("9600bps"), BitRate{9'600});
    EXPECT_EQ(parse_bit_rate("64kbps"), BitRate{64'000});
    EXPECT_EQ(parse_bit_rate("100Mbps"), BitRate{100'000'000});
    EXPECT_EQ(parse_bit_rate("2.5Gbps"), BitRate{2'500'000'000});
    for (const auto* text : {"100M", "100", "100mbps", "100Mb/s", "-1bps", "64KiB"}) {
        EXPECT_FALSE(parse_bit_rate(text)) << text;
    }
}

TEST(Number, IsSplitFromWhatFollows) {
    const auto split = split_number("1.5MiB");
    ASSERT_TRUE(split);
    EXPECT_DOUBLE_EQ(split->number, 1.5);
    EXPECT_EQ(split->unit, "MiB");
    EXPECT_EQ(split_number("120/s")->unit, "/s");
    EXPECT_EQ(split_number("10")->unit, "");
    for (const auto* text : {"", "x", "-1", "+1", "inf", "nan", ".", "1..2", " 1"}) {
        EXPECT_FALSE(split_number(text)) << text;
    }
    EXPECT_EQ(split_number("0x10")->unit, "x10");  // a 0 and an odd unit, never 16
    EXPECT_EQ(split_number("1e3")->unit, "e3");
}

TEST(Protocol, IsReadByTheNamesOfVirtualServices) {
    for (const auto p : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
        EXPECT_EQ(parse_protocol(to_string(p)), p);
    }
    EXPECT_FALSE(parse_protocol("ip"));
    EXPECT_FALSE(parse_protocol("TCP"));
    EXPECT_FALSE(parse_protocol(""));
}

TEST(Endpoint, IsReadAsItIsPrinted) {
    for (const auto* text : {"10.0.0.1:80", "0.0.0.0:0", "[2001:db8::1]:443", "[::]:65535"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint) << text;
        EXPECT_EQ(endpoint->to_string(), text);
    }
}

TEST(Endpoint, IsNothingElse) {
    for (const auto* text :
         {"", ":", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:70000", "10.0.0.1:-1", "10.0.0.1:+1",
          "10.0.0.1:80 ", "2001:db8::1:80", "[10.0.0.1]:80", "[2001:db8::1]", "[]:80",
          "[2001:db8::1:80", "a:80"}) {
        EXPECT_FALSE(Endpoint::parse(text)) << text;
    }
}

RC_GTEST_PROP(Endpoint, OfAnyAddressAndPortIsReadAsItWasPrinted,
              (bool v4, std::uint32_t word, std::uint16_t port)) {
    Address::Bytes bytes{0x20, 0x01};
    bytes[13] = static_cast<std::uint8_t>(word);
    const Endpoint endpoint{v4 ? Address::v4(word) : Address::v6(bytes), Port{port}};
    RC_ASSERT(Endpoint::parse(endpoint.to_string()) == endpoint);
}
