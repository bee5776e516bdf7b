// SPDX-License-Identifier: GPL-2.0-only
/// lvs.cf from the machine's disk, with the machine's names.
#pragma once

#include <string>

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"

namespace lvslab::realmode {

/// Reads an lvs.cf and adds everything that the configuration's check finds, by place; a value only
/// if a router can run with it. Host names and services are looked up as the machine resolves them,
/// which may wait for the network. A file that cannot be read is an error without a line.
Checked<config::LvsConfig> read_and_check_lvs_cf(const std::string& file);

}  // namespace lvslab::realmode
