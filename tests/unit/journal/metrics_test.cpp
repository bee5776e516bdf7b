// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "core/journal/metrics.hpp"
#include "core/journal/observables.hpp"
#include "core/journal/summary.hpp"
#include "tests/unit/journal/journal_file.hpp"

using namespace lvslab;
using namespace lvslab::journal;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

Summary summary_of(const toy::Cluster& cluster) {
    Metrics metrics;
    toy::run(cluster, metrics);
    return metrics.summary();
}

/// A run of two servers with weights 1 and 3, and what `tell` says of it.
template <class... Payloads>
Summary told(const Payloads&... payloads) {
    RunStarted run;
    run.servers = {"a", "b", "quiesced"};
    run.weights = {1, 3, 0};
    run.workers = {1, 4, 1};
    run.workloads = {"shop", "mail"};
    run.routers = {"lvs1"};
    Metrics metrics;
    metrics.take({Time{}, run});
    Time now{};
    (metrics.take({now += 1s, payloads}), ...);
    return metrics.summary();
}

Decision to_server(std::uint32_t server, std::uint8_t origin = 2) {
    return {0, 0, server, origin, {}, {}};
}

}  // namespace

TEST(Histogram, QuantilesAreWithinTheStatedErrorOfTheTrueOnes) {
    RandomStream random(1, "test/histogram");
    for (const double scale : {1e-6, 1e-3, 1.0, 1e3}) {
        Histogram histogram;
        std::vector<std::int64_t> values;
        for (int i = 0; i < 20000; ++i) {
            // Spread over several powers of ten.
            const auto v = static_cast<std::int64_t>(scale * 1e9 * std::exp(2 * random.normal()));
            values.push_back(v);
            histogram.add(Duration{v});
        }
        std::sort(values.begin(), values.end());
        for (const double p : {0.001, 0.25, 0.5, 0.95, 0.99, 0.9999, 1.0}) {
            const auto rank = static_cast<std::size_t>(std::ceil(p * 20000)) - 1;
            const auto truth = static_cast<double>(values[rank]);
            EXPECT_NEAR(static_cast<double>(histogram.quantile(p)->count()), truth,
                        truth * Histogram::relative_error + 1)
                << p;
        }
        EXPECT_EQ(histogram.maximum()->count(), values.back());
        EXPECT_EQ(histogram.minimum()->count(), values.front());
    }
}

TEST(Histogram, CoversEveryDurationWithoutGapsOrOverlaps) {
    Histogram histogram;
    for (unsigned bit = 0; bit < 63; ++bit) {
        for (const std::int64_t off : {-1, 0, 1}) {
            histogram.add(Duration{(std::int64_t{1} << bit) + off});
        }
    }
    histogram.add(Duration::max());
    histogram.add(Duration{-5});
    std::uint64_t counted = 0;
    Duration last{};
    for (const auto& bucket : histogram.buckets()) {
        EXPECT_GE(bucket.low, last);
        last = bucket.high;
        counted += bucket.count;
    }
    EXPECT_EQ(counted, histogram.count());
    EXPECT_EQ(histogram.quantile(1), Duration::max());
    EXPECT_EQ(histogram.quantile(1e-9), 0ns);
}

TEST(Histogram, OfNothingHasNoQuantiles) {
    EXPECT_FALSE(Histogram{}.quantile(0.5));
    EXPECT_FALSE(Histogram{}.mean());
    EXPECT_FALSE(Histogram{}.maximum());
}

TEST(LoadSeries, KeepsItsMeanAndItsSizeHoweverLongTheRun) {
    LoadSeries<1> series;
    constexpr int samples = 1 << 15;
    for (int i = 0; i < samples; ++i) {
        series.add(Time{Duration{i}}, {static_cast<double>(i)});
    }
    EXPECT_LT(series.points().size(), LoadSeries<1>::most_points);
    EXPECT_GE(series.points().size(), LoadSeries<1>::most_points / 2);
    double sum = 0;
    for (const auto& point : series.points()) {
        sum += point.values[0];
    }
    EXPECT_DOUBLE_EQ(sum / static_cast<double>(series.points().size()), (samples - 1) / 2.0);
    EXPECT_EQ(series.points().back().time, Time{Duration{samples - 1}});
}

