// SPDX-License-Identifier: GPL-2.0-only
#include <array>

#include <gtest/gtest.h>

#include "core/conformance/choice_test.hpp"

namespace lvslab::conformance {
namespace {

/// Two servers, the second so loaded that it wins only if it is drawn twice: 1 % or so.
std::array<ipvs::DestinationStatus, 2> lopsided() {
    std::array<ipvs::DestinationStatus, 2> servers{};
    servers[0].endpoint = *Endpoint::parse("10.1.0.1:80");
    servers[0].weight = Weight{9};
    servers[1].endpoint = *Endpoint::parse("10.1.0.2:80");
    servers[1].weight = Weight{1};
    servers[1].active = 50;
    return servers;
}

ChoiceStatistics chosen(unsigned likely, unsigned rare) {
    const auto servers = lopsided();
    ChoiceTest test;
    for (unsigned i = 0; i < likely; ++i) {
        test.add(servers, 0, ipvs::Profile::recent);
    }
    for (unsigned i = 0; i < rare; ++i) {
        test.add(servers, 1, ipvs::Profile::recent);
    }
    return test.judge();
}

TEST(ChoiceTest, ARareServerChosenOnceIsChance) {
    ASSERT_GT(choice_chances(lopsided(), ipvs::Profile::recent)[1], 0.001);
    ASSERT_LT(choice_chances(lopsided(), ipvs::Profile::recent)[1], 0.02);
    EXPECT_TRUE(chosen(0, 1).holds);
    EXPECT_TRUE(chosen(20, 1).holds);
}

TEST(ChoiceTest, ARareServerChosenAsOftenAsTheOtherIsNoChance) {
    EXPECT_FALSE(chosen(1500, 1500).holds);
}

}  // namespace
}  // namespace lvslab::conformance
