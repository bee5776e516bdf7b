// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/compare_expectations.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/world/expectation_report.hpp"
#include "sim/cli/scenario_file.hpp"

namespace lvslab::cli {
namespace {

/// What a run left; nothing if it left none.
std::optional<world::RunJudgement> judgement_of(const JobResult& job) {
    std::string reason;
    const auto path = job.job.folder / "expectations.json";
    const auto text =
        job.state == JobState::finished ? read_whole_file(path.string(), reason) : std::nullopt;
    return text ? std::optional(world::read_judgement(*text)) : std::nullopt;
}

std::vector<std::string> schedulers_in_order(const RunsDone& done) {
    std::vector<std::string> names;
    for (const auto& result : done.results) {
        if (std::ranges::find(names, result.job.scheduler) == names.end()) {
            names.push_back(result.job.scheduler);
        }
    }
    return names;
}

std::vector<world::RunJudgement> judgements_of(const RunsDone& done, const std::string& scheduler) {
    std::vector<world::RunJudgement> judgements;
    for (const auto& result : done.results) {
        if (result.job.scheduler == scheduler) {
            if (auto judgement = judgement_of(result)) {
                judgements.push_back(std::move(*judgement));
            }
        }
    }
    return judgements;
}

}  // namespace

std::vector<JudgedExpectation> judge_expectations(const scenario::Scenario& scenario,
                                                  const RunsDone& done) {
    std::vector<JudgedExpectation> judged;
    for (const auto& scheduler : schedulers_in_order(done)) {
        const auto judgements = judgements_of(done, scheduler);
        for (const auto& expectation : world::expectations_for(scenario, scheduler)) {
            std::vector<journal::ExpectationResult> results;
            for (const auto& judgement : judgements) {
                const auto entry = std::ranges::find(judgement.entries, expectation.text,
                                                     &world::RunJudgement::Entry::text);
                if (entry != judgement.entries.end()) {
                    results.push_back(entry->result);
                }
            }
            if (results.empty()) {
                continue;
            }
            const auto verdict = journal::judge(expectation, results);
            judged.push_back({scheduler, expectation.text, verdict.holds,
                              journal::range_text(verdict.low, verdict.high, expectation.unit()),
                              verdict.over});
        }
    }
    return judged;
}

}  // namespace lvslab::cli
