// SPDX-License-Identifier: GPL-2.0-only
/// Scenario files on disk, and all that they name.
#pragma once

#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::lab {

struct ScenarioFiles {
    Checked<scenario::Scenario> scenario;
    std::vector<std::string> read;  ///< every file that was read, the scenario's own first
};

/// Reads and checks a scenario file; the files that it names are looked for beside it. A file that
/// cannot be read is an error like any other.
ScenarioFiles read_scenario_files(const std::string& path);

}  // namespace lvslab::lab
