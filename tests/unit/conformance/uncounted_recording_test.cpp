// SPDX-License-Identifier: GPL-2.0-only
/// Recordings that show no counters, as a world's journal gives them: when a timer fired is told by
/// the decisions alone.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/conformance/recording.hpp"
#include "core/conformance/replay.hpp"

namespace lvslab::conformance {
namespace {

/// wlc over two servers, one flow on each. That of 10.1.0.1 is due at 11 s, the other one's was
/// renewed. A third flow at `t` ms goes to 10.1.0.1 only if its flow has ended.
Report third_flow_at(unsigned t) {
    const std::string flow = R"("v":"10.255.0.1:53","m":"nat")";
    const auto text = fmt::format(
        R"({{"i":0,"t":0.0,"op":"env","kernel":"lvslab","arch":"","script":""}}
{{"i":1,"t":0.0,"op":"timeout","tcp":0,"fin":0,"udp":10}}
{{"i":2,"t":0.0,"op":"svc+","svc":"s0","sched":"wlc","cmd":"svc+ s0 udp 10.255.0.1 53 wlc"}}
{{"i":3,"t":0.0,"op":"dst+","svc":"s0","dst":"10.1.0.1:53","m":"nat","w":1,"u":0,"l":0}}
{{"i":4,"t":0.0,"op":"dst+","svc":"s0","dst":"10.1.0.2:53","m":"nat","w":1,"u":0,"l":0}}
{{"i":5,"t":0.0,"op":"in","f":"U","c":"10.9.0.1:1000","to":"10.1.0.2:53",{0}}}
{{"i":6,"t":1000.0,"op":"in","f":"U","c":"10.9.0.1:2000","to":"10.1.0.1:53",{0}}}
{{"i":7,"t":5000.0,"op":"in","f":"U","c":"10.9.0.1:1000","to":"10.1.0.2:53",{0}}}
{{"i":8,"t":{1}.0,"op":"in","f":"U","c":"10.9.0.1:3000","to":"10.1.0.1:53",{0}}}
)",
        flow, t);
    const auto read = read_recording(text, "flows.jsonl");
    EXPECT_FALSE(read.diagnostics.has_errors()) << read.diagnostics.to_string();
    const auto report = replay(*read);
    EXPECT_FALSE(report.diagnostics.has_errors()) << report.diagnostics.to_string();
    return *report;
}

TEST(UncountedRecording, ATimerMayHaveFiredFromWhenItWasDue) {
    const auto report = third_flow_at(11010);
    EXPECT_EQ(report.mismatches, 0U);
    EXPECT_EQ(report.timer_granule, 1U);
}

TEST(UncountedRecording, NoTimerFiresBeforeItIsDue) {
    const auto report = third_flow_at(10990);
    EXPECT_EQ(report.mismatches, 1U);
    EXPECT_EQ(report.timer_granule, 0U);
}

}  // namespace
}  // namespace lvslab::conformance
