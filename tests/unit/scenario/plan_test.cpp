// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/scenario/sources.hpp"

namespace lvslab::scenario {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<PlannedConnection> all_of(const Scenario& s, std::uint64_t seed = 1) {
    Plan plan(s, seed);
    std::vector<PlannedConnection> connections;
    while (auto c = plan.next()) {
        connections.push_back(std::move(*c));
    }
    return connections;
}

std::vector<PlannedConnection> of_workload(std::vector<PlannedConnection> all, unsigned workload) {
    std::erase_if(all, [&](const auto& c) { return c.workload != workload; });
    return all;
}

std::string as_text(const PlannedConnection& c) {
    std::string text = std::to_string(c.id) + ' ' +
                       std::to_string(c.at.time_since_epoch().count()) + ' ' +
                       std::to_string(c.workload) + ' ' + std::to_string(c.client) + ' ' +
                       c.source.to_string() + ' ' + c.to.to_string();
    for (const auto& r : c.requests) {
        text += ' ' + std::to_string(r.request_bytes) + '/' + std::to_string(r.response_bytes) +
                '/' + std::to_string(r.service_quantile) + '/' + std::to_string(r.think.count());
    }
    return text;
}

std::string as_text(const std::vector<PlannedConnection>& connections) {
    std::string text;
    for (const auto& c : connections) {
        text += as_text(c) + '\n';
    }
    return text;
}

Scenario base() {
    return changed("seed: 42", "seed: 42");
}

TEST(Plan, IsAFunctionOfScenarioAndSeed) {
    const auto s = base();
    EXPECT_EQ(as_text(all_of(s, 1)), as_text(all_of(s, 1)));
    EXPECT_NE(as_text(all_of(s, 1)), as_text(all_of(s, 2)));
}

TEST(Plan, ComesInOrderOfTimeNumberedFromZero) {
    const auto all = all_of(base());
    ASSERT_GT(all.size(), 7000U);
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(all[i].id, i);
        if (i > 0) {
            ASSERT_LE(all[i - 1].at, all[i].at);
        }
    }
}

TEST(Plan, TakesWorkloadsInTheirOrderWhenTheyArriveAtOnce) {
    const auto s = changed("arrivals: poisson 120/s\n    for: 60s", "arrivals: [0s, 100ms]");
    std::vector<unsigned> workloads;
    for (const auto& c : all_of(s)) {
        workloads.push_back(c.workload);
        if (workloads.size() == 4) {
            break;
        }
    }
    EXPECT_EQ(workloads, (std::vector<unsigned>{0, 2, 0, 2}));
}

TEST(Plan, ConstantArrivalsAreEquallySpacedInTheirInterval) {
    const auto names = of_workload(all_of(base()), 1);
    ASSERT_EQ(names.size(), 600U);  // 10/s for 60 s
    for (std::size_t i = 0; i < names.size(); ++i) {
        EXPECT_EQ(names[i].at, Time{seconds(5) + i * milliseconds(100)});
    }
    const auto thirds = changed("constant 10/s", "constant 3/s");
    const auto last = of_workload(all_of(thirds), 1).back().at;
    EXPECT_EQ(last.time_since_epoch().count(), std::llround((5 + 179 / 3.0) * 1e9));
}

TEST(Plan, ListedArrivalsComeExactlyWhenTheListSays) {
    const auto files = of_workload(all_of(base()), 2);
    ASSERT_EQ(files.size(), 3U);
    EXPECT_EQ(files[0].at, Time{});
    EXPECT_EQ(files[1].at, Time{milliseconds(100)});
    EXPECT_EQ(files[2].at, Time{milliseconds(2500)});
    EXPECT_EQ(files[0].to, Endpoint::parse("192.168.26.10:8005"));
}

TEST(Plan, PoissonGapsAreExponential) {
    const auto shop = of_workload(all_of(base(), 5), 0);
    const auto n = shop.size();
    // The count of a Poisson process: 7200 within four standard deviations.
    EXPECT_NEAR(static_cast<double>(n), 7200, 4 * std::sqrt(7200.0));
    std::vector<double> gaps;
    for (std::size_t i = 1; i < n; ++i) {
        gaps.push_back(to_seconds(shop[i].at - shop[i - 1].at));
    }
    std::ranges::sort(gaps);
    double worst = 0;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
        const double expected = static_cast<double>(i) / static_cast<double>(gaps.size());
        worst = std::max(worst, std::abs(1 - std::exp(-120 * gaps[i]) - expected));
    }
    EXPECT_LT(worst * std::sqrt(static_cast<double>(gaps.size())), 1.95);
}

