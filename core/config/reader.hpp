// SPDX-License-Identifier: GPL-2.0-only
/// lvs.cf with all its errors, the original's faults put right, extensions included.
#pragma once

#include <string_view>

#include "core/config/errors.hpp"
#include "core/config/lvs_config.hpp"
#include "core/config/parse.hpp"

namespace lvslab::config {

/// Reads the text into `config`, going on behind every error.
void read_whole(std::string_view text, const Options& options, LvsConfig& config,
                Findings& findings);

}  // namespace lvslab::config
