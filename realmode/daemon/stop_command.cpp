// SPDX-License-Identifier: GPL-2.0-only
#include <memory>

#include "realmode/daemon/commands.hpp"
#include "realmode/daemon/control_client.hpp"

namespace lvslab::realmode {
namespace {

struct StopArguments {
    std::string control = default_control_socket;
    bool keep = false;
};

}  // namespace

void add_stop_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("stop", "End the router in good order; waits for its end");
    auto arguments = std::make_shared<StopArguments>();
    command->add_option("--control", arguments->control, "the router's control socket")
        ->capture_default_str();
    command->add_flag("--keep", arguments->keep,
                      "leave the services in IPVS, for the next start to take over");
    command->callback([arguments, &exit_code] {
        const auto answer = ask_router(arguments->control, {ControlCommand::stop, arguments->keep});
        exit_code = answer && answer->ok ? done : bad_input;
    });
}

}  // namespace lvslab::realmode
