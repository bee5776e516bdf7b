// SPDX-License-Identifier: GPL-2.0-only
/// lvs.cf as Piranha 0.8.6 reads it.
#pragma once

#include <string_view>

#include "core/config/errors.hpp"
#include "core/config/lvs_config.hpp"
#include "core/config/parse.hpp"

namespace lvslab::config {

/// Reads the text into `config` as lvsParseConfig() does, up to the first error.
void read_as_piranha(std::string_view text, const Options& options, LvsConfig& config,
                     Findings& findings);

}  // namespace lvslab::config
