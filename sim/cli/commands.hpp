// SPDX-License-Identifier: GPL-2.0-only
/// The commands of `lvslab`, one file each (NAME_command.cpp).
#pragma once

#include <CLI/CLI.hpp>

namespace lvslab::cli {

/// Exit codes of every command.
enum ExitCode : int {
    held = 0,               ///< done; whatever was expected held
    failed = 1,             ///< an expectation or comparison failed
    bad_input = 2,          ///< the input is wrong; nothing was written
    interrupted_run = 130,  ///< stopped by Ctrl-C, as shells number it
};

/// Adds the command to the program; its callback stores the exit code.
void add_config_command(CLI::App& app, int& exit_code);
void add_conform_command(CLI::App& app, int& exit_code);
void add_journal_command(CLI::App& app, int& exit_code);
void add_run_command(CLI::App& app, int& exit_code);
void add_compare_command(CLI::App& app, int& exit_code);
void add_report_command(CLI::App& app, int& exit_code);
void add_verify_command(CLI::App& app, int& exit_code);
void add_parity_command(CLI::App& app, int& exit_code);
void add_sweep_command(CLI::App& app, int& exit_code);
void add_replay_command(CLI::App& app, int& exit_code);

}  // namespace lvslab::cli
