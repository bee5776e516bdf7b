// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"

namespace {

using namespace lvslab::cli;

/// A closed standard stream would be the number of the next file that is opened, and what is meant
/// for the user would stand in a journal.
void open_closed_streams() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) {
            _exit(bad_input);
        }
    }
}

/// What did not arrive on standard output was not done. A reader who has gone wanted no more.
int flush_output(int exit_code) {
    errno = 0;
    const bool arrived = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (arrived || errno == EPIPE) {
        return exit_code;
    }
    const std::string reason = errno == 0 ? "not all was written" : std::strerror(errno);
    std::fputs(fmt::format("lvslab: standard output: {}\n", reason).c_str(), stderr);
    return exit_code == held ? bad_input : exit_code;
}

int parse_and_run(int argc, char** argv) {
    CLI::App app{"lvslab: simulate and verify Linux Virtual Server clusters", "lvslab"};
    app.set_version_flag("--version", "lvslab " LVSLAB_VERSION);
    app.require_subcommand(1);
    int exit_code = held;
    add_config_command(app, exit_code);
    add_conform_command(app, exit_code);
    add_journal_command(app, exit_code);
    add_run_command(app, exit_code);
    add_compare_command(app, exit_code);
    add_report_command(app, exit_code);
    add_verify_command(app, exit_code);
    add_parity_command(app, exit_code);
    add_sweep_command(app, exit_code);
    add_replay_command(app, exit_code);
    const auto is_meant = [&](const CLI::App* command) { return command->get_name() == argv[1]; };
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_meant).empty()) {
        std::fputs(fmt::format("There is no command \"{}\".\nRun with --help for more "
                               "information.\n",
                               argv[1])
                       .c_str(),
                   stderr);
        return bad_input;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // CLI11 has its own numbers; a wrong command line is bad input like any other.
        return app.exit(error) == 0 ? held : bad_input;
    }
    return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    open_closed_streams();
    int exit_code = bad_input;
    try {
        exit_code = parse_and_run(argc, argv);
    } catch (const std::exception& error) {
        // A full disk, or no memory: the commands tell what is wrong with their input themselves.
        std::fputs(fmt::format("lvslab: {}\n", error.what()).c_str(), stderr);
    }
    return flush_output(exit_code);
}
