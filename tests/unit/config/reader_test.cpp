// SPDX-License-Identifier: GPL-2.0-only
// Reading lvs.cf with all its errors, the original's faults put right and extensions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/reading.hpp"

namespace lvslab::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> findings(std::string_view text) {
    std::vector<std::string> all;
    const auto read = as_meant(text);
    for (const auto& d : read.diagnostics.items()) {
        all.push_back(d.to_string());
    }
    return all;
}

TEST(Reading, ReportsEveryErrorWithPlaceFoundAndExpected) {
    EXPECT_THAT(
        findings("keepalive = soon\nvirtual a {\n  port = banana\n  scheduler = best\n"
                 "  server s {\n    active = 2\n    weight\n  }\n}\nbogus = 1\nsync = 0 1\n"),
        testing::ElementsAre(
            "lvs.cf:1:13: integer expected: found \"soon\", expected a whole number of seconds or "
            "a number with a unit like 250ms",
            "lvs.cf:3:10: invalid argument: found \"banana\", expected a port from 0 to 65535 or "
            "the name of a TCP service",
            "lvs.cf:4:15: invalid argument: found \"best\", expected rr, wrr, lc, wlc, lblc, "
            "lblcr, dh, sh, sed, nq, fo, ovf, mh or twos",
            "lvs.cf:6:14: boolean expected: found \"2\", expected 0 or 1",
            "lvs.cf:7:5: equal (=) expected after command: nothing follows \"weight\"",
            "lvs.cf:10:1: unknown command: found \"bogus\", expected a directive of the top level",
            "lvs.cf:11:10: unexpected arguments: found \"1\" behind the value, expected the end of "
            "the line"));
}

TEST(Reading, SaysWhereAMisplacedDirectiveStands) {
    EXPECT_THAT(findings("weight = 1\nvirtual a {\nkeepalive = 1\n}\n"),
                testing::ElementsAre(HasSubstr("weight stands in a server block"),
                                     HasSubstr("keepalive stands at the top level")));
}

TEST(Reading, HintsAtTrailingCommentsAndMissingBlanks) {
    EXPECT_THAT(findings("keepalive = 3 # often\nkeepalive=3\n"),
                testing::ElementsAre(HasSubstr("a comment needs a line of its own"),
                                     HasSubstr("blanks must stand around the =")));
}

TEST(Reading, GoesOnBehindABrokenHeaderWithoutFurtherErrors) {
    EXPECT_EQ(findings("virtual a\n{\n  port = 80\n}\nsync = 1\n").size(), 1U);
    EXPECT_EQ(findings("virtual a{\n  port = 80\n}\nsync = 1\n").size(), 1U);
    EXPECT_EQ(findings("virtual a b {\n  port = 80\n}\nsync = 1\n").size(), 1U);
    EXPECT_EQ(findings("virtual {\n  port = 80\n}\nsync = 1\n").size(), 1U);
    EXPECT_EQ(findings("cluster a {\n  port = x\n  node b {\n }\n}\nsync = 1\n").size(), 1U);
    EXPECT_EQ(findings("virtual a {\n  port = 80\nvirtual b {\n  port = 81\n}\nsync = 1\n").size(),
              1U)
        << "a forgotten }";
    EXPECT_EQ(findings("virtual a {\n server s {\n  server t {\n  }\n }\n}\nsync = 1\n").size(),
              1U);
}

TEST(Reading, FindsItsFirstErrorWherePiranhaStops) {
    for (const std::string_view text :
         {"sync = 1\nkeepalive = x\nbogus\n", "virtual a\n{\n}\n",
          "virtual a {\n virtual b {\n}\n}\n", "virtual a {\n  send = \"GET\n}\n",
          "virtual a {\nactive = 1\n  send = \"GET\n}\n", "primary = 0.0.0.0\n", "x = \"a b\"c\n",
          "rsh_command = \"ssh\"x\n"}) {
        const auto piranha = as_piranha(text);
        const auto meant = as_meant(text);
        ASSERT_FALSE(piranha);
        ASSERT_FALSE(meant);
        EXPECT_EQ(meant.diagnostics.items().front().location.line,
                  piranha.diagnostics.items().front().location.line)
            << text;
    }
}

