// SPDX-License-Identifier: GPL-2.0-only
/// Reading an lvs.cf from this host.
#pragma once

#include <string>

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"

namespace lvslab::realmode {

struct LvsCfFile {
    std::string text;
    config::LvsConfig config;
};

/// Everything that is wrong or risky, by place; a value only if a router can run with it. Host
/// names and services are looked up as the machine resolves them, which may wait for the network. A
/// file that cannot be read is an error without a line.
Checked<LvsCfFile> read_lvs_cf(const std::string& file);

/// The same for a text that is there already.
Checked<LvsCfFile> read_lvs_cf_text(std::string text, const std::string& file);

}  // namespace lvslab::realmode
