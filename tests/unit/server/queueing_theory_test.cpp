// SPDX-License-Identifier: GPL-2.0-only
/// Stations against the closed forms of queueing theory.
///
/// Each case simulates and gives a mean with its 99.9 % confidence interval by batch means (32
/// batches, Student's t with 31 degrees of freedom). The closed form must lie in the interval, and
/// the interval must be narrow, so that a wrong model cannot hide behind a wide one. Seeds are
/// fixed: a case that passes passes always.
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "core/server/station.hpp"

namespace lvslab::server {
namespace {

constexpr std::size_t batches = 32;
constexpr double student_t_999 = 3.633;  // two-sided 99.9 %, 31 degrees of freedom

struct Estimate {
    double mean, half_width;
};

Estimate estimate(const std::array<double, batches>& batch_means) {
    const double mean = std::accumulate(batch_means.begin(), batch_means.end(), 0.0) / batches;
    double squares = 0;
    for (const double batch : batch_means) {
        squares += (batch - mean) * (batch - mean);
    }
    return {mean, student_t_999 * std::sqrt(squares / (batches - 1) / batches)};
}

struct Simulated {
    Estimate time_in_system;  ///< in mean service times
    Estimate refused;         ///< share of all arrivals
    double utilisation;       ///< of one worker
};

/// Draws a service demand with mean 1.
using Demand = std::function<double(RandomStream&)>;

double exponential(RandomStream& random) {
    return random.exponential(1);
}
double constant(RandomStream&) {
    return 1;
}
/// Hyperexponential with squared coefficient of variation 4 (balanced means).
double hyperexponential(RandomStream& random) {
    const double p = (1 + std::sqrt(3.0 / 5.0)) / 2;
    return random.uniform() < p ? random.exponential(0.5 / p) : random.exponential(0.5 / (1 - p));
}

/// Poisson arrivals of `load` (in mean services a mean service time) to a station.
Simulated simulate(const StationSettings& settings, double load, const Demand& demand,
                   std::size_t arrivals_per_batch) {
    constexpr double nanoseconds_per_unit = 1e9;
    const auto duration = [](double units) {
        return Duration{std::llround(units * nanoseconds_per_unit)};
    };
    RandomStream gaps(1, "arrivals");
    RandomStream demands(1, "demands");
    Station station(settings);
    std::vector<Time> arrived;  // by ticket of a slot, reused
    std::vector<std::size_t> free_slots;
    Time now{};
    std::array<double, batches> times{}, refusals{};
    // The first batch is thrown away: the station starts empty.
    for (std::size_t batch = 0; batch <= batches; ++batch) {
        double sum = 0;
        std::size_t completed = 0;
        const auto refused_before = station.refused();
        for (std::size_t i = 0; i < arrivals_per_batch; ++i) {
            now += duration(gaps.exponential(1 / load));
            while (station.next_completion() <= now) {
                const Time when = station.next_completion();
                const auto slot = *station.complete(when);
                sum += to_seconds(when - arrived[slot]);
                ++completed;
                free_slots.push_back(slot);
            }
            if (free_slots.empty()) {
                free_slots.push_back(arrived.size());
                arrived.emplace_back();
            }
            const auto slot = free_slots.back();
            if (station.arrive(slot, duration(demand(demands)), now)) {
                free_slots.pop_back();
                arrived[slot] = now;
            }
        }
        if (batch > 0) {
            times[batch - 1] = sum / static_cast<double>(completed);
            refusals[batch - 1] = static_cast<double>(station.refused() - refused_before) /
                                  static_cast<double>(arrivals_per_batch);
        }
    }
    return {estimate(times), estimate(refusals),
            to_seconds(station.work_done(now)) / to_seconds(now) / settings.workers};
}

void expect_meets(const Estimate& found, double closed_form, double widest) {
    EXPECT_NEAR(found.mean, closed_form, found.half_width);
    EXPECT_LT(found.half_width / closed_form, widest) << "too few arrivals to judge";
}

/// P(wait) of M/M/k with load a = k rho, by the stable recursion of Erlang B.
double erlang_b(unsigned workers, double load) {
    double b = 1;
    for (unsigned k = 1; k <= workers; ++k) {
        b = load * b / (k + load * b);
    }
    return b;
}
double mmk_time_in_system(unsigned workers, double rho) {
    const double b = erlang_b(workers, workers * rho);
    const double wait_probability = b / (1 - rho * (1 - b));
    return 1 + wait_probability / (workers * (1 - rho));
}

struct MmkCase {
    unsigned workers;
    double rho, time_in_system;
};
class MmkFcfs : public testing::TestWithParam<MmkCase> {};

TEST_P(MmkFcfs, MeanTimeInSystemMeetsErlangC) {
    const auto [workers, rho, published] = GetParam();
    const double closed_form = mmk_time_in_system(workers, rho);
    ASSERT_NEAR(closed_form, published, 6e-6);
    const auto found =
        simulate({Discipline::fcfs, workers, std::nullopt}, rho * workers, exponential, 60'000);
    expect_meets(found.time_in_system, closed_form, rho > 0.85 ? 0.1 : 0.03);
    EXPECT_NEAR(found.utilisation, rho, 0.01 * rho);
}
INSTANTIATE_TEST_SUITE_P(Published, MmkFcfs,
                         testing::Values(MmkCase{1, 0.5, 2}, MmkCase{1, 0.8, 5},
                                         MmkCase{2, 0.7, 1.96078}, MmkCase{2, 0.9, 5.26316},
                                         MmkCase{4, 0.5, 1.08696}, MmkCase{4, 0.8, 1.74554},
                                         MmkCase{8, 0.8, 1.28603}, MmkCase{8, 0.9, 1.87692},
                                         MmkCase{16, 0.9, 1.36959}));

struct Md1Case {
    double rho, time_in_system;
};
class Md1Fcfs : public testing::TestWithParam<Md1Case> {};

TEST_P(Md1Fcfs, MeanTimeInSystemMeetsPollaczekKhinchine) {
    const auto [rho, closed_form] = GetParam();
    const auto found = simulate({Discipline::fcfs, 1, std::nullopt}, rho, constant, 60'000);
    expect_meets(found.time_in_system, closed_form, rho > 0.85 ? 0.1 : 0.03);
}
INSTANTIATE_TEST_SUITE_P(Published, Md1Fcfs,
                         testing::Values(Md1Case{0.5, 1.5}, Md1Case{0.8, 3.0}, Md1Case{0.9, 5.5}));

struct ErlangCase {
    unsigned workers;
    double load, refused;
};
class ErlangB : public testing::TestWithParam<ErlangCase> {};

TEST_P(ErlangB, ZeroQueueRefusesItsShareWhateverTheServiceTimes) {
    const auto [workers, load, published] = GetParam();
    const double closed_form = erlang_b(workers, load);
    ASSERT_NEAR(closed_form, published, 6e-6);
    for (const auto discipline : {Discipline::fcfs, Discipline::processor_sharing}) {
        for (const Demand& demand : {Demand(exponential), Demand(constant)}) {
            const auto found = simulate({discipline, workers, 0}, load, demand, 40'000);
            expect_meets(found.refused, closed_form, 0.05);
        }
    }
}
INSTANTIATE_TEST_SUITE_P(Published, ErlangB,
                         testing::Values(ErlangCase{1, 0.5, 0.33333}, ErlangCase{5, 3, 0.11005},
                                         ErlangCase{10, 8, 0.12166}, ErlangCase{20, 15, 0.04559}));

class SharedWorker : public testing::TestWithParam<double> {};

TEST_P(SharedWorker, MeanTimeInSystemIsInsensitiveToTheServiceTimes) {
    const double rho = GetParam();
    for (const Demand& demand : {Demand(exponential), Demand(constant), Demand(hyperexponential)}) {
        const auto found =
            simulate({Discipline::processor_sharing, 1, std::nullopt}, rho, demand, 60'000);
        expect_meets(found.time_in_system, 1 / (1 - rho), 0.05);
        EXPECT_NEAR(found.utilisation, rho, 0.01 * rho);
    }
}
INSTANTIATE_TEST_SUITE_P(Loads, SharedWorker, testing::Values(0.5, 0.8));

TEST(SharedWorkers, MeanOfManyWorkersMeetsErlangCForExponentialDemands) {
    // With exponential demands the population of processor sharing is M/M/k's, so its mean is too.
    const auto found =
        simulate({Discipline::processor_sharing, 4, std::nullopt}, 3.2, exponential, 60'000);
    expect_meets(found.time_in_system, mmk_time_in_system(4, 0.8), 0.03);
}

}  // namespace
}  // namespace lvslab::server