TEST(Metrics, ImbalanceAndJainCountConnectionsPerWeight) {
    // 1 and 3 connections at weights 1 and 3: even, though the counts are not.
    const auto even = told(to_server(0), to_server(1), to_server(1), to_server(1));
    EXPECT_DOUBLE_EQ(*even.imbalance(), 1);
    EXPECT_DOUBLE_EQ(*even.jain(), 1);
    // All to one of two: max/mean = 2, Jain's index = 1/2. The quiesced server does not count.
    const auto all_to_one = told(to_server(0), to_server(0));
    EXPECT_DOUBLE_EQ(*all_to_one.imbalance(), 2);
    EXPECT_DOUBLE_EQ(*all_to_one.jain(), 0.5);
    EXPECT_FALSE(told().imbalance());
    EXPECT_FALSE(told(to_server(no_index, 0)).jain());
}

TEST(Metrics, DecisionsAreToldApartByTheirOrigin) {
    const auto s = told(to_server(0), to_server(0, 3), to_server(no_index, 0));
    EXPECT_EQ(s.decisions, 3U);
    EXPECT_EQ(s.decisions_persistent, 1U);
    EXPECT_EQ(s.decisions_refused, 1U);
}

TEST(Metrics, OutcomesAreCountedForEachWorkloadAndInAll) {
    const auto closed = [](std::uint32_t workload, Outcome outcome) {
        return ConnectionClosed{0, workload, 0, outcome, 1s};
    };
    const auto s = told(closed(0, Outcome::served), closed(0, Outcome::refused),
                        closed(1, Outcome::served), closed(1, Outcome::reset),
                        closed(1, Outcome::timed_out), closed(1, Outcome::unfinished));
    EXPECT_EQ(s.total.connections, 6U);
    EXPECT_EQ(s.total.served, 2U);
    EXPECT_EQ(s.workloads[0].refused, 1U);
    EXPECT_EQ(s.workloads[1].connections, 4U);
    EXPECT_EQ(s.workloads[1].reset, 1U);
    EXPECT_EQ(s.workloads[1].timed_out, 1U);
    EXPECT_EQ(s.workloads[1].unfinished, 1U);
    EXPECT_EQ(s.servers[0].served, 2U);
}

TEST(Metrics, UtilisationIsMeasuredWhileConnectionsCome) {
    // Decision at 1 s; 4 s of work by 2 s... the window closes with the first sample after it, and
    // an idle end of the run does not make the server look idle.
    const auto s = told(to_server(1), ServerLoad{1, 4, 0, 4s, 0}, ServerLoad{1, 0, 0, 5s, 0},
                        ServerLoad{1, 0, 0, 5s, 0});
    EXPECT_DOUBLE_EQ(*s.utilisation(1), 1.0);  // 4 s of work by 4 workers in 1 s
    EXPECT_EQ(s.servers[1].work_done, 5s);
    EXPECT_EQ(s.window_end, Time{2s});
    EXPECT_FALSE(told().utilisation(0));
}

TEST(Metrics, AnMM1QueueHasItsKnownMeanResponseTime) {
    toy::Cluster cluster;
    cluster.servers = {{"only", 1, 1, 0.01}};
    cluster.per_second = 50;
    cluster.seconds = 20000;
    cluster.patience = 1e9;
    const auto s = summary_of(cluster);
    // W = 1/(mu - lambda) = 20 ms. A million responses: the standard error is about 0.3 %.
    EXPECT_NEAR(*s.total.response_times.mean(), 0.02, 0.0006);
    // The response time is exponential: p95 = W ln 20.
    EXPECT_NEAR(to_seconds(*s.total.response_times.quantile(0.95)), 0.02 * std::log(20.0), 0.002);
    EXPECT_NEAR(*s.utilisation(), 0.5, 0.01);
}

