// SPDX-License-Identifier: GPL-2.0-only
/// What `lvslab verify` has to run: the scenario files below some paths, and the runs that each
/// one's expectations need.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/journal/expectation.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::cli {

/// The scenario files among the paths and in the folders below them, each once, folders in the
/// order of their names. A file in a folder is one if it is called *.yaml and has `scenario:` at
/// the top; what is named itself is taken as it is. Hidden folders are passed over.
Checked<std::vector<std::filesystem::path>> find_scenarios(const std::vector<std::string>& paths);

/// A run that is needed: a scheduler (empty = as the lvs.cf says) and a seed.
struct NeededRun {
    std::string scheduler;
    std::uint64_t seed = 0;
    friend auto operator<=>(const NeededRun&, const NeededRun&) = default;
};

/// A scenario file that was read.
struct ScenarioToVerify {
    std::string path;
    scenario::Scenario scenario;
    std::vector<NeededRun> runs;  ///< in order; at least one, unless it is skipped
    /// What the world cannot do of it, a line each, if so.
    std::optional<std::string> skipped{};
};

/// The runs that judge an expectation; never more seeds than `most_seeds` (0 = as many as it says).
std::vector<NeededRun> runs_for(const journal::Expectation& expectation,
                                const scenario::Scenario& scenario, unsigned most_seeds);
/// Those of all expectations, each once; without any, one run for the invariants.
std::vector<NeededRun> all_runs(const scenario::Scenario& scenario, unsigned most_seeds);

}  // namespace lvslab::cli
