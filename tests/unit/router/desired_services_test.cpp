// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/desired_services.hpp"

#include <utility>

#include <gtest/gtest.h>

namespace lvslab::router {
namespace {

Address address(const char* text) {
    return *Address::parse(text);
}

config::RealServer real(const char* name, const char* ip, std::int32_t weight, std::uint16_t port) {
    config::RealServer r;
    r.name = name;
    r.address = address(ip);
    r.active = true;
    r.weight = Weight{weight};
    r.port = Port{port};
    return r;
}

config::LvsConfig web_shop() {
    config::LvsConfig c;
    c.network = config::NetworkType::direct;
    config::VirtualServer v;
    v.name = "shop";
    v.active = true;
    v.address = address("192.168.26.10");
    v.scheduler = "wrr";
    v.persistent = std::chrono::seconds(300);
    v.pmask = address("255.255.255.0");
    v.servers = {real("web1", "192.168.26.101", 3, 80), real("web2", "192.168.26.102", 1, 8080)};
    v.servers[1].active = false;
    c.virtual_servers.push_back(v);
    return c;
}

TEST(DesiredServices, GiveAnAddressServiceItsKeySchedulerAndPersistence) {
    const auto services = desired_services(web_shop());
    ASSERT_EQ(services.size(), 1U);
    const auto& s = services[0];
    EXPECT_EQ(s.name, "shop");
    EXPECT_EQ(s.key.protocol, Protocol::tcp);
    EXPECT_EQ(s.key.endpoint.to_string(), "192.168.26.10:80");
    EXPECT_EQ(s.key.fwmark, Fwmark{0});
    EXPECT_EQ(s.settings.scheduler, "wrr");
    EXPECT_EQ(s.settings.persistent, std::chrono::seconds(300));
    EXPECT_EQ(s.settings.persistence_mask, address("255.255.255.0"));
}

TEST(DesiredServices, ListServersInTheFilesOrderWithTheNetworksMethod) {
    const auto services = desired_services(web_shop());
    const auto& d = services.at(0).destinations;
    ASSERT_EQ(d.size(), 2U);
    EXPECT_EQ(d[0].endpoint.to_string(), "192.168.26.101:80");
    EXPECT_EQ(d[0].settings.weight, Weight{3});
    EXPECT_EQ(d[0].settings.method, ipvs::ForwardingMethod::direct);
    EXPECT_TRUE(d[0].active);
    EXPECT_EQ(d[1].endpoint.address, address("192.168.26.102"));
    EXPECT_FALSE(d[1].active);
}

// ipvsadm.c, process_options: a packet that is not rewritten reaches the service's port.
TEST(DesiredServices, OnlyNatGivesAServerAPortOtherThanItsServices) {
    auto c = web_shop();
    const auto second = [&](config::NetworkType type) {
        c.network = type;
        return desired_services(c).at(0).destinations.at(1).endpoint.to_string();
    };
    EXPECT_EQ(second(config::NetworkType::nat), "192.168.26.102:8080");
    EXPECT_EQ(second(config::NetworkType::direct), "192.168.26.102:80");
    EXPECT_EQ(second(config::NetworkType::tunnel), "192.168.26.102:80");
}

TEST(DesiredServices, CarryTheThresholdsOfTheFile) {
    auto c = web_shop();
    c.virtual_servers[0].servers[0].u_threshold = 200;
    c.virtual_servers[0].servers[0].l_threshold = 150;
    const auto d = desired_services(c).at(0).destinations;
    EXPECT_EQ(d.at(0).settings.upper_threshold, 200U);
    EXPECT_EQ(d.at(0).settings.lower_threshold, 150U);
    EXPECT_EQ(d.at(1).settings.upper_threshold, 0U);
}

TEST(DesiredServices, CarryTheSchedulerFlagsOfTheFile) {
    auto c = web_shop();
    const auto flags = [&](const char* scheduler, const char* words) {
        c.virtual_servers[0].scheduler = scheduler;
        c.virtual_servers[0].sched_flags = words;
        const auto s = desired_services(c).at(0).settings;
        return std::pair(s.scheduler_flag_1, s.scheduler_flag_2);
    };
    EXPECT_EQ(flags("sh", "sh-port"), std::pair(false, true));
    EXPECT_EQ(flags("sh", "sh-fallback,sh-port"), std::pair(true, true));
    EXPECT_EQ(flags("mh", "mh-port,mh-fallback"), std::pair(true, true));
    EXPECT_EQ(flags("mh", "mh-fallback"), std::pair(true, false));
    EXPECT_EQ(flags("mh", "flag-2"), std::pair(false, true));
    EXPECT_EQ(flags("wlc", "flag-1"), std::pair(true, false));
}

TEST(DesiredServices, AFlagThatNamesASchedulerIsForThatOneAlone) {
    auto c = web_shop();
    c.virtual_servers[0].scheduler = "sh";
    c.virtual_servers[0].sched_flags = "sh-port";
    EXPECT_TRUE(desired_services(c).at(0).settings.scheduler_flag_2);
    EXPECT_TRUE(desired_services(c, "sh").at(0).settings.scheduler_flag_2);
    EXPECT_FALSE(desired_services(c, "mh").at(0).settings.scheduler_flag_2);
}

TEST(DesiredServices, EachNetworkTypeHasItsForwardingMethod) {
    auto c = web_shop();
    const auto method = [&](config::NetworkType type) {
        c.network = type;
        return desired_services(c).at(0).destinations.at(0).settings.method;
    };
    EXPECT_EQ(method(config::NetworkType::nat), ipvs::ForwardingMethod::nat);
    EXPECT_EQ(method(config::NetworkType::direct), ipvs::ForwardingMethod::direct);
    EXPECT_EQ(method(config::NetworkType::tunnel), ipvs::ForwardingMethod::tunnel);
}

TEST(DesiredServices, LeaveInactiveServicesOutAndKeepTheirPlaceInTheFile) {
    auto c = web_shop();
    c.virtual_servers.insert(c.virtual_servers.begin(), c.virtual_servers[0]);
    c.virtual_servers[0].active = false;
    const auto services = desired_services(c);
    ASSERT_EQ(services.size(), 1U);
    EXPECT_EQ(services[0].virtual_server, 1U);
}

TEST(DesiredServices, AFirewallMarkIsTheWholeKeyAndServersKeepThePacketsPort) {
    auto c = web_shop();
    c.virtual_servers[0].fwmark = Fwmark{7};
    const auto s = desired_services(c).at(0);
    EXPECT_EQ(s.key, (ipvs::ServiceKey{.protocol = Protocol::ip,
                                       .endpoint = {},
                                       .fwmark = Fwmark{7},
                                       .family = Family::ipv4}));
    EXPECT_EQ(s.destinations.at(0).endpoint.to_string(), "192.168.26.101:0");
}

TEST(DesiredServices, ASchedulerFromOutsideTakesThePlaceOfEveryServicesOwn) {
    auto c = web_shop();
    c.virtual_servers.push_back(c.virtual_servers[0]);
    c.virtual_servers[1].scheduler = "sh";
    for (const auto& s : desired_services(c, "lblcr")) {
        EXPECT_EQ(s.settings.scheduler, "lblcr");
    }
}

TEST(DesiredTimeouts, AreThoseOfTheFile) {
    config::LvsConfig c;
    c.tcp_timeout = std::chrono::seconds(600);
    c.udp_timeout = std::chrono::seconds(60);
    const auto t = desired_timeouts(c);
    EXPECT_EQ(t.tcp, std::chrono::seconds(600));
    EXPECT_EQ(t.tcp_fin, Duration{});
    EXPECT_EQ(t.udp, std::chrono::seconds(60));
}

}  // namespace
}  // namespace lvslab::router
