// SPDX-License-Identifier: GPL-2.0-only
/// Stations told as stories, and against slow reference models.
#include "core/server/station.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace lvslab::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::ElementsAre;
using testing::Pair;

Time at(Duration since_start) {
    return Time{since_start};
}

/// Takes out everything until the station is empty: (ticket, time of completion).
std::vector<std::pair<Station::Ticket, Time>> drained(Station& station) {
    std::vector<std::pair<Station::Ticket, Time>> result;
    while (station.next_completion() != never) {
        const Time now = station.next_completion();
        const auto done = station.complete(now);
        if (!done) {
            ADD_FAILURE() << "nothing was done at the announced time";
            return result;
        }
        result.emplace_back(*done, now);
    }
    return result;
}

TEST(Fcfs, SecondRequestWaitsForTheOnlyWorker) {
    Station station({Discipline::fcfs, 1, std::nullopt});
    ASSERT_TRUE(station.arrive(1, milliseconds(10), at(milliseconds(0))));
    ASSERT_TRUE(station.arrive(2, milliseconds(5), at(milliseconds(4))));
    EXPECT_EQ(station.busy(), 1U);
    EXPECT_EQ(station.queued(), 1U);
    EXPECT_THAT(drained(station),
                ElementsAre(Pair(1, at(milliseconds(10))), Pair(2, at(milliseconds(15)))));
}

TEST(Fcfs, ShortRequestOvertakesOnAnotherWorker) {
    Station station({Discipline::fcfs, 2, std::nullopt});
    station.arrive(1, milliseconds(10), at(milliseconds(0)));
    station.arrive(2, milliseconds(3), at(milliseconds(0)));
    station.arrive(3, milliseconds(4), at(milliseconds(0)));
    EXPECT_THAT(drained(station),
                ElementsAre(Pair(2, at(milliseconds(3))), Pair(3, at(milliseconds(7))),
                            Pair(1, at(milliseconds(10)))));
}

TEST(Fcfs, RequestsDoneAtOneTimeLeaveInTheOrderTheyBegan) {
    Station station({Discipline::fcfs, 3, std::nullopt});
    for (const Station::Ticket ticket : {7U, 5U, 6U}) {
        station.arrive(ticket, milliseconds(2), at(milliseconds(0)));
    }
    EXPECT_EQ(station.complete(at(milliseconds(2))), 7U);
    EXPECT_EQ(station.complete(at(milliseconds(2))), 5U);
    EXPECT_EQ(station.complete(at(milliseconds(2))), 6U);
    EXPECT_EQ(station.complete(at(milliseconds(2))), std::nullopt);
}

TEST(Fcfs, FullQueueRefusesAndCounts) {
    Station station({Discipline::fcfs, 1, 1});
    EXPECT_TRUE(station.arrive(1, milliseconds(10), at(milliseconds(0))));
    EXPECT_FALSE(station.full());
    EXPECT_TRUE(station.arrive(2, milliseconds(10), at(milliseconds(1))));
    EXPECT_TRUE(station.full());
    EXPECT_FALSE(station.arrive(3, milliseconds(10), at(milliseconds(2))));
    EXPECT_EQ(station.refused(), 1U);
    ASSERT_EQ(station.complete(at(milliseconds(10))), 1U);
    EXPECT_TRUE(station.arrive(4, milliseconds(1), at(milliseconds(10))));
    EXPECT_THAT(drained(station),
                ElementsAre(Pair(2, at(milliseconds(20))), Pair(4, at(milliseconds(21)))));
}

TEST(Fcfs, ZeroQueueRefusesWhenAllWorkersAreBusy) {
    Station station({Discipline::fcfs, 2, 0});
    EXPECT_TRUE(station.arrive(1, milliseconds(10), at(milliseconds(0))));
    EXPECT_TRUE(station.arrive(2, milliseconds(10), at(milliseconds(0))));
    EXPECT_FALSE(station.arrive(3, milliseconds(10), at(milliseconds(0))));
    EXPECT_EQ(station.queued(), 0U);
}

