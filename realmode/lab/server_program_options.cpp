// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>

#include <fmt/format.h>

#include "realmode/lab/commands.hpp"
#include "realmode/lab/lab_world.hpp"

namespace lvslab::lab {

void add_server_program_options(CLI::App& command, ServerProgramWords& words) {
    command.add_option("--web-server", words.web, "what real servers run for the web: own, nginx")
        ->check(CLI::IsMember({"own", "nginx"}))
        ->capture_default_str();
    command.add_option("--ftp-server", words.ftp, "what they run for FTP: own, vsftpd")
        ->check(CLI::IsMember({"own", "vsftpd"}))
        ->capture_default_str();
    command.add_option("--server-folder", words.folder,
                       "where their configurations and logs go (default: nowhere)");
}

bool fits(const scenario::Scenario& scenario, const ServerPrograms& programs,
          const std::string& warnings) {
    auto found = unsupported(scenario);
    found.append(unsupported_by(programs, scenario));
    found.sort();
    if (found.has_errors() || warnings != no_warnings) {
        fmt::print(stderr, "{}", found.to_string());
    }
    const auto missing = missing_programs(programs);
    for (const auto& sentence : missing) {
        fmt::print(stderr, "lvslab-lab: {}\n", sentence);
    }
    return !found.has_errors() && missing.empty();
}

}  // namespace lvslab::lab
