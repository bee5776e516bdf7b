// SPDX-License-Identifier: GPL-2.0-only
/// What a comparison found: each scheduler's runs, their means, and how any two of them differ.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/journal/statistics.hpp"
#include "sim/cli/compare_runs.hpp"

namespace lvslab::cli {

/// A number of every run that the comparison looks at.
struct Measure {
    std::string_view name;     ///< of the metric, and of its place in summary.json
    std::string_view section;  ///< "total", "balance"
    std::string_view unit;
    std::string_view title;  ///< for people
};
/// Those of summary.json that are compared; the table on the terminal shows them.
const std::vector<Measure>& measures();

/// One server in one run.
struct ServerResult {
    std::string name;
    double weight_share = 0;
    std::optional<double> share, utilisation;
    double connections = 0;
};

/// What one run came to, read from its summary.json.
struct RunResult {
    Job job;
    std::map<std::string, double, std::less<>>
        values;  ///< by Measure::name; null ones are not in it
    double connections = 0, served = 0, persistent_share = 0;
    std::vector<ServerResult> servers;
    double router_bytes = 0;  ///< sent by all LVS routers
    std::string fingerprint;  ///< of its journal; empty if it kept none

    /// Part of the connections that were served; nothing if there were none.
    std::optional<double> served_share() const;
    /// Every number alike, whichever scheduler it was.
    bool behaved_like(const RunResult& other) const;
};

/// The fingerprint of a journal; empty if there is none. Throws std::runtime_error if it is
/// damaged.
std::string journal_fingerprint(const std::filesystem::path& path);

/// Reads DIR/summary.json and the journal's fingerprint; throws std::runtime_error with the reason
/// if it is no summary.
RunResult read_run(const Job& job);

/// One scheduler over its seeds.
struct SchedulerResult {
    std::string name;
    std::vector<RunResult> runs;  ///< in order of seed

    /// The metric's values; shorter than `runs` where a run has none.
    std::vector<double> values(std::string_view measure) const;
    std::optional<journal::Estimate> estimate(std::string_view measure) const;
    journal::Estimate served_share() const;
};

/// How two schedulers differ over the seeds that both have.
struct Difference {
    std::size_t a = 0, b = 0;  ///< indices into Comparison::schedulers
    std::size_t pairs = 0;
    bool identical = false;           ///< every number of every pair of runs is the same
    std::optional<double> ratio;      ///< geometric mean of p95(b) / p95(a)
    std::optional<double> low, high;  ///< its 95 % interval
    std::optional<double> p_time;     ///< Holm-corrected, of the test on ln p95
    std::optional<double> p_served;   ///< Holm-corrected, of the test on the share served
    bool slower_or_faster() const { return p_time && *p_time < 0.05; }
    bool serves_differently() const { return p_served && *p_served < 0.05; }
    bool significant() const { return slower_or_faster() || serves_differently(); }
};

/// An expectation of the scenario over one scheduler's runs.
struct JudgedExpectation {
    std::string scheduler, text;
    bool holds = false;
    std::string value, over;  ///< "4s to 6s", "10 runs"
};

struct Comparison {
    std::vector<SchedulerResult> schedulers;  ///< in the scenario's order, those with a run
    std::vector<Difference> differences;      ///< every pair a < b
    std::vector<JobResult> failures;
    std::vector<JudgedExpectation> expectations;
    std::size_t planned = 0, finished = 0;
    bool interrupted = false;

    const Difference* between(std::size_t a, std::size_t b) const;
    bool complete() const { return finished == planned; }
};

/// Reads the finished runs and compares them.
Comparison compare(const RunsDone& done);
/// Compares runs that have been read.
Comparison compare(std::vector<SchedulerResult> schedulers);

}  // namespace lvslab::cli