TEST(Fcfs, WorkDoneCountsWorkersAtWorkOnly) {
    Station station({Discipline::fcfs, 2, std::nullopt});
    station.arrive(1, milliseconds(10), at(milliseconds(0)));
    station.arrive(2, milliseconds(10), at(milliseconds(5)));
    station.arrive(3, milliseconds(10), at(milliseconds(6)));
    EXPECT_EQ(station.work_done(at(milliseconds(8))), milliseconds(8 + 3));
    drained(station);
    EXPECT_EQ(station.work_done(at(milliseconds(1000))), milliseconds(30));
}

TEST(ProcessorSharing, TwoRequestsShareOneWorkerEqually) {
    Station station({Discipline::processor_sharing, 1, std::nullopt});
    station.arrive(1, milliseconds(10), at(milliseconds(0)));
    // 5 ms of the first are done; both then run at half speed.
    station.arrive(2, milliseconds(10), at(milliseconds(5)));
    EXPECT_THAT(drained(station),
                ElementsAre(Pair(1, at(milliseconds(15))), Pair(2, at(milliseconds(20)))));
}

TEST(ProcessorSharing, NoOneSlowsDownWhileThereIsAWorkerEach) {
    Station station({Discipline::processor_sharing, 2, std::nullopt});
    station.arrive(1, milliseconds(10), at(milliseconds(0)));
    station.arrive(2, milliseconds(10), at(milliseconds(0)));
    EXPECT_EQ(station.next_completion(), at(milliseconds(10)));
    // The third makes three share two workers: two thirds of full speed each.
    station.arrive(3, milliseconds(6), at(milliseconds(4)));
    EXPECT_EQ(station.busy(), 2U);
    EXPECT_EQ(station.queued(), 1U);
    EXPECT_THAT(drained(station),
                ElementsAre(Pair(1, at(milliseconds(13))), Pair(2, at(milliseconds(13))),
                            Pair(3, at(milliseconds(13)))));
}

TEST(ProcessorSharing, BoundOnConcurrencyRefuses) {
    Station station({Discipline::processor_sharing, 1, 1});
    EXPECT_TRUE(station.arrive(1, milliseconds(10), at(milliseconds(0))));
    EXPECT_TRUE(station.arrive(2, milliseconds(10), at(milliseconds(0))));
    EXPECT_FALSE(station.arrive(3, milliseconds(10), at(milliseconds(0))));
    EXPECT_EQ(station.refused(), 1U);
}

TEST(ProcessorSharing, UnevenShareLeavesAtTheFirstWholeNanosecond) {
    Station station({Discipline::processor_sharing, 1, std::nullopt});
    for (Station::Ticket ticket = 0; ticket < 3; ++ticket) {
        station.arrive(ticket, nanoseconds(10), at(nanoseconds(0)));
    }
    station.arrive(3, nanoseconds(1), at(nanoseconds(7)));
    // At 7 ns each of three has 7/3 ns of 10 done; the fourth takes 4 ns at a quarter of the speed.
    EXPECT_EQ(station.next_completion(), at(nanoseconds(11)));
}

TEST(Station, EmptyStationNeverCompletes) {
    for (const auto discipline : {Discipline::fcfs, Discipline::processor_sharing}) {
        Station station({discipline, 4, 4});
        EXPECT_EQ(station.next_completion(), never);
        EXPECT_EQ(station.complete(at(milliseconds(1))), std::nullopt);
        EXPECT_EQ(station.work_done(at(milliseconds(1))), Duration::zero());
    }
}

TEST(Station, NothingIsDoneBeforeItsTime) {
    for (const auto discipline : {Discipline::fcfs, Discipline::processor_sharing}) {
        Station station({discipline, 1, std::nullopt});
        station.arrive(1, milliseconds(10), at(milliseconds(0)));
        EXPECT_EQ(station.complete(at(milliseconds(10) - nanoseconds(1))), std::nullopt);
        EXPECT_EQ(station.complete(at(milliseconds(10))), 1U);
    }
}

struct Arrival {
    std::int64_t gap, work;
};

std::vector<Arrival> some_arrivals() {
    return *rc::gen::container<std::vector<Arrival>>(rc::gen::apply(
        [](std::int64_t gap, std::int64_t work) {
            return Arrival{gap, work};
        },
        rc::gen::inRange<std::int64_t>(0, 1000), rc::gen::inRange<std::int64_t>(0, 3000)));
}

