// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <memory>

#include "realmode/daemon/commands.hpp"
#include "realmode/daemon/control_client.hpp"

namespace lvslab::realmode {
namespace {

struct StatusArguments {
    std::string control = default_control_socket;
    bool json = false;
};

int show_status(const StatusArguments& arguments) {
    const auto answer = ask_router(arguments.control, {ControlCommand::status});
    if (!answer || !answer->ok) {
        return bad_input;
    }
    std::fputs(arguments.json ? (answer->status + '\n').c_str() : answer->table.c_str(), stdout);
    return done;
}

}  // namespace

void add_status_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "status", "Show the role, the partner, the addresses, services and servers");
    auto arguments = std::make_shared<StatusArguments>();
    command->add_option("--control", arguments->control, "the router's control socket")
        ->capture_default_str();
    command->add_flag("--json", arguments->json, "as JSON instead of a table");
    command->callback([arguments, &exit_code] { exit_code = show_status(*arguments); });
}

}  // namespace lvslab::realmode