TEST(Reading, ListsSoManyErrorsAndCountsTheRest) {
    std::string text;
    for (int i = 0; i < 1000; ++i) {
        text += "bogus\n";
    }
    const auto all = findings(text);
    ASSERT_EQ(all.size(), 101U);
    EXPECT_EQ(all.back(), "lvs.cf: note: 900 more errors are not shown");
}

TEST(Reading, AcceptsEveryKindOfLineEndAndWarnsOfWhatPiranhaMakesOfIt) {
    const auto crlf = as_meant("keepalive = 3\r\nvirtual a {\r\n  port = 81\r\n}\r\n");
    EXPECT_EQ(must(crlf).virtual_servers.at(0).port, Port(81));
    EXPECT_THAT(crlf.diagnostics.to_string(), StartsWith("lvs.cf:1:14: warning: carriage return"));
    EXPECT_EQ(must(as_meant("keepalive = 3\rdeadtime = 9\r")).deadtime, seconds(9));
    EXPECT_EQ(must(as_meant("keepalive = 3\ndeadtime = 9\r\nsync = 1")).sync, true);
}

TEST(Reading, RefusesABadPmaskThatPiranhaIgnores) {
    EXPECT_THAT(findings("virtual a {\n  pmask = banana\n}"),
                testing::ElementsAre(StartsWith("lvs.cf:2:11: Bad subnet mask specified: found "
                                                "\"banana\", expected a netmask")));
}

TEST(Reading, RefusesNumbersThatPiranhaWouldCutToOthers) {
    EXPECT_THAT(findings("keepalive = 4294967297\nheartbeat_port = 65537\nserial_no = \"\"\n"),
                testing::ElementsAre(HasSubstr("Piranha would take it for 1"),
                                     HasSubstr("a port from 0 to 65535"), HasSubstr("found \"\"")));
}

TEST(Reading, GivesServersThePortOfTheirServiceWhereverItStands) {
    const auto read = as_meant("virtual a {\nserver s {\n}\nport = 443\n}");
    EXPECT_EQ(must(read).virtual_servers.at(0).servers.at(0).port, Port(443));
    EXPECT_EQ(read.diagnostics.to_string(),
              "lvs.cf:2:1: warning: port 443 of the virtual block comes after this server; Piranha "
              "would give it 80\n");
}

TEST(Reading, KeepsAGivenBackupPrivateWithoutPrimaryPrivate) {
    const auto read =
        as_meant("primary = 192.0.2.1\nbackup = 192.0.2.2\nbackup_private = 10.0.0.2\n");
    EXPECT_EQ(must(read).backup_private.to_string(), "10.0.0.2");
    EXPECT_EQ(read.value->primary_private.to_string(), "192.0.2.1");
    EXPECT_THAT(read.diagnostics.to_string(), HasSubstr("lvs.cf:3:1: warning: without"));
}

