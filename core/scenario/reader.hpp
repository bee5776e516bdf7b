// SPDX-License-Identifier: GPL-2.0-only
/// Reads a scenario file (YAML).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::scenario {

/// Hands the text of a file that the scenario names (its lvs.cf, a list of arrivals), with the path
/// as written there; nothing if it cannot be read. The caller resolves relative paths.
using SourceLoader = std::function<std::optional<std::string>(const std::string& path)>;

/// Further errors of each lvs.cf, of rooms that this one does not know: router::check_probes().
using ConfigCheck = std::function<Diagnostics(const config::LvsConfig&)>;

/// Reads and checks a scenario. `file` is the name that messages carry. All errors at once, those
/// of the lvs.cf (what `lvslab config check` calls an error) included; `value` is set only if there
/// are none.
Checked<Scenario> read_scenario(std::string_view text, const std::string& file,
                                const SourceLoader& load, const ConfigCheck& check = {});

}  // namespace lvslab::scenario