TEST(Metrics, AStoredJournalGivesTheSameSummaryAsTheRun) {
    for (const auto* scheduler : {"rr", "wlc", "dh"}) {
        auto cluster = test::small_cluster();
        cluster.scheduler = scheduler;
        const auto direct = summary_of(cluster);
        for (const auto level : {Level::decisions, Level::all}) {
            const auto bytes = test::journal_of(cluster, level).bytes;
            Metrics metrics;
            Reader reader(test::source_of(bytes));
            while (const auto event = reader.next()) {
                metrics.take(*event);
            }
            EXPECT_EQ(summary_json(metrics.summary()), summary_json(direct));
            const auto stored = summary_tables(metrics.summary()), run = summary_tables(direct);
            for (std::size_t i = 0; i < run.size(); ++i) {
                EXPECT_EQ(stored[i].text, run[i].text) << run[i].name;
            }
        }
    }
}

TEST(Metrics, OnlyOpeningsPacketsAndTicksAreAboveTheLevelThatTheReducerNeeds) {
    // The summary must not use what a journal of level `decisions` lacks.
    const std::set<std::string_view> above{"connection_opened", "segment_seen", "kernel_tick"};
    for (const auto& event : observed_events()) {
        EXPECT_EQ(event.level == Level::all, above.contains(event.name)) << event.name;
    }
}

TEST(Summary, IsJsonWithTheDeclaredNames) {
    const auto parsed = json::parse(summary_json(summary_of(test::small_cluster())));
    EXPECT_EQ(parsed["format"], "lvslab-summary-1");
    EXPECT_EQ(parsed["scenario"], "toy");
    EXPECT_TRUE(parsed["complete"]);
    for (const auto& metric : client_metrics()) {
        EXPECT_TRUE(parsed["total"].contains(metric.name)) << metric.name;
        EXPECT_TRUE(parsed["workloads"][0].contains(metric.name)) << metric.name;
    }
    ASSERT_EQ(parsed["servers"].size(), 3U);
    double share = 0;
    for (const auto& server : parsed["servers"]) {
        share += server["share"].get<double>();
    }
    EXPECT_NEAR(share, 1, 1e-12);
    EXPECT_EQ(parsed["servers"][2]["weight_share"], 0.5);
    EXPECT_TRUE(parsed["nodes"][0]["router"]);
}

TEST(Summary, OfAnEmptyRunHasNullsAndNoNumbersThatAreNone) {
    const auto parsed = json::parse(summary_json(told()));
    EXPECT_TRUE(parsed["total"]["response_time_p95"].is_null());
    EXPECT_TRUE(parsed["balance"]["jain"].is_null());
    EXPECT_TRUE(parsed["servers"][0]["share"].is_null());
    EXPECT_FALSE(parsed["complete"]);
    EXPECT_NO_THROW(summary_json(Summary{}));
    EXPECT_NO_THROW(json::parse(summary_json(Summary{})));
}

TEST(Summary, NumbersReadBackAsTheyWere) {
    for (const double value : {0.1, 1.0 / 3, 1e-9, 123456789.123456789, 5e-324}) {
        EXPECT_EQ(json::parse(to_json(Value{value})).get<double>(), value);
    }
}

TEST(Summary, TablesQuoteWhatNeedsIt) {
    EXPECT_EQ(to_csv(Value{std::string("a,\"b\"")}), "\"a,\"\"b\"\"\"");
    EXPECT_EQ(to_csv(Value{}), "");
    EXPECT_EQ(to_csv(Value{true}), "true");
}

TEST(Documentation, ListsEveryEventAndMetricAsTheTableDoes) {
    std::ifstream file(LVSLAB_SOURCE_DIR "/docs/journal.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(text, testing::EndsWith(observables_markdown()))
        << "make it with: lvslab journal --describe";
}

TEST(Documentation, NamesOfMetricsAreUniqueInTheirScope) {
    const auto check = [](const auto& metrics) {
        std::set<std::string_view> names;
        for (const auto& metric : metrics) {
            EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
            EXPECT_FALSE(metric.meaning.empty()) << metric.name;
        }
    };
    check(run_metrics());
    check(client_metrics());
    check(balance_metrics());
    check(server_metrics());
    check(node_metrics());
    check(failover_metrics());
    check(takeover_metrics());
    check(router_metrics());
    check(data_server_metrics());
    check(check_metrics());
    check(link_metrics());
}
