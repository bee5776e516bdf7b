// SPDX-License-Identifier: GPL-2.0-only
/// Scenario files on disk.
#pragma once

#include <optional>
#include <string>

#include "core/base/diagnostic.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::cli {

/// The whole file, or nothing and the system's reason in `reason`.
std::optional<std::string> read_whole_file(const std::string& path, std::string& reason);

/// Reads and checks a scenario file; the files that it names are looked for beside it. A file that
/// cannot be read is an error like any other.
Checked<scenario::Scenario> load_scenario(const std::string& path);

}  // namespace lvslab::cli