/// Runs the arrivals through a station: completion time of each, in the order of arrival.
std::vector<Time> completions(Station& station, const std::vector<Arrival>& arrivals) {
    std::vector<Time> result(arrivals.size(), never);
    Time now{};
    const auto take_until = [&](Time limit) {
        while (station.next_completion() <= limit) {
            const Time when = station.next_completion();
            result[*station.complete(when)] = when;
        }
    };
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
        now += Duration{arrivals[i].gap};
        take_until(now);
        station.arrive(i, Duration{arrivals[i].work}, now);
    }
    take_until(never - Duration{1});
    return result;
}

TEST(StationProperty, FcfsMeetsTheKieferWolfowitzRecursion) {
    EXPECT_TRUE(rc::check([] {
        const auto workers = *rc::gen::inRange(1U, 5U);
        const auto arrivals = some_arrivals();
        Station station({Discipline::fcfs, workers, std::nullopt});
        const auto done = completions(station, arrivals);

        std::vector<std::int64_t> free_at(workers, 0);
        std::int64_t now = 0;
        std::int64_t work = 0;
        for (std::size_t i = 0; i < arrivals.size(); ++i) {
            now += arrivals[i].gap;
            work += arrivals[i].work;
            auto& first_free = *std::min_element(free_at.begin(), free_at.end());
            first_free = std::max(now, first_free) + arrivals[i].work;
            RC_ASSERT(done[i] == Time{Duration{first_free}});
        }
        RC_ASSERT(station.work_done(Time{std::chrono::hours(1)}) == Duration{work});
    }));
}

/// Processor sharing the slow way: all remaining work is worn down from event to event.
std::vector<double> shared_slowly(const std::vector<Arrival>& arrivals, unsigned workers) {
    std::vector<double> result(arrivals.size());
    std::map<std::size_t, double> left;
    double now = 0;
    double next_arrival = 0;
    std::size_t arrived = 0;
    while (arrived < arrivals.size() || !left.empty()) {
        const auto speed =
            std::min(1.0, static_cast<double>(workers) / static_cast<double>(left.size()));
        const auto first = std::min_element(left.begin(), left.end(),
                                            [](auto& a, auto& b) { return a.second < b.second; });
        const bool arrives =
            arrived < arrivals.size() &&
            (left.empty() || next_arrival + static_cast<double>(arrivals[arrived].gap) <=
                                 now + first->second / speed);
        const double until = arrives ? next_arrival + static_cast<double>(arrivals[arrived].gap)
                                     : now + first->second / speed;
        for (auto& [_, remaining] : left) {
            remaining -= (until - now) * speed;
        }
        now = until;
        if (arrives) {
            next_arrival = now;
            left[arrived] = static_cast<double>(arrivals[arrived].work);
            ++arrived;
        } else {
            result[first->first] = now;
            left.erase(first);
        }
    }
    return result;
}

TEST(StationProperty, ProcessorSharingMeetsTheSlowModel) {
    EXPECT_TRUE(rc::check([] {
        const auto workers = *rc::gen::inRange(1U, 5U);
        const auto arrivals = some_arrivals();
        Station station({Discipline::processor_sharing, workers, std::nullopt});
        const auto done = completions(station, arrivals);
        const auto expected = shared_slowly(arrivals, workers);
        // Every request that leaves on a whole nanosecond delays the others by less than one.
        const auto tolerance = 1.0 + static_cast<double>(arrivals.size());
        Duration work{};
        for (std::size_t i = 0; i < arrivals.size(); ++i) {
            const auto found = static_cast<double>(done[i].time_since_epoch().count());
            RC_ASSERT(std::abs(found - expected[i]) <= tolerance);
            work += Duration{arrivals[i].work};
        }
        const Duration spent = station.work_done(Time{std::chrono::hours(1)});
        RC_ASSERT(std::abs(static_cast<double>((spent - work).count())) <= tolerance * workers);
    }));
}

}  // namespace
}  // namespace lvslab::server
