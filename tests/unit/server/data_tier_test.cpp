// SPDX-License-Identifier: GPL-2.0-only
/// What a data server is besides its sockets: its station, a request's accesses, its pair's roles.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/server/active_passive.hpp"
#include "core/server/data_accesses.hpp"
#include "core/server/data_station.hpp"

namespace lvslab::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Time at(Duration since_start) {
    return Time{since_start};
}

TEST(DataStation, ServesAsManyAccessesAtOnceAsItHasWorkers) {
    scenario::DataServer server;
    server.workers = 2;
    server.service = scenario::Constant{0.010};
    RandomStream draws(1, "data/db");
    DataStation station(server, draws);
    for (Station::Ticket i = 0; i < 3; ++i) {
        station.arrive(i, Time{});
    }
    EXPECT_EQ(station.complete(at(milliseconds(10))), 0U);
    EXPECT_EQ(station.complete(at(milliseconds(10))), 1U);
    EXPECT_EQ(station.next_completion(), at(milliseconds(20)));
    station.slow_down(10);
    station.arrive(3, at(milliseconds(10)));
    EXPECT_EQ(station.complete(at(milliseconds(20))), 2U);
    EXPECT_EQ(station.next_completion(), at(milliseconds(110)));
}

TEST(DataAccesses, AreTheReadsAndThenTheWrites) {
    scenario::DataNeed need;
    need.reads = 2;
    need.writes = 1;
    need.bytes = scenario::Constant{4096};
    RandomStream draws(1, "data/web1");
    DataAccesses accesses(need, draws);
    std::vector<DataAccess> seen;
    while (!accesses.done()) {
        seen.push_back(accesses.current());
        accesses.answered();
    }
    EXPECT_EQ(seen, (std::vector<DataAccess>{{false, 4096}, {false, 4096}, {true, 4096}}));
}

TEST(DataAccesses, DrawTheirSizesFromTheScenariosDistribution) {
    scenario::DataNeed need;
    need.reads = 10'000;
    need.bytes = scenario::Exponential{8192};
    RandomStream draws(1, "data/web1");
    DataAccesses accesses(need, draws);
    double sum = 0;
    while (!accesses.done()) {
        sum += static_cast<double>(accesses.current().bytes);
        accesses.answered();
    }
    EXPECT_NEAR(sum / 10'000, 8192, 5 * 82);  // five standard errors
}

TEST(ActivePassive, StandbyTakesOverAndKeepsTheRole) {
    ActivePassive pair(2, seconds(4));
    EXPECT_EQ(pair.active(), 0U);
    EXPECT_EQ(pair.next_takeover(), never);
    EXPECT_TRUE(pair.died(0, at(seconds(10))));
    EXPECT_EQ(pair.active(), std::nullopt);
    EXPECT_EQ(pair.next_takeover(), at(seconds(14)));
    EXPECT_EQ(pair.take_over(at(seconds(13))), std::nullopt);
    EXPECT_EQ(pair.take_over(at(seconds(14))), 1U);
    EXPECT_FALSE(pair.returned(0));
    EXPECT_EQ(pair.active(), 1U);
    EXPECT_FALSE(pair.died(0, at(seconds(20))));
    EXPECT_EQ(pair.active(), 1U);
}

TEST(ActivePassive, NodeThatReturnsBeforeTheTakeoverNeverLostTheRole) {
    ActivePassive pair(2, seconds(4));
    pair.died(0, at(seconds(10)));
    EXPECT_TRUE(pair.returned(0));
    EXPECT_EQ(pair.active(), 0U);
    EXPECT_EQ(pair.next_takeover(), never);
}

TEST(ActivePassive, SingleServerWaitsForItself) {
    ActivePassive single(1, seconds(4));
    EXPECT_TRUE(single.died(0, at(seconds(10))));
    EXPECT_EQ(single.next_takeover(), never);
    EXPECT_TRUE(single.returned(0));
    EXPECT_EQ(single.active(), 0U);
}

TEST(ActivePassive, StandbyThatBootsLateTakesOverWhatIsOrphaned) {
    ActivePassive pair(2, seconds(4));
    pair.died(1, at(seconds(5)));
    pair.died(0, at(seconds(10)));
    EXPECT_EQ(pair.next_takeover(), never);
    EXPECT_FALSE(pair.returned(1));
    EXPECT_EQ(pair.take_over(at(seconds(30))), 1U);
}

TEST(ActivePassiveProperty, ServiceIsBackWithinTheTakeoverOfALivingNode) {
    EXPECT_TRUE(rc::check([] {
        const Duration takeover{*rc::gen::inRange(1, 50)};
        ActivePassive pair(2, takeover);
        Time now{};
        Time alone_since = Time{};  // since when a node lives, or the holder died
        for (const auto step :
             *rc::gen::container<std::vector<unsigned>>(rc::gen::arbitrary<unsigned>())) {
            now += Duration{step % 31};
            while (pair.next_takeover() <= now) {
                const auto due = std::max(pair.next_takeover(), alone_since);
                RC_ASSERT(pair.take_over(due).has_value());
            }
            const unsigned node = (step / 31) % 2;
            const bool was_active = pair.active() == node;
            if ((step / 62) % 2 == 0) {
                RC_ASSERT(pair.died(node, now) == was_active);
            } else {
                const bool lived = pair.alive(node);
                const auto holder = pair.active();
                const bool taken = pair.returned(node);
                // Whoever has the role keeps it.
                RC_ASSERT(!holder || pair.active() == holder);
                RC_ASSERT(!(lived && taken));
                alone_since = now;
            }
            if (!pair.active() && (pair.alive(0) || pair.alive(1))) {
                RC_ASSERT(pair.next_takeover() <= now + takeover);
            }
        }
    }));
}

}  // namespace
}  // namespace lvslab::server
