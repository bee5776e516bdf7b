// SPDX-License-Identifier: GPL-2.0-only
/// The options of commands that say what hosts need.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/config/lvs_config.hpp"
#include "core/router/host_rules.hpp"

namespace lvslab::realmode {

struct RulesOptions {
    std::string ftp_ports = "10000:20000";
    std::vector<std::string> mark_ports;

    void add_to(CLI::App& command);
    /// Once the command line has been read and found right.
    router::HostRulesOptions values() const;
    /// What of them fits no service of the configuration, one sentence each.
    std::vector<std::string> misfits(const config::LvsConfig& config) const;
    /// As they were given, to be given again: " --ftp-ports 1024:65535". Empty for the defaults.
    std::string again() const;
};

}  // namespace lvslab::realmode
