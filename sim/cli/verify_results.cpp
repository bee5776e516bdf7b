// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/verify_results.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/cli/compare_results.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Of summary.json: section and name.
constexpr std::pair<const char*, const char*> kept_figures[] = {
    {"total", "connections"},
    {"total", "served"},
    {"total", "refused"},
    {"total", "reset"},
    {"total", "timed_out"},
    {"total", "unfinished"},
    {"total", "response_time_p50"},
    {"total", "response_time_p99"},
    {"balance", "decisions_refused"},
    {"failover", "takeovers"},
    {"failover", "takeover_time_max"},
};

std::string text_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

KeyFigures figures_of(const json& summary) {
    KeyFigures figures;
    for (const auto& [section, name] : kept_figures) {
        if (summary.contains(section) && summary.at(section).contains(name)) {
            figures.emplace_back(name, summary.at(section).at(name).dump());
        }
    }
    return figures;
}

const journal::ExpectationResult* result_of(const VerifiedRun& run, const std::string& text) {
    const auto found =
        std::ranges::find(run.judgement.entries, text, &world::RunJudgement::Entry::text);
    return found == run.judgement.entries.end() ? nullptr : &found->result;
}

/// The run whose value is farthest beyond the bound, else the first that has none.
std::size_t worst_of(const journal::Expectation& e, const journal::Verdict& verdict,
                     const std::vector<journal::ExpectationResult>& results) {
    std::size_t worst = verdict.offenders.front();
    for (const auto i : verdict.offenders) {
        const auto& candidate = results[i];
        const auto& so_far = results[worst];
        if (!so_far.low || !candidate.low) {
            continue;
        }
        const bool farther = journal::bounds_from_below(e.comparison)
                                 ? *candidate.low < *so_far.low
                                 : *candidate.high > *so_far.high;
        worst = farther ? i : worst;
    }
    return worst;
}

VerifiedExpectation judge_one(const journal::Expectation& e, const ScenarioToVerify& scenario,
                              const std::vector<VerifiedRun>& runs, unsigned most_seeds) {
    VerifiedExpectation verified{e, {}, 0, runs_for(e, scenario.scenario, 0).size(), {}, {}};
    std::vector<journal::ExpectationResult> results;
    std::vector<const VerifiedRun*> of;
    for (const auto& needed : runs_for(e, scenario.scenario, most_seeds)) {
        const auto run = std::ranges::find(runs, needed, &VerifiedRun::run);
        const auto* result = run != runs.end() && run->finished ? result_of(*run, e.text) : nullptr;
        if (result != nullptr) {
            results.push_back(*result);
            of.push_back(&*run);
        }
    }
    verified.verdict = journal::judge(e, results);
    verified.runs = results.size();
    if (results.empty()) {
        verified.verdict.over = "no run of it finished";
    } else if (!verified.verdict.holds && !verified.verdict.offenders.empty()) {
        const auto worst = worst_of(e, verified.verdict, results);
        verified.worst_run = of[worst]->name;
        verified.story = results[worst].story;
    }
    return verified;
}

}  // namespace

VerifiedRun read_verified_run(const NeededRun& needed, const JobResult& job) {
    VerifiedRun run;
    run.run = needed;
    run.name = job.job.name();
    run.how = job.how;
    run.errors = job.errors;
    if (job.state != JobState::finished) {
        return run;
    }
    try {
        run.judgement = world::read_judgement(text_of(job.job.folder / "expectations.json"));
        run.figures = figures_of(json::parse(text_of(job.job.folder / "summary.json")));
        run.fingerprint = journal_fingerprint(job.job.folder / "journal.lvsj");
        run.finished = true;
    } catch (const std::exception& error) {
        run.how = fmt::format("its result cannot be read: {}", error.what());
    }
    return run;
}

bool VerifiedScenario::holds() const {
    return violations == 0 && unfinished.empty() &&
           reference.state != ReferenceResult::State::differs &&
           reference.state != ReferenceResult::State::unreadable &&
           std::ranges::all_of(expectations, [](const auto& e) { return e.verdict.holds; });
}

VerifiedScenario judge_scenario(const ScenarioToVerify& scenario, std::vector<VerifiedRun> runs,
                                unsigned most_seeds) {
    VerifiedScenario verified;
    verified.path = scenario.path;
    verified.name = scenario.scenario.name;
    verified.skipped = scenario.skipped;
    if (verified.skipped) {
        return verified;
    }
    for (const auto& expectation : scenario.scenario.expectations) {
        verified.expectations.push_back(judge_one(expectation, scenario, runs, most_seeds));
    }
    for (const auto& run : runs) {
        verified.violations += run.judgement.violations;
        for (const auto& text : run.judgement.violation_texts) {
            verified.violation_texts.push_back(fmt::format("{}: {}", run.name, text));
        }
        if (!run.finished) {
            verified.unfinished.push_back(fmt::format("{}: {}\n{}", run.name, run.how, run.errors));
        }
    }
    verified.runs = std::move(runs);
    return verified;
}

}  // namespace lvslab::cli
