// SPDX-License-Identifier: GPL-2.0-only
/// What a world cannot do of a scenario, where that is no mistake of the scenario's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::cli {

/// What the world of this name cannot do of the scenario of this file, a line each with its place;
/// nothing if it can do all. Throws std::runtime_error if the kernel world cannot be asked.
std::optional<std::string> world_refuses(std::string_view world, const std::string& file,
                                         const scenario::Scenario& scenario);

/// What the world of this name, which is not the kernel world, cannot run or runs otherwise.
Diagnostics unsupported_in(std::string_view world, const scenario::Scenario& scenario);

/// The first line of them, and how many more there are.
std::string shortened_refusal(const std::string& lines);

}  // namespace lvslab::cli
