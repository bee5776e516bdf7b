// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ethernet.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace lvslab::packet_world {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(Wire, CarriesAFrameInItsSerialisationTimePlusTheDelay) {
    Wire wire({BitRate{8'000'000}, milliseconds(3), 0}, 1, "w");
    // 976 bytes and 24 of framing at one byte a microsecond.
    EXPECT_EQ(wire.carry(Time{}, 976), Time{milliseconds(4)});
}

TEST(Wire, SendsQueuedFramesOneAfterTheOther) {
    Wire wire({BitRate{8'000'000}, Duration{}, 0}, 1, "w");
    EXPECT_EQ(wire.carry(Time{}, 976), Time{milliseconds(1)});
    EXPECT_EQ(wire.carry(Time{}, 976), Time{milliseconds(2)});
    EXPECT_EQ(wire.carry(Time{milliseconds(10)}, 976), Time{milliseconds(11)});
}

TEST(Wire, PadsShortFramesOnTheWire) {
    Wire wire({BitRate{8'000'000}, Duration{}, 0}, 1, "w");
    EXPECT_EQ(wire.carry(Time{}, 14), Time{nanoseconds(84'000)});
}

TEST(Wire, DropsFramesWhenItsQueueIsFull) {
    Wire wire({BitRate{8'000'000}, Duration{}, 0}, 1, "w");
    unsigned carried = 0;
    while (wire.carry(Time{}, 1000) != never) {
        ++carried;
    }
    EXPECT_EQ(carried, 256 * 1024 / 1024 + 1);
    EXPECT_NE(wire.carry(Time{milliseconds(2)}, 1000), never);
}

TEST(Wire, CountsTheFramesOnTheirWayForThemselves) {
    Wire wire({BitRate{0}, milliseconds(3), 0}, 1, "w");
    const auto& counters = wire.counters();
    wire.carry(Time{}, 1000);
    wire.carry(Time{}, 1000);
    wire.carry(Time{}, 1000);
    EXPECT_EQ(counters.waiting, 3U);
    wire.arrive();
    wire.lose_power();
    EXPECT_EQ(counters.waiting, 1U);
    wire.impairment.cut = true;
    wire.arrive();
    wire.carry(Time{}, 1000);
    EXPECT_EQ(counters.waiting, 0U);
    EXPECT_EQ(counters.offered, 4U);
    EXPECT_EQ(counters.delivered, 1U);
    EXPECT_EQ(counters.cut, 3U);
}

TEST(Wire, LosesItsShareOfFrames) {
    Wire wire({BitRate{0}, Duration{}, 0.02}, 1, "w");
    unsigned lost = 0;
    for (int i = 0; i < 100'000; ++i) {
        lost += wire.carry(Time{}, 1000) == never ? 1U : 0U;
    }
    // 2000 expected, standard deviation 44.
    EXPECT_NEAR(lost, 2000, 5 * 44);
}

TEST(Wire, LosesTheSameFramesWithTheSameSeedAndOthersWithAnother) {
    const auto losses = [](std::uint64_t seed, const char* name) {
        Wire wire({BitRate{0}, Duration{}, 0.1}, seed, name);
        std::vector<bool> lost;
        for (int i = 0; i < 200; ++i) {
            lost.push_back(wire.carry(Time{}, 1000) == never);
        }
        return lost;
    };
    EXPECT_EQ(losses(1, "loss/office-0/up"), losses(1, "loss/office-0/up"));
    EXPECT_NE(losses(1, "loss/office-0/up"), losses(2, "loss/office-0/up"));
    EXPECT_NE(losses(1, "loss/office-0/up"), losses(1, "loss/office-0/down"));
}

}  // namespace
}  // namespace lvslab::packet_world
