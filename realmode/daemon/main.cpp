// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <vector>

#include <fmt/format.h>

#include "realmode/daemon/commands.hpp"

namespace {

using namespace lvslab::realmode;

/// A line for each command that adds itself.
const std::vector<void (*)(CLI::App&, int&)> commands{
    add_run_command,    add_check_command,  add_rules_command,
    add_status_command, add_reload_command, add_release_command,
    add_stop_command,   add_watch_command,  add_clean_command,
};

/// A closed standard stream would be the number of the next file that is opened, and what is meant
/// for the user would go to the kernel.
void open_closed_streams() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) {
            _exit(bad_input);
        }
    }
}

int parse_and_run(int argc, char** argv) {
    CLI::App app{"lvsrouter: run this machine as an LVS router", "lvsrouter"};
    app.set_version_flag("--version", "lvsrouter " LVSLAB_VERSION);
    app.require_subcommand(1);
    int exit_code = done;
    for (const auto add : commands) {
        add(app, exit_code);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // CLI11 has its own numbers; a wrong command line is bad input like any other.
        return app.exit(error) == 0 ? done : bad_input;
    }
    return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    open_closed_streams();
    // A reader who has gone is found when writing to him.
    std::signal(SIGPIPE, SIG_IGN);
    int exit_code = bad_input;
    try {
        exit_code = parse_and_run(argc, argv);
    } catch (const std::exception& error) {
        std::fputs(fmt::format("lvsrouter: {}\n", error.what()).c_str(), stderr);
    }
    return std::fflush(stdout) == 0 || exit_code != done ? exit_code : failed;
}
