// SPDX-License-Identifier: GPL-2.0-only
/// References: what a scenario came to when somebody last looked, in results/reference/NAME.json.
#pragma once

#include <filesystem>
#include <string>

#include "sim/cli/verify_results.hpp"

namespace lvslab::cli {

/// The reference file of a scenario by this name.
std::filesystem::path reference_path(const std::string& scenario_name);

/// Compares the scenario's runs with its reference. Runs that only one of them has are differences,
/// unless the number of seeds was cut down.
ReferenceResult compare_with_reference(const VerifiedScenario& scenario, bool seeds_cut);

/// The reference of these runs, ended by a newline: the command that makes it, each run's
/// fingerprint and key figures, a line a run.
std::string reference_json(const VerifiedScenario& scenario);

/// Writes it, whole or not at all; false and the `reason` if it cannot be.
bool write_reference(const VerifiedScenario& scenario, std::string& reason);

}  // namespace lvslab::cli
