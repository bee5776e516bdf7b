// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/print.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "core/config/directives.hpp"
#include "tests/unit/config/any_config.hpp"
#include "tests/unit/config/reading.hpp"

namespace lvslab::config {
namespace {

using nlohmann::json;
using testing::HasSubstr;

RC_GTEST_PROP(Printing, ThenReadingGivesTheConfigurationBack, ()) {
    const auto config = any_config(true);
    const auto text = print(config);
    const auto read = as_meant(text);
    if (!read) {
        RC_FAIL(text + read.diagnostics.to_string());
    }
    RC_ASSERT(*read == config);
}

RC_GTEST_PROP(Printing, WithoutExtensionsIsUnderstoodByPiranhaAlike, ()) {
    const auto config = any_config(false);
    const auto text = print(config);
    const auto read = as_piranha(text);
    if (!read) {
        RC_FAIL(text + read.diagnostics.to_string());
    }
    RC_ASSERT(*read == config);
    RC_ASSERT(print(*read) == text);
}

TEST(Printing, ShowsEveryDirectiveOfTheTable) {
    LvsConfig config;
    config.primary = config.backup = config.primary_private = config.backup_private =
        Address::v4(0x0A000001);
    config.primary_shared = config.backup_shared = config.active_cmd = config.inactive_cmd = "x y";
    config.nat_router = config.nat_nmask = config.primary;
    VirtualServer service;
    service.name = "web";
    service.address = config.primary;
    service.vip_nmask = service.pmask = service.sorry_server = service.master = config.primary;
    service.sched_flags = "sh-port";
    service.load_monitor = "rup";
    service.send = service.expect = service.send_program = service.start_cmd = service.stop_cmd =
        "x";
    service.dirs = {{"a", "b"}};
    service.check = CheckType::http;
    service.check_path = service.check_host = service.check_body = "/x";
    service.check_status = StatusRange{};
    service.check_interval = service.check_timeout = std::chrono::milliseconds(250);
    service.rise = service.fall = 2;
    config.failback = Failback::primary;
    service.servers.emplace_back().name = "s";
    service.servers[0].address = config.primary;
    service.servers[0].u_threshold = service.servers[0].l_threshold = 7;
    config.virtual_servers = {service};
    const auto text = print(config);
    const auto shown = json::parse(to_json(config));
    const auto expect_shown = [&](const auto& directives, const json& object,
                                  const std::string& indent) {
        for (const auto& d : directives) {
            const std::string name(d.name);
            EXPECT_THAT("\n" + text, HasSubstr("\n" + indent + name + " = "));
            EXPECT_TRUE(object.contains(name)) << name;
        }
    };
    expect_shown(global_directives(), shown, "");
    expect_shown(virtual_directives(), shown["virtual"][0], "    ");
    expect_shown(server_directives(), shown["virtual"][0]["server"][0], "        ");
}

TEST(Printing, LeavesUnusedExtensionsOut) {
    LvsConfig config;
    config.virtual_servers.emplace_back().servers.emplace_back();
    const auto text = print(config);
    EXPECT_THAT(text, testing::Not(HasSubstr("threshold")));
    EXPECT_THAT(text, testing::Not(HasSubstr("sched_flags")));
    EXPECT_THAT(text, testing::Not(HasSubstr("failback")));
    EXPECT_THAT(text, testing::Not(HasSubstr("check")));
}

TEST(Printing, SaysWhichValuesNoLineCanHold) {
    LvsConfig config;
    config.rsh_command = "a\nb";
    const auto text = print(config);
    EXPECT_THAT(text, HasSubstr("# rsh_command: no line of lvs.cf can hold \"a\\x0ab\"\n"));
    EXPECT_EQ(must(as_meant(text)).rsh_command, "rsh");
}

TEST(Printing, KeepsAPersistenceMaskOfAllOnesApartFromNone) {
    const auto config = must(as_piranha("virtual a {\npmask = 0xffffffff\n}"));
    EXPECT_EQ(must(as_piranha(print(config))), config);
}

TEST(Json, HasPiranhasNumbersAndNullsForWhatIsNotGiven) {
    const auto out = json::parse(to_json(must(as_meant(
        "keepalive = 250ms\nvirtual a {\nexpect = 'OK'\nsend = \"x\\r\"\n}\nfailover f {\n}"))));
    EXPECT_EQ(out["result"], "ok");
    EXPECT_EQ(out["keepalive"], 0.25);
    EXPECT_EQ(out["deadtime"], 5);
    EXPECT_EQ(out["hard_shutdown"], 1);
    EXPECT_EQ(out["failover_count"], 1);
    EXPECT_EQ(out["failover"][0]["name"], "f");
    const auto& a = out["virtual"][0];
    EXPECT_EQ(a["expect"], "'OK'");
    EXPECT_EQ(a["send"], "x\\r");
    EXPECT_TRUE(a["device"].is_null());
    EXPECT_TRUE(a["send_program"].is_null());
    EXPECT_EQ(a["pmask"], "0.0.0.0");
    EXPECT_EQ(a["address"], "0.0.0.0");
}

TEST(Json, ReplacesBytesThatAreNotUtf8) {
    const auto out = json::parse(to_json(must(as_meant("rsh_command = a\xFF"))));
    EXPECT_EQ(out["rsh_command"], "a\xEF\xBF\xBD");
}

TEST(Settings, AreComparedFieldByFieldWithoutTheirPlaces) {
    const auto one = must(as_meant("virtual a {\nserver s {\nweight = 2\n}\n}"));
    const auto moved = must(as_meant("\n\nvirtual a {\n\nserver s {\nweight = 2\n}\n}"));
    const auto other = must(as_meant("virtual a {\nserver s {\nweight = 3\n}\n}"));
    EXPECT_EQ(one, moved);
    EXPECT_FALSE(one == other);
}

}  // namespace
}  // namespace lvslab::config
