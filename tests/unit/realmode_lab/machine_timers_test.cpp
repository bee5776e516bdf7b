// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/machine_timers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace lvslab::lab {
namespace {

using std::chrono::seconds;

/// Timers whose clock the test moves.
class ByHand final : public ports::Timers {
public:
    Time now() const override { return now_; }
    ports::TimerId at(Time when, std::function<void()> call) override {
        alarms_.emplace(std::pair{when, ++last_}, std::move(call));
        return ports::TimerId{last_};
    }
    void cancel(ports::TimerId timer) override {
        std::erase_if(alarms_, [&](const auto& a) { return a.first.second == timer.value(); });
    }
    void pass(Time until) {
        while (!alarms_.empty() && alarms_.begin()->first.first <= until) {
            auto alarm = alarms_.extract(alarms_.begin());
            now_ = std::max(now_, alarm.key().first);
            alarm.mapped()();
        }
        now_ = until;
    }
    std::size_t waiting() const { return alarms_.size(); }

private:
    Time now_{};
    std::map<std::pair<Time, std::uint64_t>, std::function<void()>> alarms_;
    std::uint64_t last_ = 0;
};

struct MachineTimersTest : ::testing::Test {
    std::function<void()> says(char letter) {
        return [this, letter] { heard += letter; };
    }
    ByHand run;
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

TEST_F(MachineTimersTest, LeaveNoAlarmBehind) {
    {
        MachineTimers short_lived(run);
        short_lived.at(Time{seconds(1)}, says('x'));
    }
    EXPECT_EQ(run.waiting(), 0U);
}

}  // namespace
}  // namespace lvslab::lab
