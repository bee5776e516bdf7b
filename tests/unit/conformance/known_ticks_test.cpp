// SPDX-License-Identifier: GPL-2.0-only
/// Recordings that tell how the kernel's ticks fall, and those whose timers are exact.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/conformance/recording.hpp"
#include "core/conformance/replay.hpp"

namespace lvslab::conformance {
namespace {

/// Ticks at whole multiples of 4 ms; slots of timers 10 s ahead end at multiples of 256 ms: 11008
/// ms is one, 11264 ms the next.
const std::string at_ticks = R"("t":0.0,"jiffies":6400)";

Recording read(const std::string& text) {
    const auto recording = read_recording(text, "r.jsonl");
    EXPECT_FALSE(recording.diagnostics.has_errors()) << recording.diagnostics.to_string();
    return *recording;
}

Report replayed(const std::string& text) {
    const auto report = replay(read(text));
    EXPECT_FALSE(report.diagnostics.has_errors()) << report.diagnostics.to_string();
    return *report;
}

/// A flow at 1 s whose entry is due at 11 s, and one line more.
Report flow_and(const std::string& ticks, const std::string& last) {
    return replayed(fmt::format(
        R"({{"i":0,"op":"env","kernel":"k","arch":"","script":"",{}}}
{{"i":1,"t":0.0,"op":"timeout","tcp":0,"fin":0,"udp":10}}
{{"i":2,"t":0.0,"op":"svc+","svc":"T","sched":"rr","cmd":"svc+ T udp 10.255.0.1 53 rr","err":0}}
{{"i":3,"t":0.0,"op":"dst+","svc":"T","dst":"10.1.0.1:53","m":"nat","w":1,"err":0}}
{{"i":4,"t":1000.0,"op":"in","f":"U","c":"10.9.0.1:1000","v":"10.255.0.1:53","to":"10.1.0.1:53","m":"nat"}}
{{"i":5,{}}}
)",
        ticks, last));
}

/// With the server's counters at `t` ms.
Report flow_counted_at(const std::string& ticks, unsigned t, unsigned inactive) {
    return flow_and(
        ticks, fmt::format(R"("t":{}.0,"op":"cnt","svc":"T","cnt":[["10.1.0.1:53",1,0,{},0]])", t,
                           inactive));
}

TEST(KnownTicks, AnEntryIsThereUntilItsSlotsEdge) {
    EXPECT_EQ(flow_counted_at(at_ticks, 11001, 1).mismatches, 0U);
    EXPECT_EQ(flow_counted_at(at_ticks, 11001, 0).mismatches, 1U);
}

TEST(KnownTicks, AnEntryIsGoneAfterItsSlotsEdge) {
    EXPECT_EQ(flow_counted_at(at_ticks, 11028, 0).mismatches, 0U);
    EXPECT_EQ(flow_counted_at(at_ticks, 11028, 1).mismatches, 1U);
}

TEST(KnownTicks, WithoutThemEitherIsTakenWithinAGranule) {
    for (const unsigned t : {11004U, 11020U, 11200U}) {
        EXPECT_EQ(flow_counted_at(R"("t":0.0)", t, 0).mismatches, 0U) << t;
        EXPECT_EQ(flow_counted_at(R"("t":0.0)", t, 1).mismatches, 0U) << t;
    }
}

/// With the entry listed from 2 s on.
Report listed(const std::string& end, unsigned seconds_left) {
    return flow_and(
        at_ticks,
        fmt::format(
            R"("t":2000.0,{}"op":"conns","conns":[["UDP","10.9.0.1:1000","10.255.0.1:53","10.1.0.1:53","UDP",{}]])",
            end, seconds_left));
}

TEST(ListedEntries, HaveLessLeftIfTheListWasReadLong) {
    EXPECT_EQ(listed("", 9).mismatches, 0U);
    EXPECT_EQ(listed("", 7).mismatches, 1U);
    EXPECT_EQ(listed(R"("t2":4000.0,)", 7).mismatches, 0U);
    EXPECT_EQ(listed(R"("t2":4000.0,)", 5).mismatches, 1U);
}

/// wlc over two servers, one flow on each; the third goes where the earlier one has ended.
Report third_flow(const std::string& first_line, unsigned t, const std::string& to) {
    const std::string flow = R"("v":"10.255.0.1:53","m":"nat")";
    return replayed(fmt::format(
        R"({{"i":0,"op":"env","kernel":"lvslab","arch":"","script":"",{3}}}
{{"i":1,"t":0.0,"op":"timeout","tcp":0,"fin":0,"udp":10}}
{{"i":2,"t":0.0,"op":"svc+","svc":"s0","sched":"wlc","cmd":"svc+ s0 udp 10.255.0.1 53 wlc"}}
{{"i":3,"t":0.0,"op":"dst+","svc":"s0","dst":"10.1.0.1:53","m":"nat","w":1,"u":0,"l":0}}
{{"i":4,"t":0.0,"op":"dst+","svc":"s0","dst":"10.1.0.2:53","m":"nat","w":1,"u":0,"l":0}}
{{"i":5,"t":0.0,"op":"in","f":"U","c":"10.9.0.1:1000","to":"10.1.0.2:53",{0}}}
{{"i":6,"t":1000.0,"op":"in","f":"U","c":"10.9.0.1:2000","to":"10.1.0.1:53",{0}}}
{{"i":7,"t":5000.0,"op":"in","f":"U","c":"10.9.0.1:1000","to":"10.1.0.2:53",{0}}}
{{"i":8,"t":{1}.0,"op":"in","f":"U","c":"10.9.0.1:3000","to":"{2}:53",{0}}}
)",
        flow, t, to, first_line));
}

TEST(ExactTimers, EndAnEntryAtItsTimeAndAreNeverInDoubt) {
    const std::string exact = R"("t":0.0,"timers":"exact")";
    const auto ended = third_flow(exact, 11001, "10.1.0.1");
    EXPECT_EQ(ended.mismatches, 0U);
    EXPECT_EQ(ended.timer_granule, 0U);
    EXPECT_EQ(third_flow(exact, 11001, "10.1.0.2").mismatches, 1U);
    EXPECT_EQ(third_flow(exact, 10999, "10.1.0.2").mismatches, 0U);
}

TEST(RecordingReader, TimersAreExactOrNotTold) {
    const auto errors =
        read_recording(R"({"i":0,"op":"env","timers":"late"})", "r.jsonl").diagnostics.to_string();
    EXPECT_EQ(errors, "r.jsonl:1: \"timers\" is \"late\", expected \"exact\"\n");
}

TEST(RecordingReader, AListIsNotReadBeforeItWasAskedFor) {
    const auto errors =
        read_recording(
            "{\"i\":0,\"op\":\"env\"}\n{\"i\":1,\"t\":5,\"t2\":4,\"op\":\"conns\",\"conns\":[]}\n",
            "r.jsonl")
            .diagnostics.to_string();
    EXPECT_EQ(errors, "r.jsonl:2: \"t2\" is before \"t\"\n");
}

}  // namespace
}  // namespace lvslab::conformance
