// SPDX-License-Identifier: GPL-2.0-only
#include "core/health/told_loads.hpp"

#include <gtest/gtest.h>

using namespace lvslab;
using health::ToldLoads;

namespace {

constexpr Time at(int minutes) {
    return Time{std::chrono::minutes(minutes)};
}
const Address web1 = Address::v4(0x0A000001U), web2 = Address::v4(0x0A000002U);

}  // namespace

TEST(ToldLoads, ListensToAHostFromTheFirstQuestionOn) {
    ToldLoads loads;
    loads.hear(web1, 3, at(0));
    EXPECT_EQ(loads.load_of(web1, at(1)), std::nullopt) << "told before anyone asked";
    loads.hear(web1, 2, at(3));
    loads.hear(web2, 5, at(3));
    EXPECT_EQ(loads.load_of(web1, at(4)), 2);
    EXPECT_EQ(loads.load_of(web2, at(4)), std::nullopt);
}

TEST(ToldLoads, TheLastWordCountsForElevenMinutes) {
    ToldLoads loads;
    loads.load_of(web1, at(0));
    loads.hear(web1, 2, at(0));
    loads.hear(web1, 1, at(3));
    EXPECT_EQ(loads.load_of(web1, at(13)), 1);
    EXPECT_EQ(loads.load_of(web1, at(14)), std::nullopt);
    loads.hear(web1, 4, at(15));
    EXPECT_EQ(loads.load_of(web1, at(16)), 4);
}
