// SPDX-License-Identifier: GPL-2.0-only
/// What a verification found: each scenario's runs, verdicts and how it differs from its reference.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/journal/expectation_run.hpp"
#include "core/world/expectation_report.hpp"
#include "sim/cli/compare_runs.hpp"
#include "sim/cli/verify_plan.hpp"

namespace lvslab::cli {

/// Figures of a run that a reference keeps, as they are written in JSON ("null" = none).
using KeyFigures = std::vector<std::pair<std::string, std::string>>;

/// A run, as far as it is kept.
struct VerifiedRun {
    NeededRun run;
    std::string name;  ///< "configured-3"
    bool finished = false;
    std::string how, errors;  ///< of one that did not finish
    world::RunJudgement judgement;
    KeyFigures figures;
    std::string fingerprint;
};

/// Reads what the run left in its folder.
VerifiedRun read_verified_run(const NeededRun& needed, const JobResult& job);

/// One expectation over its runs.
struct VerifiedExpectation {
    journal::Expectation expectation;
    journal::Verdict verdict;
    std::size_t runs = 0, asked = 0;  ///< that judged it; that it asks for
    /// The run that tells most about a failure, and its story.
    std::string worst_run;
    std::vector<std::string> story;
};

/// How a reference and this verification differ.
struct ReferenceResult {
    enum class State { none, same, differs, renewed, unreadable };
    State state = State::none;
    std::string path;
    std::vector<std::string> differences;  ///< a line each
};

struct VerifiedScenario {
    std::string path, name;
    std::vector<VerifiedRun> runs;
    std::vector<VerifiedExpectation> expectations;
    std::uint64_t violations = 0;
    std::vector<std::string> violation_texts;  ///< "configured-3: ..."
    std::vector<std::string> unfinished;       ///< "configured-3: signal 9", with its words
    ReferenceResult reference;
    std::optional<std::string> skipped{};  ///< not run: what the world cannot do of it

    bool holds() const;
};

/// Judges a scenario by its runs.
VerifiedScenario judge_scenario(const ScenarioToVerify& scenario, std::vector<VerifiedRun> runs,
                                unsigned most_seeds);

}  // namespace lvslab::cli
