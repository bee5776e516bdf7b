// SPDX-License-Identifier: GPL-2.0-only
/// What a verification found, as a log for people and as JUnit XML for machines.
#pragma once

#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "sim/cli/verify_results.hpp"

namespace lvslab::cli {

/// A scenario's chapter of the log; `quiet`: only what fails, and nothing if all holds.
std::string scenario_log(const VerifiedScenario& scenario, bool quiet);

/// The last line: how many scenarios, runs and expectations, and how they went.
std::string verdict_summary(const std::vector<VerifiedScenario>& scenarios);

/// JUnit XML: a testsuite for each scenario, in it a testcase for each expectation, one for the
/// invariants, one for the runs if one did not finish, one for the reference if there is one. A
/// skipped scenario's is its one testcase "scenario". No
/// clock is read, so the same results give the same bytes.
std::string junit_xml(const std::vector<VerifiedScenario>& scenarios);
/// The same for input that is wrong: a testsuite for each file with an error, its testcase "input".
std::string junit_xml(const Diagnostics& bad_input);

}  // namespace lvslab::cli
