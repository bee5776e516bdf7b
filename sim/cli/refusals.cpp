// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/refusals.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/kernel_run.hpp"
#include "sim/cli/worlds.hpp"

namespace lvslab::cli {

Diagnostics unsupported_in(std::string_view world, const scenario::Scenario& scenario) {
    const auto* found = find_world(world);
    return found != nullptr && found->unsupported != nullptr ? found->unsupported(scenario)
                                                             : Diagnostics{};
}

std::optional<std::string> world_refuses(std::string_view world, const std::string& file,
                                         const scenario::Scenario& scenario) {
    if (world == "kernel") {
        return kernel_world_refuses(file);
    }
    const auto found = unsupported_in(world, scenario);
    // What it runs otherwise is no refusal.
    Diagnostics errors;
    for (const auto& finding : found.items()) {
        if (finding.severity == Severity::error) {
            errors.add(finding);
        }
    }
    return errors.empty() ? std::nullopt : std::optional(errors.to_string());
}

std::string shortened_refusal(const std::string& lines) {
    const auto end = lines.find('\n');
    const auto count = std::ranges::count(lines, '\n');
    return count <= 1 ? lines.substr(0, end)
                      : fmt::format("{} (and {} more)", lines.substr(0, end), count - 1);
}

}  // namespace lvslab::cli
