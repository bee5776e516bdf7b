// SPDX-License-Identifier: GPL-2.0-only
// How the directives of a virtual server become checks of its real servers.
#include "core/router/check_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/parse.hpp"

namespace lvslab::router {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

config::VirtualServer service(const std::string& lines) {
    const auto read = config::parse(
        "virtual shop {\n" + lines + "\nserver web1 {\naddress = 10.0.0.7\nport = 8080\n}\n}\n",
        "lvs.cf", {});
    EXPECT_TRUE(read) << read.diagnostics.to_string();
    return read ? read->virtual_servers.at(0) : config::VirtualServer{};
}

health::CheckSettings settings_of(const std::string& lines) {
    return check_settings(service(lines), Weight{7});
}

template <class Probe>
Probe probe_of(const std::string& lines) {
    const auto v = service(lines);
    const auto probe = check_probe(v, v.servers.at(0));
    EXPECT_TRUE(probe) << probe.diagnostics.to_string();
    return std::get<Probe>(*probe);
}

TEST(CheckSettings, AreThoseOfTheVirtualServer) {
    const auto settings =
        settings_of("timeout = 6\nreentry = 30\nquiesce_server = 1\nload_monitor = rup");
    EXPECT_EQ(settings.interval, 6s);
    EXPECT_EQ(settings.reentry, 30s);
    EXPECT_EQ(settings.weight, Weight{7});
    EXPECT_TRUE(settings.quiesce);
    EXPECT_TRUE(settings.load_monitor);
    EXPECT_EQ(settings.rise, std::nullopt);
    EXPECT_EQ(settings.fall, 1);
}

TEST(CheckSettings, MonitorOfNoneIsNone) {
    EXPECT_FALSE(settings_of("load_monitor = none").load_monitor);
    EXPECT_FALSE(settings_of("").load_monitor);
}

TEST(CheckSettings, ExtensionsGoBeforeTimeoutAndReentry) {
    const auto settings = settings_of("timeout = 6\ncheck_interval = 250ms\nrise = 2\nfall = 3");
    EXPECT_EQ(settings.interval, 250ms);
    EXPECT_EQ(health::successes_needed(settings), 2);
    EXPECT_EQ(settings.fall, 3);
}

TEST(CheckProbe, AsksTheServersOwnPortWithinTimeout) {
    const auto probe = probe_of<health::ConnectProbe>("timeout = 6\nport = 443");
    EXPECT_EQ(probe.server.to_string(), "10.0.0.7:8080");
    EXPECT_EQ(probe.limit, 6s);
    EXPECT_FALSE(probe.send.has_value());
}

TEST(CheckProbe, OfTcpOnlyConnectsOnPort80Too) {
    const auto probe = probe_of<health::ConnectProbe>("check = tcp\ncheck_timeout = 100ms");
    EXPECT_FALSE(probe.send.has_value());
    EXPECT_FALSE(probe.expect.reads());
    EXPECT_EQ(probe.limit, 100ms);
}

TEST(CheckProbe, OfHttpsGetsWhatTheFileSays) {
    const auto probe = probe_of<health::HttpProbe>(
        "check = https\ncheck_path = /status\ncheck_host = shop.example\ncheck_status = 200\n"
        "check_body = well\ncheck_timeout = 1");
    EXPECT_TRUE(probe.tls);
    EXPECT_EQ(probe.path, "/status");
    EXPECT_EQ(probe.host, "shop.example");
    EXPECT_EQ(probe.expect.status, (health::StatusRange{200, 200}));
    EXPECT_EQ(probe.expect.body, "well");
    EXPECT_EQ(probe.limit, 1s);
}

TEST(CheckProbe, OfHttpHasDefaultsThatTheReferenceNames) {
    const auto probe = probe_of<health::HttpProbe>("check = http\ntimeout = 6");
    EXPECT_FALSE(probe.tls);
    EXPECT_EQ(probe.path, "/");
    EXPECT_EQ(probe.host, "10.0.0.7:8080");
    EXPECT_EQ(probe.expect.status, (health::StatusRange{200, 399}));
    EXPECT_EQ(probe.expect.body, std::nullopt);
    EXPECT_EQ(probe.limit, 6s);
}

TEST(CheckProbe, PlacesAnExpressionThatDoesNotCompile) {
    const auto v = service("use_regex = 1\nexpect = \"(\"");
    const auto probe = check_probe(v, v.servers.at(0));
    EXPECT_FALSE(probe);
    EXPECT_THAT(probe.diagnostics.to_string(), HasSubstr("lvs.cf:1:1: \"(\" is no POSIX"));
}

}  // namespace
}  // namespace lvslab::router