TEST(Reading, UnderstandsExtensionsAndWarnsOfEach) {
    const auto read = as_meant(
        "keepalive = 250ms\nprimary = 2001:db8::1\nvirtual a {\n  scheduler = mh\n"
        "  sched_flags = mh-port,mh-fallback\n  protocol = sctp\n  address = 2001:db8::a eth0:1\n"
        "  timeout = 1.5s\n  server s {\n    address = 2001:db8::b\n    u_threshold = 100\n"
        "    l_threshold = 80\n  }\n}\n");
    const auto config = must(read);
    const auto& a = config.virtual_servers.at(0);
    EXPECT_EQ(config.keepalive, milliseconds(250));
    EXPECT_EQ(config.primary.to_string(), "2001:db8::1");
    EXPECT_EQ(a.scheduler, "mh");
    EXPECT_EQ(a.sched_flags, "mh-port,mh-fallback");
    EXPECT_EQ(a.protocol, Protocol::sctp);
    EXPECT_EQ(a.address.to_string(), "2001:db8::a");
    EXPECT_EQ(a.timeout, milliseconds(1500));
    EXPECT_EQ(a.servers.at(0).u_threshold, 100);
    EXPECT_EQ(a.servers.at(0).l_threshold, 80);
    ASSERT_EQ(read.diagnostics.items().size(), 10U);
    for (const auto& d : read.diagnostics.items()) {
        EXPECT_THAT(d.to_string(), HasSubstr("warning: extension: Piranha would stop here with"));
    }
    EXPECT_THAT(read.diagnostics.items().front().to_string(),
                StartsWith("lvs.cf:1:13: warning: extension: Piranha would stop here with "
                           "\"integer expected\""));
}

TEST(Reading, UnderstandsChecksByProtocolAndFailbackAndWarnsOfEachOnce) {
    const auto read = as_meant(
        "failback = primary\nvirtual a {\n  check = https\n  check_path = /status?full=1\n"
        "  check_host = shop.example\n  check_status = 200\n  check_body = \"all well\"\n"
        "  check_interval = 250ms\n  check_timeout = 1\n  rise = 2\n  fall = 3\n}\n"
        "virtual b {\n  check_status = 200-399\n}\n");
    const auto config = must(read);
    const auto& a = config.virtual_servers.at(0);
    EXPECT_EQ(config.failback, Failback::primary);
    EXPECT_EQ(a.check, CheckType::https);
    EXPECT_EQ(a.check_path, "/status?full=1");
    EXPECT_EQ(a.check_host, "shop.example");
    EXPECT_EQ(a.check_status, (StatusRange{200, 200}));
    EXPECT_EQ(a.check_body, "all well");
    EXPECT_EQ(a.check_interval, milliseconds(250));
    EXPECT_EQ(a.check_timeout, seconds(1));
    EXPECT_EQ(a.rise, 2);
    EXPECT_EQ(a.fall, 3);
    EXPECT_EQ(config.virtual_servers.at(1).check_status, (StatusRange{200, 399}));
    EXPECT_EQ(read.diagnostics.items().size(), 11U);
    for (const auto& d : read.diagnostics.items()) {
        EXPECT_THAT(
            d.to_string(),
            HasSubstr("warning: extension: Piranha would stop here with \"unknown command\""));
    }
}

TEST(Reading, RefusesChecksThatNobodyCouldMake) {
    const auto errors = [](const std::string& line) {
        return as_meant("virtual a {\n" + line + "\n}\n").diagnostics.to_string();
    };
    for (const auto* line : {"check = ping", "check_path = status", "check_path = \"/a b\"",
                             "check_host = \"\"", "check_host = \"a\rb\"", "check_status = 100",
                             "check_status = 600", "check_status = 399-200", "check_status = 200-",
                             "check_status = 2xx", "check_interval = 0", "check_interval = 0ms",
                             "check_timeout = -1", "rise = 0", "fall = -2", "fall = 1.5"}) {
        EXPECT_THAT(errors(line), HasSubstr("expected ")) << line;
    }
}

TEST(Reading, RefusesImpossibleExtensions) {
    EXPECT_EQ(
        findings("virtual a {\n sched_flags = sh-prot\n server s {\n  u_threshold = -1\n }\n}")
            .size(),
        2U);
}