TEST(Plan, BurstsHaveTheirRateWhileOnAndAreOnForTheirShareOfTime) {
    const auto s = changed("arrivals: poisson 120/s\n    for: 60s",
                           "arrivals: on-off 200/s on 2s off 6s\n    for: 4000s");
    double mean_count = 0;
    double silent = 0;
    const auto shop = of_workload(all_of(s, 3), 0);
    mean_count = static_cast<double>(shop.size()) / 4000;
    for (std::size_t i = 1; i < shop.size(); ++i) {
        const double gap = to_seconds(shop[i].at - shop[i - 1].at);
        silent += gap > 0.1 ? gap : 0;  // within a burst that has probability e^-20
    }
    // About 500 cycles: their count varies by some 6 %, twice that is allowed.
    EXPECT_NEAR(mean_count, 200 * 2.0 / 8, 50 * 0.12);
    EXPECT_NEAR(silent / 4000, 6.0 / 8, 0.06);
}

TEST(Plan, DrawsClientsUniformlyAndSizesFromTheirDistributions) {
    const auto s = base();
    const auto shop = of_workload(all_of(s), 0);
    std::map<unsigned, unsigned> by_client;
    double log_sum = 0;
    double service_sum = 0;
    double think_sum = 0;
    for (const auto& c : shop) {
        ++by_client[c.client];
        ASSERT_EQ(c.source.address, client_address(s.clients[0], c.client));
        ASSERT_EQ(c.requests.size(), 3U);
        EXPECT_EQ(c.requests[0].think, Duration::zero());
        for (const auto& r : c.requests) {
            EXPECT_EQ(r.request_bytes, 400U);
            log_sum += std::log(static_cast<double>(r.response_bytes));
            service_sum += r.service_quantile;
        }
        think_sum += to_seconds(c.requests[1].think) + to_seconds(c.requests[2].think);
    }
    EXPECT_EQ(by_client.size(), 200U);
    double chi_square = 0;
    const double expected = static_cast<double>(shop.size()) / 200;
    for (const auto& [client, count] : by_client) {
        chi_square += std::pow(count - expected, 2) / expected;
    }
    EXPECT_LT(chi_square, 267);  // 199 degrees of freedom: one of a thousand is above
    const auto requests = static_cast<double>(3 * shop.size());
    EXPECT_NEAR(log_sum / requests, std::log(12288) - 1.2 * 1.2 / 2, 4 * 1.2 / std::sqrt(requests));
    EXPECT_NEAR(service_sum / requests, 0.5, 4 * std::sqrt(1.0 / 12 / requests));
    EXPECT_NEAR(think_sum / (requests * 2 / 3), 1.05,
                4 * 1.9 * std::sqrt(1.0 / 12 / (requests * 2 / 3)));
}

TEST(Plan, GivesEveryConnectionOfAClientAnotherPortUntilAllHaveBeenUsed) {
    // All from one client, by two workloads.
    auto s = changed("count: 200", "count: 1");
    s.workloads[0].length = seconds(300);
    std::vector<Port> ports;
    for (const auto& c : all_of(s)) {
        if (c.workload != 1) {  // that one has another group
            ports.push_back(c.source.port);
        }
    }
    constexpr std::size_t range = 60999 - 32768 + 1;
    ASSERT_GT(ports.size(), range + 1000);
    const std::set<Port> first(ports.begin(), ports.begin() + range);
    EXPECT_EQ(first.size(), range);
    EXPECT_EQ(*first.begin(), Port{32768});
    EXPECT_EQ(*first.rbegin(), Port{60999});
    EXPECT_TRUE(std::equal(ports.begin() + range, ports.end(), ports.begin()));
}

TEST(Plan, ChangingOneThingLeavesTheDrawsOfAllOthersAsTheyWere) {
    const auto s = base();
    const auto before = of_workload(all_of(s), 0);

    auto other_sizes = s;
    other_sizes.workloads[0].response = Constant{1000};
    const auto after_sizes = of_workload(all_of(other_sizes), 0);
    ASSERT_EQ(after_sizes.size(), before.size());

    auto fewer_workloads = s;
    fewer_workloads.workloads.resize(1);
    const auto alone = all_of(fewer_workloads);
    ASSERT_EQ(alone.size(), before.size());

    auto slower = s;
    slower.servers[0].service = Exponential{1};
    slower.config.virtual_servers[0].scheduler = "sh";
    EXPECT_EQ(as_text(of_workload(all_of(slower), 0)), as_text(before));

    for (std::size_t i = 0; i < before.size(); ++i) {
        ASSERT_EQ(after_sizes[i].at, before[i].at);
        ASSERT_EQ(after_sizes[i].client, before[i].client);
        ASSERT_EQ(after_sizes[i].requests[2].service_quantile,
                  before[i].requests[2].service_quantile);
        ASSERT_EQ(after_sizes[i].requests[2].think, before[i].requests[2].think);
        ASSERT_EQ(after_sizes[i].requests[2].response_bytes, 1000U);
        ASSERT_EQ(alone[i].at, before[i].at);
        ASSERT_EQ(alone[i].requests[1].response_bytes, before[i].requests[1].response_bytes);
    }
}

