// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <memory>

#include "realmode/daemon/commands.hpp"
#include "realmode/daemon/control_client.hpp"

namespace lvslab::realmode {
namespace {

int watch(const std::string& control) {
    auto client = ControlClient::connect(control);
    if (!client) {
        std::fputs(client.diagnostics.to_string().c_str(), stderr);
        return bad_input;
    }
    const auto answer = client->ask({ControlCommand::watch});
    if (!answer || !answer->ok) {
        std::fputs(answer ? (answer->error + '\n').c_str() : answer.diagnostics.to_string().c_str(),
                   stderr);
        return bad_input;
    }
    while (const auto line = client->read_line()) {
        if (std::puts(line->c_str()) == EOF || std::fflush(stdout) != 0) {
            break;
        }
    }
    return done;
}

}  // namespace

void add_watch_command(CLI::App& app, int& exit_code) {
    auto* command =
        app.add_subcommand("watch", "Print what the router does, a line of JSON for each event");
    auto control = std::make_shared<std::string>(default_control_socket);
    command->add_option("--control", *control, "the router's control socket")
        ->capture_default_str();
    command->callback([control, &exit_code] { exit_code = watch(*control); });
}

}  // namespace lvslab::realmode