TEST(Reading, WarnsOfWhatPiranhaTakesWithoutAWord) {
    EXPECT_THAT(findings("keepalive = -5\n"), testing::ElementsAre(HasSubstr("negative")));
    EXPECT_THAT(findings("keepalive = 010\n"), testing::ElementsAre(HasSubstr("octal: 8")));
    EXPECT_THAT(findings("sync = 1\nsync = 0\n"),
                testing::ElementsAre(HasSubstr("line 1 already")));
    EXPECT_THAT(findings("virtual a {\n} foo\n"),
                testing::ElementsAre(HasSubstr("what follows the }")));
    EXPECT_THAT(findings("virtual a {\n"), testing::ElementsAre(HasSubstr("no } closes")));
    EXPECT_THAT(findings("rsh_command = \"ssh\" \n"),
                testing::ElementsAre(HasSubstr("at the very end of a line")));
    EXPECT_THAT(findings("virtual a {\nload_monitor = top\n}"),
                testing::ElementsAre(HasSubstr("expected none, rup, ruptime or uptime")));
    EXPECT_THAT(findings("nat_nmask = 255.0.255.0"),
                testing::ElementsAre(HasSubstr("odd netmask")));
}

TEST(Reading, RefusesANulByte) {
    using namespace std::string_view_literals;
    EXPECT_FALSE(as_meant("sync = 1\n\0\n"sv));
    EXPECT_EQ(as_meant("sync = 1\n a\0\n"sv).diagnostics.items().at(0).location.to_string(),
              "lvs.cf:2:3");
}

TEST(Reading, MakesTheInvisibleVisibleInMessages) {
    EXPECT_THAT(findings("\x01" + std::string(100, 'x') + " = 1\n"),
                testing::ElementsAre(HasSubstr("\"\\x01" + std::string(59, 'x') + "...\"")));
}

TEST(Reading, HasTheDocumentedDefaults) {
    const auto config = must(as_meant("# nothing\nvirtual a {\nserver s {\n}\n}"));
    EXPECT_EQ(config.keepalive, seconds(2));
    EXPECT_EQ(config.deadtime, seconds(5));
    EXPECT_EQ(config.heartbeat_port, Port(539));
    EXPECT_TRUE(config.hard_shutdown);
    const auto& a = config.virtual_servers.at(0);
    EXPECT_EQ(a.scheduler, "wlc");
    EXPECT_EQ(a.port, Port(80));
    EXPECT_EQ(a.timeout, seconds(10));
    EXPECT_EQ(a.reentry, seconds(180));
    EXPECT_FALSE(a.servers.at(0).active);
    EXPECT_EQ(a.servers.at(0).weight, Weight(1));
}

TEST(Reading, RemembersWhereBlocksStand) {
    const auto config = must(as_meant("\nvirtual a {\n  server s {\n  }\n}"));
    EXPECT_EQ(config.virtual_servers.at(0).location.to_string(), "lvs.cf:2:1");
    EXPECT_EQ(config.virtual_servers.at(0).servers.at(0).location.to_string(), "lvs.cf:3:3");
}

// A reader that is worse than linear does not come to an end of these within the test's time.
TEST(Reading, TakesHugeLinesAndManyLinesInBothWays) {
    const std::size_t megabyte = 1U << 20;
    const std::string line = "rsh_command = \"" + std::string(50 * megabyte, 'x') + "\"\n";
    std::string words = "virtual a {\ndirs = [";
    std::string quotes = "x = ";
    std::string returns;
    std::string lines;
    for (int i = 0; i < 1'000'000; ++i) {
        words += " \"a b\"";
        quotes += "\"a";
        returns += "\n\r#\n";
        lines += i % 2 == 0 ? "keepalive = 3\n" : "bogus \" ' {\n";
    }
    for (const bool piranha : {false, true}) {
        const auto options = options_for(piranha);
        EXPECT_EQ(parse(line, "f", options)->rsh_command.size(), 50 * megabyte);
        EXPECT_FALSE(parse(words, "f", options));
        EXPECT_FALSE(parse(quotes, "f", options));
        EXPECT_TRUE(parse(returns, "f", options));
        EXPECT_FALSE(parse(lines, "f", options));
        EXPECT_FALSE(parse(std::string(50 * megabyte, '\''), "f", options));
    }
}

}  // namespace
}  // namespace lvslab::config
