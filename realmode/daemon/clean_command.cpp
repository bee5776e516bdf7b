// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include <fmt/format.h>

#include "realmode/daemon/commands.hpp"
#include "realmode/daemon/daemon.hpp"
#include "realmode/daemon/host_cleaner.hpp"
#include "realmode/daemon/lock_file.hpp"
#include "realmode/daemon/process_log.hpp"

namespace lvslab::realmode {
namespace {

struct CleanArguments {
    std::string state = default_state_folder;
    bool keep_services = false;
};

int clean(const CleanArguments& arguments) {
    if (std::error_code error; !std::filesystem::exists(arguments.state, error) && !error) {
        fmt::print("{} is not there: no router ran with it, nothing to do\n", arguments.state);
        return done;
    }
    const auto lock = LockFile::take(arguments.state + "/lock");
    if (!lock) {
        std::fputs(lock.diagnostics.to_string().c_str(), stderr);
        return bad_input;
    }
    open_log("lvsrouter");
    DaemonOptions options;
    options.state_folder = arguments.state;
    HostCleaner(options).clean({}, {.keep_services = arguments.keep_services});
    return done;
}

}  // namespace

void add_clean_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "clean", "Lower the addresses and remove the services that a killed router left here");
    auto arguments = std::make_shared<CleanArguments>();
    command->add_option("--state", arguments->state, "the router's state folder")
        ->capture_default_str();
    command->add_flag("--keep-services", arguments->keep_services, "the addresses alone");
    command->callback([arguments, &exit_code] { exit_code = clean(*arguments); });
}

}  // namespace lvslab::realmode
