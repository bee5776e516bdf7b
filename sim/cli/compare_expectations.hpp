// SPDX-License-Identifier: GPL-2.0-only
/// A scenario's expectations over a comparison's runs, scheduler by scheduler.
#pragma once

#include <vector>

#include "core/scenario/scenario.hpp"
#include "sim/cli/compare_results.hpp"
#include "sim/cli/compare_runs.hpp"

namespace lvslab::cli {

/// Judges each expectation for each scheduler that it is about, over the seeds that finished and
/// left an expectations.json. In the order of the schedulers, then of the expectations.
std::vector<JudgedExpectation> judge_expectations(const scenario::Scenario& scenario,
                                                  const RunsDone& done);

}  // namespace lvslab::cli
