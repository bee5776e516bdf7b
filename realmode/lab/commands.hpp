// SPDX-License-Identifier: GPL-2.0-only
/// The commands of `lvslab-lab`, one file each (NAME_command.cpp).
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "core/scenario/scenario.hpp"
#include "realmode/lab/server_programs.hpp"

namespace lvslab::lab {

/// Exit codes of every command.
enum ExitCode : int {
    done = 0,               ///< the journal is written
    bad_input = 2,          ///< the scenario or the machine is not fit; nothing was written
    interrupted_run = 130,  ///< stopped by a signal, as shells number Ctrl-C
};

/// Values of --warnings. "new" leaves out those of the scenario's files.
inline constexpr const char* all_warnings = "all";
inline constexpr const char* no_warnings = "none";
void add_warnings_option(CLI::App& command, std::string& warnings);

/// What --web-server and --ftp-server say.
struct ServerProgramWords {
    std::string web = "own";
    std::string ftp = "own";
    std::string folder;  ///< --server-folder
    ServerPrograms programs() const { return {.nginx = web == "nginx", .vsftpd = ftp == "vsftpd"}; }
};
void add_server_program_options(CLI::App& command, ServerProgramWords& words);
/// Whether the kernel world can run the scenario with these servers on this machine; if not, it has
/// told why. Warnings are told unless `warnings` is "none".
bool fits(const scenario::Scenario& scenario, const ServerPrograms& programs,
          const std::string& warnings);

/// Adds the command to the program; its callback stores the exit code.
void add_fits_command(CLI::App& app, int& exit_code);
void add_run_command(CLI::App& app, int& exit_code);
void add_guest_run_command(CLI::App& app, int& exit_code);
/// What a scenario's routers run: a check program, the remote shell of a load monitor.
void add_check_program_command(CLI::App& app, int& exit_code);
void add_remote_shell_command(CLI::App& app, int& exit_code);

}  // namespace lvslab::lab
