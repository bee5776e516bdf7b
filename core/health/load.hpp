// SPDX-License-Identifier: GPL-2.0-only
/// The load monitor: a server's one-minute load becomes its weight.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/quantities.hpp"

namespace lvslab::health {

/// The most that a load below 1 makes of a weight (nanny's --scale).
inline constexpr int load_scale = 10;

/// The weight that follows `last` at this load (nanny.c, adjustWeight). With w the configured
/// weight: below a load of 1 it grows by (w/2)(1-load)^(1/3), up to 10 w; above it shrinks by
/// (w/2)(load-1)^(1/3), down to w; a change of less than w/4 is not made.
Weight weight_under_load(Weight configured, Weight last, double load);

/// The one-minute load in the output of `rup`, `ruptime` or `uptime`: the first number behind the
/// last "load", on its line. Nothing if there is none.
std::optional<double> read_load(std::string_view output);

}  // namespace lvslab::health
