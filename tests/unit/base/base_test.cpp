// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/quantities.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"

using namespace lvslab;
using namespace std::chrono_literals;

TEST(Time, ReadsUnitsAndRefusesBareNumbers) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("2min"), 120s);
    EXPECT_FALSE(parse_duration("10"));
    EXPECT_FALSE(parse_duration("-1s"));
    EXPECT_FALSE(parse_duration("1.2.3s"));
    EXPECT_FALSE(parse_duration("99999999999999h"));
}

TEST(Time, PrintsWhatItReads) {
    for (const Duration d : {Duration{0ns}, Duration{1ns}, Duration{1500ms}, Duration{250ms},
                             Duration{120s}, Duration{123456789ns}, Duration{1us}}) {
        EXPECT_EQ(parse_duration(to_string(d)), d) << to_string(d);
    }
    EXPECT_EQ(to_string(Duration{1500ms}), "1.5s");
    EXPECT_EQ(to_string(Duration{250ms}), "250ms");
}

TEST(Address, ParsesAndPrints) {
    EXPECT_EQ(Address::parse("192.168.7.4"), Address::v4(0xC0A80704));
    EXPECT_EQ(Address::parse("2001:db8::1")->to_string(), "2001:db8::1");
    EXPECT_FALSE(Address::parse("10.1"));
    EXPECT_FALSE(Address::parse("1.2.3.256"));
    EXPECT_FALSE(Address::parse(""));
}

TEST(Network, ContainsAndMasks) {
    const auto n = *Network::parse("10.11.12.9/24");
    EXPECT_TRUE(n.contains(*Address::parse("10.11.12.200")));
    EXPECT_FALSE(n.contains(*Address::parse("10.11.13.1")));
    EXPECT_EQ(n.base().to_string(), "10.11.12.0");
    EXPECT_FALSE(Network::parse("10.0.0.0/33"));
    EXPECT_FALSE(Network::parse("10.0.0.0/"));
    EXPECT_EQ(prefix_length_of_mask(*Address::parse("255.255.255.0")), 24U);
    EXPECT_FALSE(prefix_length_of_mask(*Address::parse("255.0.255.0")));
}

TEST(Quantities, CarryUnits) {
    EXPECT_EQ(parse_byte_count("64KiB"), ByteCount{65536});
    EXPECT_EQ(parse_byte_count("400B"), ByteCount{400});
    EXPECT_FALSE(parse_byte_count("400"));
    EXPECT_EQ(parse_bit_rate("100Mbps"), BitRate{100'000'000});
    EXPECT_FALSE(parse_bit_rate("100M"));
}

TEST(Endpoint, RoundTrips) {
    for (const auto* text : {"10.0.0.1:80", "[2001:db8::1]:443"}) {
        EXPECT_EQ(Endpoint::parse(text)->to_string(), text);
    }
    EXPECT_FALSE(Endpoint::parse("10.0.0.1"));
    EXPECT_FALSE(Endpoint::parse("10.0.0.1:70000"));
    EXPECT_FALSE(Endpoint::parse("2001:db8::1:80"));
}

TEST(Diagnostics, SayWhere) {
    Diagnostics found;
    found.error({"lvs.cf", 12, 14}, "integer expected, found \"x\"");
    found.warning({"lvs.cf", 3, 1}, "unused");
    found.sort();
    EXPECT_EQ(found.to_string(),
              "lvs.cf:3:1: warning: unused\nlvs.cf:12:14: integer expected, found \"x\"\n");
    EXPECT_TRUE(found.has_errors());
}

TEST(RandomStream, DependsOnSeedAndNameAlone) {
    RandomStream a(1, "arrivals/shop"), b(1, "arrivals/shop"), c(2, "arrivals/shop"),
        d(1, "sizes/shop");
    const auto first = a();
    EXPECT_EQ(first, b());
    EXPECT_NE(first, c());
    EXPECT_NE(first, d());
}

TEST(RandomStream, ExponentialHasItsMean) {
    RandomStream stream(7, "test");
    double sum = 0;
    const int n = 200'000;
    for (int i = 0; i < n; ++i) {
        sum += stream.exponential(3.0);
    }
    // Standard error 3/sqrt(n) = 0.0067; six of them.
    EXPECT_NEAR(sum / n, 3.0, 0.04);
}
