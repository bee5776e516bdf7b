// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/loop_timers.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <boost/asio/post.hpp>

#include <memory>
#include <string>

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;

struct Alarms {
    EventLoop loop;
    LoopTimers timers{loop};
    std::string told;

    ports::TimerId at(Time when, const std::string& name) {
        return timers.at(when, [this, name] { told += name; });
    }
};

TEST(LoopTimers, GoOffInOrderOfTimeAndThoseOfOneTimeAsAskedFor) {
    Alarms a;
    const auto start = a.timers.now();
    a.at(start + 3ms, "d");
    a.at(start + 1ms, "a");
    a.at(start + 3ms, "e");
    a.at(start + 2ms, "b");
    a.at(start + 2ms, "c");
    a.loop.run();
    EXPECT_EQ(a.told, "abcde");
}

TEST(LoopTimers, NeverCallBeforeTheirTimeNorFromWithinAt) {
    Alarms a;
    const auto due = a.timers.now() + 2ms;
    a.timers.at(due, [&] {
        EXPECT_GE(a.timers.now(), due);
        a.at(due - 1s, "late ");
        a.told += "first ";
    });
    EXPECT_EQ(a.told, "");
    a.loop.run();
    EXPECT_EQ(a.told, "first late ");
}

TEST(LoopTimers, TimesThatHavePassedComeInTheOrderAskedFor) {
    Alarms a;
    a.at(Time{2s}, "a");
    a.at(Time{1s}, "b");
    a.at(Time{}, "c");
    EXPECT_EQ(a.told, "");
    a.loop.run();
    EXPECT_EQ(a.told, "abc");
}

TEST(LoopTimers, ThatAreCancelledDoNotComeAndHoldNothingUp) {
    Alarms a;
    const auto start = a.timers.now();
    const auto hour = a.at(start + 1h, "never");
    const auto soon = a.at(start + 1ms, "never");
    const auto other = a.at(start + 2ms, "x");
    a.timers.at(start + 1ms, [&] { a.timers.cancel(hour); });
    a.timers.cancel(soon);
    a.timers.cancel(soon);
    a.timers.cancel({});
    a.loop.run();
    EXPECT_EQ(a.told, "x");
    a.timers.cancel(other);
}

TEST(LoopTimers, AnAlarmMayCancelOneOfItsOwnTime) {
    Alarms a;
    const auto due = a.timers.now() + 1ms;
    ports::TimerId second;
    a.timers.at(due, [&] { a.timers.cancel(second); });
    second = a.at(due, "never");
    a.at(due, "x");
    a.loop.run();
    EXPECT_EQ(a.told, "x");
}

TEST(LoopTimers, NeverNeverComes) {
    Alarms a;
    a.at(never, "never");
    EXPECT_EQ(a.loop.run(), 0U);
}

TEST(LoopTimers, AnEarlierAlarmDoesNotWaitForOneThatWasSetBefore) {
    Alarms a;
    const auto start = a.timers.now();
    a.at(start + 1h, "never");
    a.timers.at(start + 1ms, [&] { a.loop.stop(); });
    a.loop.run();
    EXPECT_LT(a.timers.now(), start + 1h);
}

TEST(LoopTimers, WhatWasHeardIsHandedInBeforeAlarmsThatAreDue) {
    Alarms a;
    a.timers.read_first([&] { a.told += "read "; });
    const auto silence = a.timers.now() + 1ms;
    a.at(silence, "silence ");
    a.at(silence, "silence ");
    while (a.timers.now() < silence) {
    }
    a.loop.run();
    EXPECT_EQ(a.told, "read silence silence ");
}

TEST(LoopTimers, WhatWasHeardMayTakeBackAnAlarmThatIsDue) {
    Alarms a;
    const auto silence = a.at(a.timers.now(), "silence");
    a.timers.read_first([&] { a.timers.cancel(silence); });
    a.loop.run();
    EXPECT_EQ(a.told, "");
}

TEST(LoopTimers, AlarmsThatSetThemselvesAgainLeaveTheLoopToOthers) {
    Alarms a;
    bool other = false;
    std::function<void()> again = [&] {
        if (!other) {
            a.timers.at(Time{}, again);
        }
    };
    again();
    a.timers.at(Time{}, [&] { boost::asio::post(a.loop, [&] { other = true; }); });
    a.loop.run();
    EXPECT_TRUE(other);
}

TEST(LoopTimers, ThatHaveEndedCallNobody) {
    Alarms a;
    auto timers = std::make_unique<LoopTimers>(a.loop);
    timers->at(Time{}, [&] {
        a.told += "x";
        timers.reset();
    });
    timers->at(timers->now(), [&] { a.told += "never"; });
    a.loop.run();
    EXPECT_EQ(a.told, "x");
}

TEST(LoopTimers, ClockIsTheKernelsMonotonicOne) {
    EventLoop loop;
    const LoopTimers timers(loop);
    timespec before{};
    timespec after{};
    ::clock_gettime(CLOCK_MONOTONIC, &before);
    const auto now = timers.now();
    ::clock_gettime(CLOCK_MONOTONIC, &after);
    const auto time = [](const timespec& t) {
        return Time{std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec)};
    };
    EXPECT_LE(time(before), now);
    EXPECT_LE(now, time(after));
}

}  // namespace
}  // namespace lvslab::realmode
