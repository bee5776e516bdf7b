// SPDX-License-Identifier: GPL-2.0-only
/// The commands of `lvsrouter`, one file each (NAME_command.cpp).
#pragma once

#include <CLI/CLI.hpp>

namespace lvslab::realmode {

/// Where an lvs.cf of 2010 lies.
inline constexpr const char* default_lvs_cf = "/etc/sysconfig/ha/lvs.cf";
/// Where a running lvsrouter is asked.
inline constexpr const char* default_control_socket = "/run/lvsrouter/control.sock";
/// Where it notes what it holds. Not to outlive a reboot: neither does what it holds.
inline constexpr const char* default_state_folder = "/run/lvsrouter";

/// Exit codes of every command.
enum ExitCode : int {
    done = 0,
    failed = 1,     ///< it was tried, and did not come about
    bad_input = 2,  ///< the input or the machine is not fit; nothing was changed
};

/// Adds the command to the program; its callback stores the exit code.
void add_run_command(CLI::App& app, int& exit_code);
void add_status_command(CLI::App& app, int& exit_code);
void add_reload_command(CLI::App& app, int& exit_code);
void add_release_command(CLI::App& app, int& exit_code);
void add_stop_command(CLI::App& app, int& exit_code);
void add_watch_command(CLI::App& app, int& exit_code);
void add_clean_command(CLI::App& app, int& exit_code);
void add_check_command(CLI::App& app, int& exit_code);
void add_rules_command(CLI::App& app, int& exit_code);

}  // namespace lvslab::realmode
