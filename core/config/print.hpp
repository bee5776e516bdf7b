// SPDX-License-Identifier: GPL-2.0-only
/// Writing lvs.cf.
#pragma once

#include <string>

#include "core/config/lvs_config.hpp"

namespace lvslab::config {

/// The canonical lvs.cf of a configuration: every directive that has a value, defaults included,
/// extensions only where they are used. Reading it gives the configuration back.
/// A value that no line of lvs.cf can hold (it has a line break, or a blank followed by both kinds
/// of quotes) becomes a comment that says so.
std::string print(const LvsConfig& config);

/// The configuration as JSON: one object, two spaces deep, ended by a newline. Numbers of seconds
/// and booleans are numbers, as in Piranha's own structures; what is not given is null.
std::string to_json(const LvsConfig& config);

}  // namespace lvslab::config
