// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "core/ipvs/kernel_timer.hpp"

namespace lvslab::ipvs {
namespace {

using namespace std::chrono_literals;

/// 10 s ahead: slots are 64 ticks, 256 ms, apart.
constexpr auto level = wheel_level(10s);

TEST(Wheel, WithoutAPhaseATimerMayFireWithinAGranuleAfterItWasDue) {
    const Wheel wheel{};
    EXPECT_EQ(wheel.earliest(Time{10s}, level), Time{10s});
    EXPECT_EQ(wheel.latest(Time{10s}, level), Time{10s + 256ms + timer_leeway});
}

TEST(Wheel, WithAPhaseATimerFiresAtTheEdgeOfItsSlot) {
    const Wheel wheel{0ms};  // edges at whole multiples of 256 ms: 9984 ms, 10240 ms
    EXPECT_EQ(wheel.earliest(Time{10s}, level), Time{10240ms - tick_leeway});
    EXPECT_EQ(wheel.latest(Time{10s}, level), Time{10240ms + tick_lateness});
    EXPECT_EQ(wheel.latest(Time{9980ms}, level), Time{9984ms + tick_lateness});
}

TEST(Wheel, ATimerDueAtAnEdgeMayBelongToEitherSlot) {
    const Wheel wheel{0ms};
    const Time due{9984ms - tick_leeway / 2};
    EXPECT_LT(wheel.earliest(due, level), Time{9984ms});
    EXPECT_GT(wheel.latest(due, level), Time{10240ms});
}

TEST(Wheel, NoTimerFiresBeforeItIsDue) {
    const Wheel wheel{0ms};
    EXPECT_EQ(wheel.earliest(Time{9984ms - tick_leeway / 2}, level),
              Time{9984ms - tick_leeway / 2});
}

TEST(Wheel, ThePhaseShiftsTheEdges) {
    const Wheel wheel{100ms};  // edges at 9884 ms, 10140 ms
    EXPECT_EQ(wheel.latest(Time{10s}, level), Time{10140ms + tick_lateness});
}

}  // namespace
}  // namespace lvslab::ipvs