TEST(Plan, DestinationsOfARangeFollowZipf) {
    auto s = base();
    s.workloads.resize(1);
    s.workloads[0].requests = 1;
    s.workloads[0].destinations =
        DestinationRange{*Network::parse("203.0.113.0/29"), Port{80}, 0.9};
    std::map<Endpoint, double> count;
    double total = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        for (const auto& c : all_of(s, seed)) {
            ++count[c.to];
            ++total;
        }
    }
    ASSERT_EQ(count.size(), 6U);  // .1 to .6
    EXPECT_EQ(count.begin()->first, Endpoint::parse("203.0.113.1:80"));
    double weights = 0;
    for (int k = 1; k <= 6; ++k) {
        weights += std::pow(k, -0.9);
    }
    int k = 1;
    double chi_square = 0;
    for (const auto& [to, n] : count) {
        const double expected = total * std::pow(k++, -0.9) / weights;
        chi_square += std::pow(n - expected, 2) / expected;
    }
    EXPECT_LT(chi_square, 20.5);  // 5 degrees of freedom: one of a thousand is above
}

TEST(Plan, SizesAreAtLeastAByteAndThinkingIsBounded) {
    auto s = base();
    s.workloads.resize(1);
    s.workloads[0].request = Uniform{0.1, 0.4};
    s.workloads[0].response = Pareto{1e15, 0.01};
    s.workloads[0].think = Pareto{1, 0.01};
    for (const auto& c : all_of(s)) {
        for (const auto& r : c.requests) {
            ASSERT_EQ(r.request_bytes, 1U);
            ASSERT_LE(r.response_bytes, std::uint64_t{1} << 53U);
            ASSERT_LE(r.think, seconds(1'000'000'000));
        }
    }
}

const std::string shops_own = R"(    arrivals: poisson 120/s
    for: 60s
    request: 400B
    response: lognormal mean 12KiB sigma 1.2
    requests: 3
    think: uniform 100ms to 2s
)";

TEST(Plan, PlaysATraceAsItWas) {
    const auto s = changed(shops_own, "    arrivals: trace shop.trace\n    start: 10s\n");
    const auto shop = of_workload(all_of(s), 0);
    ASSERT_EQ(shop.size(), 3U);
    EXPECT_EQ(shop[0].at, Time{seconds(10)});
    EXPECT_EQ(shop[1].at, Time{milliseconds(10250)});
    EXPECT_EQ(shop[2].at, Time{seconds(12)});
    // Clients by their addresses, 10.0.0.7 before 10.0.0.9.
    EXPECT_EQ(shop[0].client, 0U);
    EXPECT_EQ(shop[1].client, 1U);
    EXPECT_EQ(shop[2].client, 1U);
    ASSERT_EQ(shop[1].requests.size(), 2U);
    EXPECT_EQ(shop[1].requests[0].request_bytes, 400U);
    EXPECT_EQ(shop[1].requests[0].response_bytes, 12288U);
    EXPECT_EQ(fixed_service_of(shop[1].requests[0].service_quantile), 0.04);
    EXPECT_EQ(shop[1].requests[1].think, milliseconds(1500));
    EXPECT_FALSE(fixed_service_of(shop[1].requests[1].service_quantile));
    // Every world's request has a byte; no work at all is a work of its own, too.
    EXPECT_EQ(shop[2].requests[0].request_bytes, 1U);
    EXPECT_EQ(fixed_service_of(shop[2].requests[0].service_quantile), 0.0);
    EXPECT_EQ(s.workloads[0].length, seconds(2));
}

TEST(Plan, PlaysATraceForAsLongAsAsked) {
    const auto s = changed(shops_own, "    arrivals: trace shop.trace\n    for: 1s\n");
    EXPECT_EQ(of_workload(all_of(s), 0).size(), 2U);
}

TEST(Plan, LetsNeighboursOfATraceShareAnAddressWhereThereAreTooFew) {
    auto sources = base_sources();
    replace(sources, "base.yaml", shops_own, "    arrivals: trace shop.trace\n");
    replace(sources, "base.yaml", "  shop:\n    from: office", "  shop:\n    from: home");
    const auto s = read(sources);
    ASSERT_TRUE(s) << s.diagnostics.to_string();
    EXPECT_EQ(s.diagnostics.to_string(),
              "base.yaml:25:5: note: the trace has 2 clients and home has 1: neighbours share an "
              "address\n");
    for (const auto& c : of_workload(all_of(*s), 0)) {
        EXPECT_EQ(c.client, 0U);
    }
}

}  // namespace
}  // namespace lvslab::scenario
