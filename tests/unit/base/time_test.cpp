// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/time.hpp"

#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

using namespace lvslab;
using namespace std::chrono_literals;

TEST(Duration, IsReadWithItsUnit) {
    EXPECT_EQ(parse_duration("7ns"), 7ns);
    EXPECT_EQ(parse_duration("10us"), 10us);
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("2min"), 120s);
    EXPECT_EQ(parse_duration("1h"), 3600s);
    EXPECT_EQ(parse_duration("0s"), 0ns);
    EXPECT_EQ(parse_duration("0.1s"), 100ms);  // though 0.1 is no binary fraction
}

TEST(Duration, IsNothingElse) {
    for (const auto* text : {"", "10", "s", "-1s", "+1s", "1.2.3s", "1 s", " 1s", "1s ", "1S", "1m",
                             "1sec", "1e3s", "infs", "nans", "0x1s", ".s", "1,5s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Duration, BeyondTheRangeIsRefused) {
    EXPECT_EQ(parse_duration("9223372036854775807ns"), Duration::max());
    EXPECT_FALSE(parse_duration("9223372036854775808ns"));
    EXPECT_FALSE(parse_duration("99999999999999h"));
    EXPECT_FALSE(parse_duration(std::string(5000, '9') + "ns"));
}

TEST(Duration, IsPrintedInTheUnitThatReadsBest) {
    EXPECT_EQ(to_string(Duration{0}), "0s");
    EXPECT_EQ(to_string(Duration{1500ms}), "1.5s");
    EXPECT_EQ(to_string(Duration{250ms}), "250ms");
    EXPECT_EQ(to_string(Duration{120s}), "120s");
    EXPECT_EQ(to_string(Duration{1001us}), "1001us");
    EXPECT_EQ(to_string(Duration{123456789ns}), "123456789ns");
}

RC_GTEST_PROP(Duration, IsReadAsItWasPrinted, ()) {
    const auto magnitude = *rc::gen::inRange(0, 63);
    const auto count = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << magnitude);
    const auto unit = *rc::gen::element<std::int64_t>(1, 100, 1'000, 100'000'000, 1'000'000'000);
    RC_PRE(count <= std::numeric_limits<std::int64_t>::max() / unit);
    const Duration d{count * unit};
    RC_ASSERT(parse_duration(to_string(d)) == d);
}

TEST(Seconds, AreForPrinting) {
    EXPECT_DOUBLE_EQ(to_seconds(Duration{1500ms}), 1.5);
    EXPECT_DOUBLE_EQ(to_seconds(Time{} + 2s), 2.0);
    EXPECT_GT(never, Time{} + 1000h);
}
