// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "core/conformance/command_line.hpp"
#include "core/conformance/replay.hpp"
#include "core/conformance/sysctl.hpp"

namespace lvslab::conformance {
namespace {

using namespace std::chrono_literals;

std::string errors_of(const std::string& text) {
    return read_recording(text, "r.jsonl").diagnostics.to_string();
}

const std::string first = R"({"i":0,"op":"env","kernel":"6.12"})"
                          "\n";

TEST(RecordingReader, AnUnknownOperationIsAnErrorWithItsLine) {
    EXPECT_EQ(errors_of(first + R"({"i":1,"t":1,"op":"reboot"})"),
              "r.jsonl:2: unknown operation \"reboot\"\n");
}

TEST(RecordingReader, ALineThatIsCutOffIsAnErrorWithItsLineAndColumn) {
    const auto errors = errors_of(first + R"({"i":1,"t":1,"op":"in","f":"S)");
    EXPECT_TRUE(errors.starts_with("r.jsonl:2:")) << errors;
    EXPECT_NE(errors.find("cut off"), std::string::npos) << errors;
}

TEST(RecordingReader, AMissingLineIsFoundByTheNumbers) {
    EXPECT_EQ(errors_of(first + R"({"i":2,"t":1,"op":"counters","on":1})"),
              "r.jsonl:2: \"i\" is 2, expected 1: lines are missing\n");
}

TEST(RecordingReader, AllErrorsAreToldAtOnce) {
    EXPECT_EQ(errors_of(first + R"({"i":1,"t":1,"op":"in","f":"S","c":"1.2.3.4","v":"1.1.1.1:1"})"
                                "\n"
                                R"({"i":2,"t":1,"op":"cnt","cnt":[["1.1.1.1:80",1,2]]})"
                                "\nnonsense\n"),
              "r.jsonl:2: \"1.2.3.4\" is no ADDRESS:PORT\n"
              "r.jsonl:3: [\"1.1.1.1:80\",1,2] in \"cnt\", expected [server, weight, active, "
              "inactive, persistent]\n"
              "r.jsonl:4:2: no JSON, expected one object a line\n");
}

TEST(RecordingReader, AnEmptyRecordingIsAnError) {
    EXPECT_EQ(errors_of(""), "r.jsonl:1: the recording is empty\n");
}

TEST(RecordingReader, TimeThatRunsBackwardsIsAnError) {
    EXPECT_EQ(errors_of(R"({"i":0,"t":5,"op":"counters","on":1})"
                        "\n"
                        R"({"i":1,"t":4,"op":"counters","on":0})"),
              "r.jsonl:2: time runs backwards\n");
}

TEST(ServiceCommand, ReadsAddressSchedulerPersistenceMaskAndFlags) {
    const auto c =
        read_service_command("svc+ T udp 10.255.0.1 80 mh pers=300 mask=255.255.255.0 flags=0x1c");
    EXPECT_EQ(c.error, "");
    EXPECT_EQ(c.key.protocol, Protocol::udp);
    EXPECT_EQ(c.key.endpoint, Endpoint::parse("10.255.0.1:80"));
    EXPECT_EQ(c.settings.scheduler, "mh");
    EXPECT_EQ(c.settings.persistent, 300s);
    EXPECT_EQ(c.settings.persistence_mask, Address::v4(0xFFFFFF00U));
    EXPECT_TRUE(c.settings.one_packet);
    EXPECT_TRUE(c.settings.scheduler_flag_1);
    EXPECT_TRUE(c.settings.scheduler_flag_2);
}

TEST(ServiceCommand, WhatItDoesNotKnowIsAnError) {
    EXPECT_NE(read_service_command("svc+ T tcp 10.255.0.1 80 wlc pe=sip").error, "");
    EXPECT_NE(read_service_command("svc+ T tcp 10.255.0.1 80 wlc flags=0x20").error, "");
    EXPECT_NE(read_service_command("svc+ T tcp 10.255.0.1 80").error, "");
    EXPECT_NE(read_service_command("svc+ T icmp 10.255.0.1 80 wlc").error, "");
}

TEST(ShellCommand, ReadsTheMarkOfEachRule) {
    const auto c = read_shell_command(
        "iptables -t mangle -A PREROUTING -d 10.255.0.0/24 -j MARK --set-mark 5; iptables -t "
        "mangle "
        "-A PREROUTING -d 10.9.9.9 -p udp --dport 53 -j MARK --set-mark 0x7");
    EXPECT_EQ(c.error, "");
    ASSERT_EQ(c.rules.size(), 2U);
    EXPECT_EQ(c.rules[0].mark, Fwmark{5});
    EXPECT_EQ(c.rules[1].mark, Fwmark{7});
    EXPECT_EQ(c.rules[1].protocol, Protocol::udp);
    EXPECT_EQ(c.rules[1].port, Port{53});
    EXPECT_TRUE(c.rules[1].destination->contains(*Address::parse("10.9.9.9")));
}

TEST(ShellCommand, AnyOtherCommandIsAnError) {
    EXPECT_NE(read_shell_command("ip link set eth0 down").error, "");
    EXPECT_NE(read_shell_command("iptables -A INPUT -j DROP").error, "");
}

TEST(Sysctl, SetsWhatTheModelKnowsAndRefusesTheRest) {
    ipvs::Options options;
    EXPECT_EQ(set_sysctl(options, "net.ipv4.vs.expire_nodest_conn", 1), "");
    EXPECT_TRUE(options.expire_nodest_conn);
    EXPECT_EQ(set_sysctl(options, "conn_reuse_mode", 2), "");
    EXPECT_EQ(options.conn_reuse_mode, 2U);
    EXPECT_EQ(set_sysctl(options, "lblc_expiration", 90), "");
    EXPECT_EQ(options.lblc_expiration, 90s);
    EXPECT_EQ(set_sysctl(options, "pmtu_disc", 0), "");
    EXPECT_EQ(set_sysctl(options, "drop_entry", 0), "");
    EXPECT_NE(set_sysctl(options, "drop_entry", 3), "");
    EXPECT_NE(set_sysctl(options, "no_such_thing", 0), "");
}

TEST(Replay, ASysctlThatIsNotModelledIsAnErrorWithItsLine) {
    const auto recording =
        read_recording(first + R"({"i":1,"t":1,"op":"sysctl","k":"drop_entry","val":3})", "r");
    ASSERT_TRUE(recording);
    EXPECT_EQ(replay(*recording).diagnostics.to_string(),
              "r:2: sysctl drop_entry = 3 is not modelled\n");
}

TEST(Replay, AServerOfAServiceThatNobodyDefinedIsAnError) {
    const auto recording =
        read_recording(R"({"i":0,"t":1,"op":"dst-","svc":"X","dst":"10.1.0.10:80","err":3})", "r");
    ASSERT_TRUE(recording);
    EXPECT_EQ(replay(*recording).diagnostics.to_string(), "r:1: service \"X\" was never defined\n");
}

TEST(Replay, ErrorNumbersAreThoseOfTheKernel) {
    const std::string text =
        R"({"i":0,"t":1,"op":"svc+","svc":"T","sched":"rr","cmd":"svc+ T tcp 10.255.0.1 80 rr","err":0}
{"i":1,"t":2,"op":"svc+","svc":"T","sched":"rr","cmd":"svc+ T tcp 10.255.0.1 80 rr","err":17}
{"i":2,"t":3,"op":"dst+","svc":"T","dst":"10.1.0.10:80","m":"nat","w":1,"u":2,"l":3,"err":34}
{"i":3,"t":4,"op":"dst+","svc":"T","dst":"10.1.0.10:80","m":"nat","w":-1,"err":34}
{"i":4,"t":5,"op":"dst=","svc":"T","dst":"10.1.0.10:80","m":"nat","w":1,"err":2}
{"i":5,"t":6,"op":"dst+","svc":"T","dst":"224.0.0.1:80","m":"nat","w":1,"err":22}
{"i":6,"t":7,"op":"dst+","svc":"T","dst":"10.1.0.10:80","m":"nat","w":1,"err":0}
{"i":7,"t":8,"op":"dst+","svc":"T","dst":"10.1.0.10:80","m":"nat","w":1,"err":17}
{"i":8,"t":9,"op":"svc=","svc":"T","sched":"xyz","cmd":"svc= T tcp 10.255.0.1 80 xyz","err":2}
{"i":9,"t":10,"op":"svc-","svc":"T","err":0}
{"i":10,"t":11,"op":"dst-","svc":"T","dst":"10.1.0.10:80","err":3}
)";
    const auto recording = read_recording(text, "r");
    ASSERT_TRUE(recording) << recording.diagnostics.to_string();
    const auto report = replay(*recording);
    ASSERT_TRUE(report) << report.diagnostics.to_string();
    EXPECT_EQ(report->events, 11U);
    EXPECT_EQ(report->mismatches, 0U) << report->first->event << report->first->found;
}

}  // namespace
}  // namespace lvslab::conformance
