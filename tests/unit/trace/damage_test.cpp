// SPDX-License-Identifier: GPL-2.0-only
// One bit of a capture is wrong: it makes no bytes and moves no connection, and it is named.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/trace/record_times.hpp"
#include "tests/unit/trace/traffic.hpp"

namespace lvslab::trace::testing {
namespace {

/// A keep-alive connection of three turns, opened and closed in the capture.
std::vector<Segment> dialogue(std::uint32_t client_isn, std::uint32_t server_isn) {
    Dialogue d(client_isn, server_isn);
    std::vector<Segment> sent{d.syn(), d.syn_ack(), d.ack(true)};
    for (int turn = 0; turn < 3; ++turn) {
        sent.push_back(d.data(true, 400));
        sent.push_back(d.data(false, 1460));
        sent.push_back(d.data(false, 540));
        sent.push_back(d.ack(true));
    }
    sent.push_back(d.fin(true));
    sent.push_back(d.fin(false));
    sent.push_back(d.ack(true));
    return sent;
}

using Sizes = std::pair<std::uint64_t, std::uint64_t>;

Sizes sizes(const Watched& w) {
    Sizes sum;
    for (const auto& c : w.connections) {
        for (const auto& turn : c.turns) {
            sum.first += turn.request_bytes;
            sum.second += turn.response_bytes;
        }
    }
    return sum;
}

/// The handshake and a request of 400 bytes, a millisecond apart.
void ask(Watched& w, Dialogue& d) {
    w.at(0ms, d.syn());
    w.at(1ms, d.syn_ack());
    w.at(2ms, d.data(true, 400));
}

RC_GTEST_PROP(DamagedNumber, OneBitOfANumberMakesNoBytesAndIsNamed, ()) {
    auto sent =
        dialogue(*rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::uint32_t>());
    const auto which = *rc::gen::inRange<std::size_t>(0, sent.size());
    // Wrong by more than the window, 65535, and the one byte more that probes of it have.
    const auto bit = std::uint32_t{1} << *rc::gen::inRange(17, 32);
    const bool acknowledgement = which > 0 && *rc::gen::arbitrary<bool>();
    (acknowledgement ? sent[which].acknowledgement : sent[which].sequence) ^= bit;
    Watched w;
    Duration now{};
    for (const auto& segment : sent) {
        w.at(now += 1ms, segment);
    }
    w.over();
    RC_ASSERT(w.connections.size() == 1U);
    RC_ASSERT(sizes(w) == Sizes(1200, 6000));
    RC_ASSERT(w.odd.size() == 1U);
    RC_ASSERT(w.odd[0].record == which + 1);
    RC_ASSERT((w.odd[0].found ^ w.odd[0].expected) >= bit / 2);
}

TEST(DamagedNumber, BytesThatTheCaptureHasLostBeyondAWindowCountOnceTwoPacketsSpeakForThem) {
    Watched w;
    Dialogue d;
    ask(w, d);
    w.at(3ms, d.data(false, 1000));
    d.data(false, 1'000'000);  // the capture was overrun, and the client's ACKs are lost too
    w.at(9ms, d.data(false, 1000));
    EXPECT_TRUE(w.odd.empty());
    w.at(10ms, d.data(false, 500));
    w.at(11ms, d.ack(true));
    w.at(12ms, d.fin(false));
    w.at(13ms, d.fin(true));
    w.at(14ms, d.ack(false));
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(sizes(w), (Sizes(400, 1'002'500)));
    EXPECT_TRUE(w.odd.empty());
    EXPECT_EQ(w.counts().out_of_window, 0U);
}

TEST(DamagedNumber, AFinTellsWhatANumberWithinTheWindowHasMadeUp) {
    Watched w;
    Dialogue d;
    ask(w, d);
    w.at(3ms, d.data(false, 1000));
    auto second = d.data(false, 700);
    second.sequence += 1U << 15;
    w.at(4ms, second);
    w.at(5ms, d.data(false, 300));
    w.at(6ms, d.ack(true));
    w.at(7ms, d.fin(false));
    w.at(8ms, d.fin(true));
    w.at(9ms, d.ack(false));
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(sizes(w), (Sizes(400, 2000)));
    ASSERT_EQ(w.odd.size(), 1U);
    EXPECT_EQ(w.odd[0].record, 5U);
    EXPECT_EQ(w.odd[0].found, second.sequence);
}

TEST(DamagedNumber, PacketsOfAnotherConnectionOfThePortAreNotUsed) {
    Watched w;
    Dialogue d;
    ask(w, d);
    w.at(3ms, d.data(false, 1000));
    Dialogue other(900'000'000, 70'000'000);  // its SYNs are not in the capture
    other.syn();
    other.syn_ack();
    w.at(4ms, other.data(true, 10));
    w.at(5ms, other.data(false, 20));
    w.at(6ms, other.data(true, 10));
    w.over();
    EXPECT_EQ(sizes(w), (Sizes(400, 1000)));
    EXPECT_EQ(w.counts().out_of_window, 3U);
}

// ---- times ----

struct Times {
    std::vector<Duration> at;
    std::vector<std::string> findings;
};

/// As a capture of these records is read.
Times read(const std::vector<Duration>& told) {
    Times times;
    RecordTimes line;
    for (std::size_t i = 0; i < told.size(); ++i) {
        if (line.in_line(told[i])) {
            times.at.push_back(line.take(told[i]));
            continue;
        }
        const auto behind = [&](std::size_t n) {
            return i + n < told.size() ? std::optional(told[i + n]) : std::nullopt;
        };
        const auto verdict = line.judge(told[i], behind(1), behind(2));
        times.at.push_back(verdict.at);
        if (verdict.finding) {
            times.findings.push_back(*verdict.finding);
        }
    }
    return times;
}

std::vector<Duration> every_10ms(int count) {
    std::vector<Duration> times;
    for (int i = 0; i < count; ++i) {
        times.push_back(1'700'000'000s + 10ms * i);
    }
    return times;
}

TEST(RecordTimes, ARecordOutOfLineWithBothNeighboursIsPutBetweenThem) {
    for (const auto off : {134'217'728s, -134'217'728s, 2s, -2s}) {
        auto told = every_10ms(9);
        told[4] += off;
        const auto times = read(told);
        auto expected = every_10ms(9);
        EXPECT_EQ(times.at, expected) << off.count();
        ASSERT_EQ(times.findings.size(), 1U) << off.count();
        EXPECT_EQ(times.findings[0].substr(0, 20), "packet 5 tells a tim");
    }
}

RC_GTEST_PROP(RecordTimes, OneBitOfATimeMovesNoOtherRecord, ()) {
    const auto whole = every_10ms(9);
    const auto which = *rc::gen::inRange<std::size_t>(0, whole.size());
    auto told = whole;
    // Bits of a day or more at the ends, which have one neighbour, of two seconds or more
    // elsewhere.
    const bool at_an_end = which == 0 || which + 1 == whole.size();
    const auto bit = std::int64_t{1} << *rc::gen::inRange(at_an_end ? 17 : 1, 32);
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(whole[which]).count();
    told[which] += std::chrono::seconds((second ^ bit) - second);
    const auto times = read(told);
    RC_ASSERT(times.findings.size() == 1U);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        const auto off = i == which ? 10ms : 0ms;
        RC_ASSERT(times.at[i] >= whole[i] - off);
        RC_ASSERT(times.at[i] <= whole[i] + off);
    }
}

TEST(RecordTimes, SilenceAndALittleDisorderAreNoDamage) {
    const std::vector<Duration> told{0s, 10ms, 5ms, 12ms, 3600s, 3600s + 1ms, 7200s, 7199s + 950ms};
    const auto times = read(told);
    EXPECT_EQ(times.at, told);
    EXPECT_TRUE(times.findings.empty());
}

TEST(RecordTimes, AClockThatIsSetBackGoesOnFromWhereItStood) {
    auto told = every_10ms(8);
    for (std::size_t i = 4; i < told.size(); ++i) {
        told[i] -= 3600s;
    }
    const auto times = read(told);
    ASSERT_EQ(times.findings.size(), 1U);
    EXPECT_NE(times.findings[0].find("packet 5 and those behind it"), std::string::npos);
    for (std::size_t i = 1; i < times.at.size(); ++i) {
        EXPECT_EQ(times.at[i] - times.at[i - 1], i == 4 ? 0ms : 10ms) << i;
    }
}

}  // namespace
}  // namespace lvslab::trace::testing
