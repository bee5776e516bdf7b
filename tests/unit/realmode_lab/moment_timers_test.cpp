// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/moment_timers.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/world/timers_by_hand.hpp"

namespace lvslab::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(MomentTimers, TheClockStandsWhileAnAlarmIsWorkedOffAndGoesOnBehindIt) {
    world::TimersByHand run;
    MomentTimers timers{run};
    std::vector<Time> told;
    timers.at(Time{seconds(1)}, [&] {
        told.push_back(timers.now());
        run.pass(Time{milliseconds(1040)});  // what it does takes time
        told.push_back(timers.now());
    });
    run.pass(Time{seconds(1)});
    EXPECT_EQ(told, std::vector<Time>(2, Time{seconds(1)}));
    EXPECT_EQ(timers.now(), Time{milliseconds(1040)});
}

TEST(MomentTimers, OneThatComesLateIsToldWhenItComes) {
    world::TimersByHand run;
    MomentTimers timers{run};
    run.pass(Time{seconds(3)});
    Time told{};
    timers.at(Time{seconds(1)}, [&] { told = timers.now(); });
    run.pass(Time{seconds(3)});
    EXPECT_EQ(told, Time{seconds(3)});
    run.pass(Time{seconds(4)});
    EXPECT_EQ(timers.now(), Time{seconds(4)});
}

TEST(MomentTimers, CancelledOnesDoNotComeAndThoseAskedForMeanwhileDo) {
    world::TimersByHand run;
    MomentTimers timers{run};
    bool wrong = false;
    Time later{};
    const auto dropped = timers.at(Time{seconds(2)}, [&] { wrong = true; });
    timers.at(Time{seconds(1)}, [&] {
        timers.cancel(dropped);
        timers.at(timers.now() + seconds(2), [&] { later = timers.now(); });
    });
    run.pass(Time{seconds(9)});
    EXPECT_FALSE(wrong);
    EXPECT_EQ(later, Time{seconds(3)});
}

}  // namespace
}  // namespace lvslab::lab
