// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "realmode/daemon/commands.hpp"
#include "realmode/daemon/daemon.hpp"
#include "realmode/daemon/host_cleaner.hpp"
#include "realmode/daemon/lock_file.hpp"
#include "realmode/daemon/privileges.hpp"
#include "realmode/daemon/process_log.hpp"
#include "realmode/daemon/supervisor.hpp"

namespace lvslab::realmode {
namespace {

struct RunArguments {
    DaemonOptions daemon{.config_file = default_lvs_cf,
                         .control_socket = default_control_socket,
                         .state_folder = default_state_folder,
                         .events = {},
                         .heartbeat_key = {},
                         .first_heartbeat = {}};
    std::string first_heartbeat;
    std::string begin;  ///< file
    bool no_supervisor = false;
};

/// Taken while the process and its children live; nothing if another router has one of them.
std::optional<std::pair<LockFile, LockFile>> take_locks(const DaemonOptions& options) {
    auto found = make_folder(options.state_folder);
    if (!found.has_errors()) {
        auto state = LockFile::take(options.state_folder + "/lock");
        auto control = LockFile::take(options.control_socket + ".lock");
        found.append(state.diagnostics);
        found.append(control.diagnostics);
        if (state && control) {
            return std::pair(*std::move(state.value), *std::move(control.value));
        }
    }
    std::fputs(found.to_string().c_str(), stderr);
    return std::nullopt;
}

int run_supervised(const DaemonOptions& options, bool after_active) {
    HostCleaner cleaner(options);
    // Children may give up more, by what their lvs.cf needs, and get nothing back.
    for (const auto& failure :
         give_up_privileges({.read_any_file = needs_read_privilege(options.config_file),
         .new_privileges = true})) {
        log(LogLevel::warning, failure);
    }
    Supervised supervised;
    supervised.daemon = [&](int lifeline, bool again, bool after) {
        return run_daemon(options, {lifeline, again, again ? after : after_active});
    };
    supervised.clean_up = [&](const Holdings& told, const CleanUp& order) {
        return cleaner.clean(told, order);
    };
    return supervise(supervised);
}

/// False: it has said why not.
bool read_beginning_file(RunArguments& arguments) {
    std::ifstream file(arguments.begin, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto read = read_beginning(text, arguments.begin);
    std::fputs(read.diagnostics.to_string().c_str(), stderr);
    arguments.daemon.beginning = std::move(read.value);
    return arguments.daemon.beginning.has_value();
}

int run(RunArguments& arguments) {
    if (!arguments.first_heartbeat.empty()) {
        arguments.daemon.first_heartbeat = parse_duration(arguments.first_heartbeat);
        if (!arguments.daemon.first_heartbeat) {
            std::fputs(fmt::format("--first-heartbeat: \"{}\" is no time; write one like 250ms\n",
                                   arguments.first_heartbeat)
                           .c_str(),
                       stderr);
            return bad_input;
        }
    }
    if (!arguments.begin.empty() && !read_beginning_file(arguments)) {
        return bad_input;
    }
    const auto locks = take_locks(arguments.daemon);
    if (!locks) {
        return bad_input;
    }
    open_log("lvsrouter");
    // Before anything else: whoever holds an address by mistake takes its traffic.
    const bool after_active = HostCleaner(arguments.daemon).clean({}, {.keep_services = true});
    return arguments.no_supervisor ? run_daemon(arguments.daemon, {.after_active = after_active})
                                   : run_supervised(arguments.daemon, after_active);
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("run", "Be an LVS router, in the foreground");
    auto arguments = std::make_shared<RunArguments>();
    auto& daemon = arguments->daemon;
    command->add_option("--config", daemon.config_file, "the lvs.cf")->capture_default_str();
    command->add_option("--control", daemon.control_socket, "the control socket to make")
        ->capture_default_str();
    command->add_option("--state", daemon.state_folder, "folder for what this router holds")
        ->capture_default_str();
    command->add_flag(
        "--no-supervisor", arguments->no_supervisor,
        "without the process that lowers the addresses of a router that hangs or dies");
    command->add_option("--events", daemon.events,
                        "write each event as a line of JSON to this file or descriptor");
    command->add_option("--heartbeat-key", daemon.heartbeat_key,
                        "file of a key that both routers have; heartbeats without it are refused");
    command->add_flag("--active", daemon.force_active, "become active at once, whoever else is");
    command->add_option("--first-heartbeat", arguments->first_heartbeat,
                        "time to the first heartbeat (default: keepalive)");
    command->add_option("--begin", arguments->begin,
                        "begin in the middle of a story, as this file says (for the lab)");
    command->add_flag("--keep-services", daemon.keep_services,
                      "leave the services in IPVS at the end, for the next start to take over");
    command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace lvslab::realmode
