// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/address.hpp"

#include <set>
#include <unordered_set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

using namespace lvslab;

namespace {

Address address(std::string_view text) {
    const auto parsed = Address::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Address{});
}
Network network(std::string_view text) {
    const auto parsed = Network::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Network{});
}

/// Bit i of an address, counted from the left.
bool bit(const Address& a, unsigned i) {
    return (a.bytes()[i / 8] >> (7 - i % 8) & 1) != 0;
}

Address drawn(bool v4, std::uint64_t high, std::uint64_t low) {
    if (v4) {
        return Address::v4(static_cast<std::uint32_t>(high));
    }
    Address::Bytes bytes{};
    for (unsigned i = 0; i < 8; ++i) {
        bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
        bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    return Address::v6(bytes);
}

}  // namespace

TEST(Address, IsReadFromADottedQuad) {
    EXPECT_EQ(address("192.168.7.4"), Address::v4(0xC0A80704));
    EXPECT_EQ(address("0.0.0.0"), Address{});
    EXPECT_EQ(address("255.255.255.255").v4_host_order(), 0xFFFFFFFFU);
}

TEST(Address, IsReadFromIpv6TextAndPrintedShort) {
    EXPECT_EQ(address("2001:DB8:0:0:0:0:0:1").to_string(), "2001:db8::1");
    EXPECT_EQ(address("::").to_string(), "::");
    EXPECT_TRUE(address("::").is_unspecified());
    EXPECT_TRUE(address("::ffff:10.0.0.1").is_v6());
    EXPECT_EQ(address("2001:db8::1").word(0), 0x20010db8U);
    EXPECT_EQ(address("2001:db8::1").word(3), 1U);
}

TEST(Address, IsNothingElse) {
    for (const std::string_view text :
         {"", " ", "10.1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4 ", " 1.2.3.4", "1.2.3.04",
          "0x7f.0.0.1", "localhost", "1.2.3.4/8", ":::", "1::2::3", "2001:db8::g", "fe80::1%eth0",
          "[::1]"}) {
        EXPECT_FALSE(Address::parse(text)) << text;
    }
    EXPECT_FALSE(Address::parse(std::string_view("10.0.0.1\0", 9)));
    EXPECT_FALSE(Address::parse(std::string_view("10.0.0.1\0rubbish", 16)));
}

TEST(Address, OfTwoFamiliesIsNeverTheSame) {
    EXPECT_NE(address("0.0.0.0"), address("::"));
    EXPECT_NE(std::hash<Address>{}(address("0.0.0.0")), std::hash<Address>{}(address("::")));
}

RC_GTEST_PROP(Address, IsReadAsItWasPrinted, (bool v4, std::uint64_t high, std::uint64_t low)) {
    const auto a = drawn(v4, high, low);
    RC_ASSERT(Address::parse(a.to_string()) == a);
}

RC_GTEST_PROP(Address, KeepsItsFirstBitsUnderAMask,
              (bool v4, std::uint64_t high, std::uint64_t low)) {
    const auto a = drawn(v4, high, low);
    const unsigned width = v4 ? 32 : 128;
    const auto length = *rc::gen::inRange(0U, width + 1);
    const auto masked = a.masked(length);
    RC_ASSERT(masked.family() == a.family());
    for (unsigned i = 0; i < width; ++i) {
        RC_ASSERT(bit(masked, i) == (i < length && bit(a, i)));
    }
}

TEST(Address, HashesSpreadOverANetwork) {
    std::set<std::size_t> buckets;
    for (std::uint32_t host = 0; host < 1000; ++host) {
        buckets.insert(std::hash<Address>{}(Address::v4(0x0A000000U + host)) % 4096);
    }
    // 1000 balls in 4096 boxes hit 888 of them on average, give or take 9.
    EXPECT_GT(buckets.size(), 800U);
}

TEST(Network, KeepsTheHostPartOfAnInterface) {
    const auto n = network("10.11.12.9/24");
    EXPECT_EQ(n.address, address("10.11.12.9"));
    EXPECT_EQ(n.base(), address("10.11.12.0"));
    EXPECT_EQ(n.to_string(), "10.11.12.9/24");
}

TEST(Network, ContainsWhatSharesItsPrefix) {
    const auto n = network("10.11.12.9/24");
    EXPECT_TRUE(n.contains(address("10.11.12.0")));
    EXPECT_TRUE(n.contains(address("10.11.12.255")));
    EXPECT_FALSE(n.contains(address("10.11.13.1")));
    EXPECT_FALSE(n.contains(address("::10.11.12.1")));
    EXPECT_TRUE(network("0.0.0.0/0").contains(address("255.1.2.3")));
    EXPECT_FALSE(network("0.0.0.0/0").contains(address("::1")));
    EXPECT_TRUE(network("2001:db8::/33").contains(address("2001:db8:7fff::1")));
    EXPECT_FALSE(network("2001:db8::/33").contains(address("2001:db8:8000::1")));
}

TEST(Network, OverlapsWhereOneContainsTheOther) {
    EXPECT_TRUE(network("10.0.0.0/8").overlaps(network("10.200.0.0/16")));
    EXPECT_TRUE(network("10.200.0.0/16").overlaps(network("10.0.0.0/8")));
    EXPECT_FALSE(network("10.1.0.0/16").overlaps(network("10.2.0.0/16")));
    EXPECT_FALSE(network("0.0.0.0/0").overlaps(network("::/0")));
}

TEST(Network, IsReadOnlyWithALengthThatFits) {
    for (const std::string_view text :
         {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8x",
          "10.0.0.0/8/9", "/8", "::/129", "10.0.0.0/ 8", "10.0.0.0/4294967304"}) {
        EXPECT_FALSE(Network::parse(text)) << text;
    }
    EXPECT_TRUE(Network::parse("10.0.0.0/32"));
    EXPECT_TRUE(Network::parse("::/128"));
}

TEST(Netmask, IsAPrefixLengthIfItsOnesAreContiguous) {
    for (unsigned length = 0; length <= 32; ++length) {
        EXPECT_EQ(prefix_length_of_mask(mask_of_prefix_length(length)), length);
    }
    EXPECT_EQ(mask_of_prefix_length(24), address("255.255.255.0"));
    EXPECT_FALSE(prefix_length_of_mask(address("255.0.255.0")));
    EXPECT_FALSE(prefix_length_of_mask(address("0.0.0.255")));
    EXPECT_FALSE(prefix_length_of_mask(address("ffff::")));
}
