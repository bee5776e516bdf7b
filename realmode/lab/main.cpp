// SPDX-License-Identifier: GPL-2.0-only
/// `lvslab-lab`: the kernel world, as a process of its own.
#include <CLI/CLI.hpp>

#include "realmode/lab/commands.hpp"

int main(int argc, char** argv) {
    CLI::App app("Runs scenarios on network namespaces, with the kernel's IPVS and lvsrouter");
    app.set_version_flag("--version", LVSLAB_VERSION);
    app.require_subcommand(1);
    int exit_code = lvslab::lab::done;
    lvslab::lab::add_fits_command(app, exit_code);
    lvslab::lab::add_run_command(app, exit_code);
    lvslab::lab::add_guest_run_command(app, exit_code);
    lvslab::lab::add_check_program_command(app, exit_code);
    lvslab::lab::add_remote_shell_command(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? lvslab::lab::done : lvslab::lab::bad_input;
    }
    return exit_code;
}
