// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/log_lines.hpp"

#include <gtest/gtest.h>

namespace lvslab::realmode {
namespace {

LogLevel level_of(const std::string& note, NoteFrom from) {
    const auto line = log_line(ports::Note{note}, from);
    EXPECT_EQ(line.value().text, note);
    return line->level;
}

TEST(LogLines, WarnOfWhatTheRouterDoesNotDo) {
    for (const auto* trouble : {"IPVS refused to add service TCP 192.0.2.10:80: no such scheduler",
                                "heartbeat refused: heartbeat of 3 bytes; a heartbeat has 4",
                                "partner active: announcing again", "local link failure",
                                "this is the backup node and backup_active is 0",
                                "service b is left out: a is found by the same packets"}) {
        EXPECT_EQ(level_of(trouble, NoteFrom::router), LogLevel::warning) << trouble;
    }
    for (const auto* news :
         {"configuration reloaded", "lvs.cf:3:13: keepalive is 2, but 6 in lvs.cf:3",
          "running /sbin/up", "gratuitous ARPs finished", "local links restored",
          "partner runs: local fault cleared"}) {
        EXPECT_EQ(level_of(news, NoteFrom::router), LogLevel::info) << news;
    }
}

TEST(LogLines, WarnOfEachLineOfARefusedConfiguration) {
    for (const auto* text : {"configuration not reloaded, the old one stays:",
                             "lvs.cf:3:13: found \"soon\"; expected a number"}) {
        EXPECT_EQ(level_of(text, NoteFrom::refusal), LogLevel::warning);
    }
}

TEST(LogLines, WarnOfWhatTheHostDoesNotLetItDo) {
    for (const auto* trouble :
         {"192.0.2.10 cannot be raised on eth0: Cannot assign requested address; tried again each "
          "second",
          "heartbeats on the public path: 192.0.2.9:539/udp is in use by another program",
          "heartbeat from 192.0.2.8 was not made with this router's key; dropped",
          "IPVS: cannot start the sync daemon: No such device"}) {
        EXPECT_EQ(level_of(trouble, NoteFrom::hand), LogLevel::warning) << trouble;
    }
    for (const auto* end : {"192.0.2.10 raised after all on eth0",
                            "heartbeats on the public path: bound to 192.0.2.9:539"}) {
        EXPECT_EQ(level_of(end, NoteFrom::hand), LogLevel::info) << end;
    }
}

TEST(LogLines, WarnOfScriptsThatFailAndNotOfWhatTheySay) {
    EXPECT_EQ(level_of("/sbin/up: routes are set", NoteFrom::script), LogLevel::info);
    EXPECT_EQ(level_of("/sbin/up: ended with status 1", NoteFrom::script), LogLevel::warning);
    EXPECT_EQ(level_of("cannot run \"/sbin/up\": No such file or directory", NoteFrom::script),
              LogLevel::warning);
}

TEST(LogLines, TellOfRolesAndAddressesAndNotOfEveryHeartbeat) {
    EXPECT_EQ(log_line(ports::RoleChanged{true, pulse::Reason::partner_silent}, NoteFrom::router),
              (LogLine{LogLevel::info, "active: partner dead"}));
    EXPECT_EQ(log_line(ports::AddressRaised{Address::v4(0xC000020A)}, NoteFrom::router),
              (LogLine{LogLevel::info, "address 192.0.2.10 raised"}));
    EXPECT_EQ(log_line(ports::HeartbeatSent{}, NoteFrom::router), std::nullopt);
}

TEST(LogLines, TellOfRefusedHeartbeatsOnceAMinute) {
    using namespace std::chrono_literals;
    const ports::Note refused{"heartbeat refused: heartbeat of 3 bytes; a heartbeat has 4"};
    const RareNote::Clock::time_point start{1000s};
    LogLines lines;
    const auto at = [&](RareNote::Clock::duration when) {
        const auto line = lines.line(refused, NoteFrom::router, start + when);
        return line ? line->text : "";
    };
    EXPECT_EQ(at(0s), refused.text);
    for (int i = 1; i < 400; ++i) {
        EXPECT_EQ(at(i * 100ms), "");
    }
    EXPECT_EQ(lines.line(ports::Note{"local link failure"}, NoteFrom::router, start + 50s),
              (LogLine{LogLevel::warning, "local link failure"}));
    EXPECT_EQ(at(60s), refused.text + " (400 since the last such line)");
    EXPECT_EQ(at(61s), "");
}

}  // namespace
}  // namespace lvslab::realmode
