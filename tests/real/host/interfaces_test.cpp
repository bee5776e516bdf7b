// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/interfaces.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <memory>

#include "tests/real/host/two_hosts.hpp"

namespace lvslab::realmode::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class InterfacesTest : public TwoHosts {
protected:
    InterfacesTest() {
        const Inside inside(first);
        interfaces = std::make_unique<Interfaces>(loop);
    }
    void watch(const config::LvsConfig& config) {
        interfaces->watch(config, [this](bool up) { told.push_back(up); });
    }
    bool tells(std::size_t times) {
        return until([&] { return told.size() >= times; });
    }

    std::unique_ptr<Interfaces> interfaces;
    std::vector<bool> told;
};

TEST_F(InterfacesTest, CableThatIsPulledAtTheFarEndIsSeenAndItsReturnToo) {
    watch(pair());
    EXPECT_TRUE(interfaces->links_up());
    ip(second, "link set eth1 down\n");
    ASSERT_TRUE(tells(1));
    EXPECT_FALSE(interfaces->links_up());
    ip(second, "link set eth1 up\n");
    ASSERT_TRUE(tells(2));
    EXPECT_TRUE(interfaces->links_up());
    EXPECT_THAT(told, ElementsAre(false, true));
}

TEST_F(InterfacesTest, OneThatHeartbeatsDoNotLeaveByMayBeDown) {
    auto config = pair();
    config.primary_private = config.backup_private = Address{};
    watch(config);
    ip(second, "link set eth1 down\n");
    ip(second, "link set eth0 down\n");
    ASSERT_TRUE(tells(1));
    ip(second, "link set eth0 up\n");
    ASSERT_TRUE(tells(2));
    EXPECT_TRUE(interfaces->links_up());
    EXPECT_THAT(told, ElementsAre(false, true));
}

TEST_F(InterfacesTest, SwitchedOffOrTakenAwayItIsDown) {
    watch(pair());
    ip(first, "link set eth1 down\n");
    ASSERT_TRUE(tells(1));
    ip(first, "link set eth1 up\n");
    ASSERT_TRUE(tells(2));
    ip(first, "link del eth1\n");
    ASSERT_TRUE(tells(3));
    EXPECT_THAT(told, ElementsAre(false, true, false));
}

TEST_F(InterfacesTest, WhatIsDownWhenTheWatchBeginsIsToldFromTheLoop) {
    ip(second, "link set eth0 down\n");
    {
        const Inside inside(first);
        interfaces = std::make_unique<Interfaces>(loop);
    }
    watch(pair());
    EXPECT_FALSE(interfaces->links_up());
    EXPECT_THAT(told, IsEmpty());
    EXPECT_TRUE(tells(1));
    EXPECT_THAT(told, ElementsAre(false));
}

TEST_F(InterfacesTest, NewConfigurationHasOtherInterfaces) {
    watch(pair());
    ip(second, "link set eth1 down\n");
    ASSERT_TRUE(tells(1));
    auto config = pair();
    config.primary_private = config.primary;
    watch(config);
    EXPECT_TRUE(interfaces->links_up());
    ASSERT_TRUE(tells(2));
    EXPECT_THAT(told, ElementsAre(false, true));
}

TEST_F(InterfacesTest, AddressesAreLocalAsLongAsAnInterfaceCarriesThem) {
    EXPECT_TRUE(interfaces->is_local(address("10.0.0.9")));
    EXPECT_TRUE(interfaces->is_local(address("2001:db8::9")));
    EXPECT_FALSE(interfaces->is_local(address("10.0.0.10")));
    ip(first, "addr add 10.0.0.77/32 dev eth1\naddr del 2001:db8::9/64 dev eth0\n");
    EXPECT_TRUE(until([&] {
        return interfaces->is_local(address("10.0.0.77")) &&
               !interfaces->is_local(address("2001:db8::9"));
    }));
}

TEST_F(InterfacesTest, AddressThatComesLaterBringsItsInterfaceWithIt) {
    auto config = pair();
    config.primary_private = address("192.168.10.99");
    ip(second, "link set eth1 down\n");
    watch(config);
    settle();
    EXPECT_TRUE(interfaces->links_up());
    ip(first, "addr add 192.168.10.99/24 dev eth1\n");
    ASSERT_TRUE(tells(1));
    EXPECT_FALSE(interfaces->links_up());
}

// More changes than the socket holds (ENOBUFS): what is there counts, and later changes do too.
TEST_F(InterfacesTest, LostMessagesAreMadeUpForByReadingAgain) {
    watch(pair());
    int changes = 0;
    interfaces->on_change([&] { ++changes; });
    std::string storm;
    for (int i = 0; i < 500; ++i) {
        storm += fmt::format("addr add 172.16.{}.{}/32 dev eth1\n", i / 250, i % 250 + 1);
    }
    ip(first, storm + "link set eth1 down\n");
    ASSERT_TRUE(tells(1));
    EXPECT_TRUE(until([&] { return interfaces->is_local(address("172.16.1.250")); }));
    EXPECT_LT(changes, 500) << "nothing was lost: the storm is too small to show it";
    ip(first, "link set eth1 up\n");
    EXPECT_TRUE(tells(2));
}

TEST_F(InterfacesTest, EndedInTheMiddleOfAChangeCallNobody) {
    watch(pair());
    ip(second, "link set eth0 down\n");
    interfaces.reset();
    settle();
    EXPECT_THAT(told, IsEmpty());
}

}  // namespace
}  // namespace lvslab::realmode::testing
