// SPDX-License-Identifier: GPL-2.0-only
/// The names that a value can begin with: distributions and kinds of arrivals.
#pragma once

#include <string_view>
#include <vector>

namespace lvslab::scenario::yaml {

/// constant, exponential, uniform, lognormal, pareto, empirical
const std::vector<std::string_view>& distribution_names();
/// constant, poisson, on-off, file, trace
const std::vector<std::string_view>& arrivals_names();
/// All of them.
const std::vector<std::string_view>& value_names();
bool is_value_name(std::string_view word);

}  // namespace lvslab::scenario::yaml
