// SPDX-License-Identifier: GPL-2.0-only
// Alarms come out in the order of their times, whichever of the queues or the wheel they went to.
#include "core/ipvs/timer_wheel.hpp"

#include <random>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace lvslab::ipvs {
namespace {

using namespace std::chrono_literals;

class Alarms : public ::testing::Test {
protected:
    ConnectionId entry() {
        const auto port = static_cast<std::uint16_t>(1 + table.size());
        const Endpoint client{Address::v4(0x0A000001U + static_cast<std::uint32_t>(table.size())),
                              Port{port}};
        return table.insert(ConnectionKey{Protocol::tcp, client, service}, false);
    }
    void hang(ConnectionId id, Time at, std::size_t queue) {
        table[id].alarm = at;
        wheel.insert(id, queue);
        expected.insert({at, id});
    }
    void take_off(ConnectionId id) {
        if (table[id].alarmed != 0) {
            expected.erase({table[id].alarm, id});
        }
        wheel.remove(id);
    }
    /// All that ring by `now`, in order; compared with what is expected.
    void ring(Time now) {
        while (!expected.empty() && expected.begin()->first <= now) {
            ASSERT_LE(wheel.next(), expected.begin()->first);
            ASSERT_EQ(wheel.pop(now), expected.begin()->second);
            expected.erase(expected.begin());
        }
        ASSERT_EQ(wheel.pop(now), no_connection);
        ASSERT_GT(wheel.next(), now);
    }

    Endpoint service{Address::v4(0x0A0A0A0AU), Port{80}};
    ConnectionTable table;
    TimerWheel wheel{table};
    std::set<std::pair<Time, ConnectionId>> expected;
};

TEST_F(Alarms, ComeInOrderFromQueuesAndWheel) {
    const auto a = entry(), b = entry(), c = entry(), d = entry(), e = entry();
    hang(a, Time{60s}, 0);
    hang(b, Time{30s}, 0);  // not the last of its queue: the wheel's
    hang(c, Time{30s}, 1);  // the same time as b's: after it
    hang(d, Time{120s}, 1);
    hang(e, Time{90s}, 0);
    EXPECT_EQ(wheel.pop(Time{29s}), no_connection);
    EXPECT_EQ(wheel.pop(Time{100s}), b);
    EXPECT_EQ(wheel.pop(Time{100s}), c);
    EXPECT_EQ(wheel.pop(Time{100s}), a);
    EXPECT_EQ(wheel.pop(Time{100s}), e);
    EXPECT_EQ(wheel.pop(Time{100s}), no_connection);
    EXPECT_EQ(wheel.pop(Time{120s}), d);
    EXPECT_EQ(wheel.next(), never);
}

TEST_F(Alarms, OneThatWasTakenOffAndHungAnewRingsOnce) {
    const auto a = entry();
    hang(a, Time{60s}, 0);
    take_off(a);
    hang(a, Time{70s}, 3);
    EXPECT_EQ(wheel.pop(Time{65s}), no_connection);
    EXPECT_EQ(wheel.pop(Time{70s}), a);
    EXPECT_EQ(wheel.pop(Time{1000s}), no_connection);
}

/// As a table lives: most timeouts of one kind come in order, some do not, many alarms move, time
/// goes on in steps from nanoseconds to hours.
TEST_F(Alarms, AreThoseOfASortedSetWhateverHappens) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto below = [&](std::uint64_t n) { return random() % n; };
        std::vector<ConnectionId> ids;
        for (int i = 0; i < 300; ++i) {
            ids.push_back(entry());
        }
        Time now = expected.empty() ? Time{1s * seed} : expected.rbegin()->first;
        constexpr Duration timeouts[] = {2s, 60s, 120s, 900s, 7min, 20h};
        for (int i = 0; i < 20000; ++i) {
            const auto id = ids[below(ids.size())];
            const auto kind = below(std::size(timeouts));
            take_off(id);
            if (below(8) != 0) {
                const Duration off = below(4) == 0 ? Duration(below(50'000'000'000)) : 0ns;
                hang(id, now + timeouts[kind] + off, kind);
            }
            constexpr Duration steps[] = {0ns, 1ns, 1ms, 100ms, 3s, 100s, 3h};
            now += steps[below(below(20) == 0 ? std::size(steps) : 4)];
            ring(now);
            if (HasFatalFailure()) {
                return;
            }
        }
    }
}

}  // namespace
}  // namespace lvslab::ipvs
