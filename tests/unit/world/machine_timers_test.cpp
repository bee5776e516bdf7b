// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/machine_timers.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/world/timers_by_hand.hpp"

namespace lvslab::world {
namespace {

using std::chrono::seconds;

struct MachineTimersTest : ::testing::Test {
    std::function<void()> says(char letter) {
        return [this, letter] { heard += letter; };
    }
    TimersByHand run;
    std::string heard;
    MachineTimers machine{run};
};

TEST_F(MachineTimersTest, GoOffAtTheirTimeWhileTheMachineRuns) {
    machine.at(Time{seconds(2)}, says('b'));
    machine.at(Time{seconds(1)}, says('a'));
    machine.cancel(machine.at(Time{seconds(1)}, says('x')));
    run.pass(Time{seconds(3)});
    EXPECT_EQ(heard, "ab");
}

TEST_F(MachineTimersTest, WaitForAMachineThatStandsStillAndKeepTheirOrder) {
    machine.at(Time{seconds(2)}, says('b'));
    machine.at(Time{seconds(1)}, says('a'));
    const auto dropped = machine.at(Time{seconds(1)}, says('x'));
    machine.at(Time{seconds(9)}, says('c'));
    machine.suspend();
    run.pass(Time{seconds(5)});
    EXPECT_EQ(heard, "");
    machine.cancel(dropped);
    machine.resume();
    EXPECT_EQ(heard, "") << "never from within resume()";
    run.pass(Time{seconds(5)});
    EXPECT_EQ(heard, "ab");
    run.pass(Time{seconds(9)});
    EXPECT_EQ(heard, "abc");
}

TEST_F(MachineTimersTest, StandStillAgainBeforeTheOverdueOnesWentOff) {
    machine.at(Time{seconds(1)}, says('a'));
    machine.suspend();
    run.pass(Time{seconds(2)});
    machine.resume();
    machine.suspend();
    run.pass(Time{seconds(3)});
    EXPECT_EQ(heard, "");
    machine.resume();
    run.pass(Time{seconds(3)});
    EXPECT_EQ(heard, "a");
}

TEST_F(MachineTimersTest, AnAlarmMayHoldUpTheOthersOfItsTime) {
    machine.at(Time{seconds(1)}, [&] { machine.suspend(); });
    machine.at(Time{seconds(1)}, says('x'));
    run.pass(Time{seconds(5)});
    EXPECT_EQ(heard, "");
    machine.resume();
    run.pass(Time{seconds(6)});
    EXPECT_EQ(heard, "x");
}

TEST_F(MachineTimersTest, OneThatIsAskedForInThePastWhileHeldUpComesBeforeTheOverdueOnes) {
    machine.at(Time{seconds(3)}, says('b'));
    run.pass(Time{seconds(2)});
    machine.suspend();
    machine.at(Time{seconds(1)}, says('a'));
    run.pass(Time{seconds(6)});
    machine.resume();
    run.pass(Time{seconds(6)});
    EXPECT_EQ(heard, "ab");
}

TEST_F(MachineTimersTest, LeaveNoAlarmBehind) {
    {
        MachineTimers short_lived(run);
        short_lived.at(Time{seconds(1)}, says('x'));
    }
    EXPECT_EQ(run.waiting(), 0U);
}

}  // namespace
}  // namespace lvslab::world
