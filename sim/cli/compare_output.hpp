// SPDX-License-Identifier: GPL-2.0-only
/// A comparison as files and as a table on the terminal.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/scenario/scenario.hpp"
#include "sim/cli/compare_findings.hpp"
#include "sim/cli/compare_results.hpp"

namespace lvslab::cli {

/// The tables and findings that the terminal shows.
std::string comparison_text(const Comparison& comparison, const std::vector<Finding>& findings);

/// summary.json of a comparison (docs/journal.md tells its shape).
std::string comparison_json(const Comparison& comparison, const std::vector<Finding>& findings,
                            const scenario::Scenario& scenario);

/// Writes summary.json, runs.csv, schedulers.csv, servers.csv and differences.csv; says whether all
/// could be written.
bool write_comparison(const std::filesystem::path& folder, const Comparison& comparison,
                      const std::vector<Finding>& findings, const scenario::Scenario& scenario);

}  // namespace lvslab::cli
