// SPDX-License-Identifier: GPL-2.0-only
/// Requests that keep their worker when their own work is done: they wait for a data server.
#include <algorithm>
#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/server/application.hpp"
#include "core/server/station.hpp"

namespace lvslab::server {
namespace {

using std::chrono::milliseconds;
using Then = Station::Then;

Time at(Duration since_start) {
    return Time{since_start};
}

TEST(HeldRequest, KeepsItsWorkerUntilItIsReleased) {
    Station station({Discipline::fcfs, 1, std::nullopt});
    station.arrive(1, milliseconds(10), at(milliseconds(0)), Then::hold);
    station.arrive(2, milliseconds(5), at(milliseconds(0)));
    EXPECT_EQ(station.complete(at(milliseconds(10))), 1U);
    EXPECT_TRUE(station.held(1));
    EXPECT_EQ(station.next_completion(), never);
    EXPECT_EQ(station.busy(), 1U);
    EXPECT_EQ(station.queued(), 1U);
    EXPECT_TRUE(station.release(1, at(milliseconds(40))));
    EXPECT_FALSE(station.release(1, at(milliseconds(40))));
    EXPECT_EQ(station.next_completion(), at(milliseconds(45)));
    EXPECT_EQ(station.complete(at(milliseconds(45))), 2U);
    EXPECT_FALSE(station.held(2));
    EXPECT_EQ(station.work_done(at(milliseconds(100))), milliseconds(45));
}

TEST(HeldRequest, FillsTheStation) {
    Station station({Discipline::fcfs, 1, 0});
    station.arrive(1, milliseconds(1), at(milliseconds(0)), Then::hold);
    station.complete(at(milliseconds(1)));
    EXPECT_TRUE(station.full());
    EXPECT_FALSE(station.arrive(2, milliseconds(1), at(milliseconds(9))));
    station.release(1, at(milliseconds(10)));
    EXPECT_TRUE(station.arrive(2, milliseconds(1), at(milliseconds(10))));
}

TEST(HeldRequest, LeavesTheProcessorToOthersUnderProcessorSharing) {
    Station station({Discipline::processor_sharing, 1, 1});
    station.arrive(1, milliseconds(10), at(milliseconds(0)), Then::hold);
    station.complete(at(milliseconds(10)));
    EXPECT_EQ(station.busy(), 0U);
    station.arrive(2, milliseconds(10), at(milliseconds(10)));
    EXPECT_EQ(station.next_completion(), at(milliseconds(20)));
    // But not its place.
    EXPECT_TRUE(station.full());
    EXPECT_EQ(station.population(), 2U);
    EXPECT_EQ(station.queued(), 0U);
}

struct Arrival {
    std::int64_t gap, work, hold;
};

std::vector<Arrival> some_arrivals(std::int64_t longest_hold) {
    return *rc::gen::container<std::vector<Arrival>>(rc::gen::apply(
        [](std::int64_t gap, std::int64_t work, std::int64_t hold) {
            return Arrival{gap, work, hold};
        },
        rc::gen::inRange<std::int64_t>(0, 1000), rc::gen::inRange<std::int64_t>(0, 3000),
        rc::gen::inRange<std::int64_t>(0, longest_hold + 1)));
}

/// Runs arrivals through a station that holds each as long as it says: when each left. Calls
/// `look` after every step.
template <class Look>
std::vector<Time> run_through(Station& station, const std::vector<Arrival>& arrivals, Look look) {
    std::vector<Time> left(arrivals.size(), never);
    std::multimap<Time, std::size_t> releases;
    const auto run_until = [&](Time limit) {
        for (;;) {
            const Time done = station.next_completion();
            const Time release = releases.empty() ? never : releases.begin()->first;
            if (std::min(done, release) > limit || std::min(done, release) == never) {
                return;
            }
            if (done <= release) {
                const auto ticket = *station.complete(done);
                RC_ASSERT(station.held(ticket));
                releases.emplace(done + Duration{arrivals[ticket].hold}, ticket);
            } else {
                left[releases.begin()->second] = release;
                RC_ASSERT(station.release(releases.begin()->second, release));
                releases.erase(releases.begin());
            }
            look();
        }
    };
    Time now{};
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
        now += Duration{arrivals[i].gap};
        run_until(now);
        station.arrive(i, Duration{arrivals[i].work}, now, Then::hold);
        look();
    }
    run_until(never - Duration{1});
    return left;
}

TEST(HeldRequestProperty, UnderFcfsIsARequestWithTheHoldAddedToItsWork) {
    EXPECT_TRUE(rc::check([] {
        const auto workers = *rc::gen::inRange(1U, 5U);
        const auto arrivals = some_arrivals(4000);
        Station station({Discipline::fcfs, workers, std::nullopt});
        const auto left = run_through(station, arrivals, [&] {
            RC_ASSERT(station.busy() <= workers);
            RC_ASSERT(station.busy() + station.queued() == station.population());
            RC_ASSERT(station.queued() == 0 || station.busy() == workers);
        });
        // Kiefer and Wolfowitz: each takes the worker that is free first.
        std::vector<std::int64_t> free_at(workers, 0);
        std::int64_t now = 0, spent = 0;
        for (std::size_t i = 0; i < arrivals.size(); ++i) {
            now += arrivals[i].gap;
            spent += arrivals[i].work + arrivals[i].hold;
            auto& first_free = *std::min_element(free_at.begin(), free_at.end());
            first_free = std::max(now, first_free) + arrivals[i].work + arrivals[i].hold;
            RC_ASSERT(left[i] == Time{Duration{first_free}});
        }
        RC_ASSERT(station.population() == 0U);
        RC_ASSERT(station.work_done(Time{std::chrono::hours(1)}) == Duration{spent});
    }));
}

TEST(HeldRequestProperty, ThatIsReleasedAtOnceChangesNothing) {
    EXPECT_TRUE(rc::check([] {
        const auto discipline = *rc::gen::element(Discipline::fcfs, Discipline::processor_sharing);
        const auto workers = *rc::gen::inRange(1U, 5U);
        const auto arrivals = some_arrivals(0);
        Station plain({discipline, workers, std::nullopt});
        Station holding({discipline, workers, std::nullopt});
        const auto left = run_through(holding, arrivals, [] {});

        std::vector<Time> expected(arrivals.size());
        const auto take_until = [&](Time limit) {
            while (plain.next_completion() <= limit && plain.next_completion() != never) {
                const Time when = plain.next_completion();
                expected[*plain.complete(when)] = when;
            }
        };
        Time now{};
        for (std::size_t i = 0; i < arrivals.size(); ++i) {
            now += Duration{arrivals[i].gap};
            take_until(now);
            plain.arrive(i, Duration{arrivals[i].work}, now);
        }
        take_until(never - Duration{1});
        RC_ASSERT(left == expected);
    }));
}

TEST(ServerApplication, HoldsRequestsOfAServerThatNeedsDataAndNoChecks) {
    scenario::Server server;
    server.workers = 2;
    server.service = scenario::Constant{0.010};
    Application without(server);
    without.arrive(1, 0.5, Address{}, Time{});
    without.complete(at(milliseconds(10)));
    EXPECT_FALSE(without.held(1));

    server.data.emplace();
    Application with(server);
    with.arrive(1, 0.5, Address{}, Time{});
    with.arrive_check(2, 0.5, Time{});
    EXPECT_EQ(with.complete(Time{}), 2U);
    EXPECT_FALSE(with.held(2));
    EXPECT_EQ(with.complete(at(milliseconds(10))), 1U);
    EXPECT_TRUE(with.held(1));
    EXPECT_TRUE(with.release(1, at(milliseconds(11))));
    EXPECT_EQ(with.station().population(), 0U);
}

}  // namespace
}  // namespace lvslab::server
