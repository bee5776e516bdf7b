// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/commands.hpp"

int main(int argc, char** argv) {
    CLI::App app{"lvslab: simulate and verify Linux Virtual Server clusters"};
    app.require_subcommand(1);
    int exit_code = lvslab::cli::held;
    lvslab::cli::add_config_command(app, exit_code);
    lvslab::cli::add_conform_command(app, exit_code);
    lvslab::cli::add_journal_command(app, exit_code);
    lvslab::cli::add_run_command(app, exit_code);
    lvslab::cli::add_compare_command(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // CLI11 has its own numbers; a wrong command line is bad input like any other.
        return app.exit(error) == 0 ? lvslab::cli::held : lvslab::cli::bad_input;
    }
    return exit_code;
}
