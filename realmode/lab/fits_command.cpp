// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "realmode/lab/commands.hpp"
#include "realmode/lab/lab_world.hpp"
#include "realmode/lab/scenario_files.hpp"

namespace lvslab::lab {
namespace {

/// Errors alone: warnings are told by who runs it.
int tell(const Diagnostics& found) {
    for (const auto& each : found.items()) {
        if (each.severity == Severity::error) {
            fmt::print("{}\n", each.to_string());
        }
    }
    return found.has_errors() ? bad_input : done;
}

int fits_command(const std::string& path, const ServerProgramWords& servers) {
    const auto files = read_scenario_files(path);
    if (!files.scenario) {
        return tell(files.scenario.diagnostics);
    }
    const auto programs = servers.programs();
    auto found = unsupported(*files.scenario);
    found.append(unsupported_by(programs, *files.scenario));
    found.sort();
    const auto missing = missing_programs(programs);
    for (const auto& sentence : missing) {
        fmt::print("lvslab-lab: {}\n", sentence);
    }
    const int code = tell(found);
    return missing.empty() ? code : bad_input;
}

}  // namespace

void add_fits_command(CLI::App& app, int& exit_code) {
    auto scenario = std::make_shared<std::string>();
    auto servers = std::make_shared<ServerProgramWords>();
    auto* command = app.add_subcommand(
        "fits",
        "Tell whether the kernel world can do all of a scenario: what it cannot, a line each");
    command->add_option("SCENARIO", *scenario, "scenario file (YAML)")->required();
    add_server_program_options(*command, *servers);
    command->callback(
        [scenario, servers, &exit_code] { exit_code = fits_command(*scenario, *servers); });
}

}  // namespace lvslab::lab
