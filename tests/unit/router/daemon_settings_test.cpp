// SPDX-License-Identifier: GPL-2.0-only
// What an lvs.cf means for pulse, the floating addresses and the load monitor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/router/daemon_settings.hpp"
#include "tests/unit/router/router_story.hpp"

namespace lvslab::router {
namespace {

using ports::FloatingAddress;
using testing::ElementsAre;

TEST(PulseSettings, AreThoseOfTheFile) {
    const auto settings =
        pulse_settings(read_config(two_servers() + "monitor_links = 1\nfailback = primary\n"),
                       pulse::NodeRole::backup);
    EXPECT_EQ(settings.role, pulse::NodeRole::backup);
    EXPECT_EQ(settings.keepalive, 2s);
    EXPECT_EQ(settings.deadtime, 6s);
    EXPECT_TRUE(settings.backup_active);
    EXPECT_TRUE(settings.private_path);
    EXPECT_TRUE(settings.monitor_links);
    EXPECT_TRUE(settings.syncdaemon);
    EXPECT_EQ(settings.failback, pulse::Failback::primary);
    EXPECT_EQ(settings.active_cmd, "/bin/on");
    EXPECT_EQ(settings.inactive_cmd, "/bin/off");
}

TEST(PulseSettings, KnowNoPrivatePathWithoutAnAddressOfItsOwn) {
    auto config = read_config(two_servers());
    config.primary_private = {};
    EXPECT_FALSE(pulse_settings(config, pulse::NodeRole::primary).private_path);
    config.primary_private = config.primary;
    EXPECT_FALSE(pulse_settings(config, pulse::NodeRole::primary).private_path);
}

TEST(FloatingAddresses, AreEachVipOnceAndTheNatRouter) {
    const auto config = read_config(
        two_servers() +
        "virtual https {\n  active = 1\n  address = 192.168.10.100 eth0:1\n  port = 443\n}\n"
        "virtual off {\n  address = 192.168.10.101 eth0:2\n}\n"
        "virtual shop {\n  active = 1\n  address = 192.168.10.102 eth0:3\n  fwmark = 80\n}\n");
    EXPECT_THAT(floating_addresses(config),
                ElementsAre(FloatingAddress{vip, "eth0:1", 24},
                            FloatingAddress{Address::v4(0xC0A80A66U), "eth0:3", std::nullopt},
                            FloatingAddress{nat_router, "eth1:1", 24}));
}

TEST(FloatingAddresses, HaveNoNatRouterWithoutNat) {
    auto config = read_config(two_servers());
    config.network = config::NetworkType::direct;
    EXPECT_THAT(floating_addresses(config), ElementsAre(FloatingAddress{vip, "eth0:1", 24}));
}

TEST(FloatingAddresses, TakeANetmaskOfZerosForNone) {
    auto config = read_config(two_servers());
    config.virtual_servers[0].vip_nmask = Address{};
    config.nat_nmask = Address{};
    EXPECT_THAT(floating_addresses(config),
                ElementsAre(FloatingAddress{vip, "eth0:1", std::nullopt},
                            FloatingAddress{nat_router, "eth1:1", std::nullopt}));
}

TEST(LoadMethod, IsOneOfThreeWordsOrNone) {
    auto config = read_config(two_servers() + "rsh_command = ssh\n");
    auto& service = config.virtual_servers[0];
    EXPECT_EQ(load_method(config, service), std::nullopt);
    service.load_monitor = "uptime";
    EXPECT_EQ(load_method(config, service),
              (ports::LoadMethod{ports::LoadMethod::Program::uptime, "ssh"}));
    service.load_monitor = "ruptime";
    EXPECT_EQ(load_method(config, service)->program, ports::LoadMethod::Program::ruptime);
    service.load_monitor = "rup";
    EXPECT_EQ(load_method(config, service)->program, ports::LoadMethod::Program::rup);
    service.load_monitor = "none";
    EXPECT_EQ(load_method(config, service), std::nullopt);
    service.load_monitor = "crystal-ball";
    EXPECT_EQ(load_method(config, service), std::nullopt);
}

TEST(Runnable, FindsAllThatNoRouterCanRunWithEachAtItsPlace) {
    auto config = read_config("service = lvs\nkeepalive = 1\n" +
                              http_service("  expect = \"(\"\n  use_regex = 1\n",
                                           server_block(1, 1) + server_block(2, 1)));
    EXPECT_EQ(check_runnable(config).items().size(), 1U);
    config.service = config::ServiceType::fos;
    config.keepalive = -1s;
    config.deadtime = 0s;
    config.virtual_servers[0].timeout = 0s;
    config.virtual_servers[0].servers[1].weight = Weight{-1};
    const auto found = check_runnable(config);
    ASSERT_EQ(found.items().size(), 6U) << found.to_string();
    EXPECT_THAT(found.items()[0].to_string(), testing::StartsWith("lvs.cf:1:"));
    EXPECT_THAT(found.items()[1].to_string(),
                testing::AllOf(testing::StartsWith("lvs.cf:2:"),
                               testing::HasSubstr("keepalive is -1 s; expected more than 0")));
    config.virtual_servers[0].active = false;
    EXPECT_EQ(check_runnable(config).items().size(), 3U);
}

TEST(Runnable, AsksNothingOfServersThatAreNotUsed) {
    auto config = read_config(two_servers());
    config.virtual_servers[0].servers[1].weight = Weight{-1};
    config.virtual_servers[0].servers[1].active = false;
    EXPECT_TRUE(check_runnable(config).empty());
}

}  // namespace
}  // namespace lvslab::router
