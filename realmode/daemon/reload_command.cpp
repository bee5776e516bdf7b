// SPDX-License-Identifier: GPL-2.0-only
#include <memory>

#include "realmode/daemon/commands.hpp"
#include "realmode/daemon/control_client.hpp"

namespace lvslab::realmode {

void add_reload_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "reload", "Read lvs.cf again and change what is different; a bad file changes nothing");
    auto control = std::make_shared<std::string>(default_control_socket);
    command->add_option("--control", *control, "the router's control socket")
        ->capture_default_str();
    command->callback([control, &exit_code] {
        const auto answer = ask_router(*control, {ControlCommand::reload});
        exit_code = answer && answer->ok ? done : bad_input;
    });
}

}  // namespace lvslab::realmode
