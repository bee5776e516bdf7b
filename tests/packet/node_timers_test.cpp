// SPDX-License-Identifier: GPL-2.0-only
/// A node's alarms, held up and let go.
#include "sim/packet/node_timers.hpp"

#include <gtest/gtest.h>

#include <string>

#include "sim/packet/clock.hpp"
#include "tests/packet/traffic.hpp"

namespace lvslab::packet_world::testing {
namespace {

using std::chrono::seconds;

struct Alarms {
    ~Alarms() { ns3::Simulator::Destroy(); }

    void at(int second, const std::string& name) {
        timers.at(Time{seconds(second)}, [this, name] {
            told += name + std::to_string(now().time_since_epoch() / seconds(1)) + " ";
        });
    }
    void run_until(int second) {
        ns3::Simulator::Stop(to_ns3(Time{seconds(second)} - now()));
        ns3::Simulator::Run();
    }
    NodeTimers timers;
    std::string told;
};

TEST(NodeTimers, GoOffInOrderAndThoseOfOneTimeAsAskedFor) {
    Alarms a;
    a.at(3, "c");
    a.at(1, "a");
    a.at(3, "d");
    a.at(2, "b");
    const auto cancelled = a.timers.at(Time{seconds(2)}, [&] { a.told += "never "; });
    a.timers.cancel(cancelled);
    a.timers.cancel(cancelled);
    a.timers.cancel({});
    a.run_until(10);
    EXPECT_EQ(a.told, "a1 b2 c3 d3 ");
}

TEST(NodeTimers, HeldUpTheyWaitAndComeInOrder) {
    Alarms a;
    a.at(1, "a");
    a.at(4, "c");
    a.at(3, "b");
    a.at(9, "d");
    a.run_until(2);
    a.timers.suspend();
    a.at(1, "late");
    a.run_until(6);
    EXPECT_EQ(a.told, "a1 ");
    a.timers.resume();
    a.run_until(10);
    EXPECT_EQ(a.told, "a1 late6 b6 c6 d9 ");
}

TEST(NodeTimers, AnAlarmMayHoldUpTheOthersOfItsTime) {
    Alarms a;
    a.timers.at(Time{seconds(1)}, [&] { a.timers.suspend(); });
    a.at(1, "x");
    a.run_until(5);
    EXPECT_EQ(a.told, "");
    a.timers.resume();
    a.run_until(6);
    EXPECT_EQ(a.told, "x5 ");
}

}  // namespace
}  // namespace lvslab::packet_world::testing
