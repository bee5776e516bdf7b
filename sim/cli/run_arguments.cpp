// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/run_arguments.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/scheduler_names.hpp"
#include "core/ipvs/schedulers.hpp"
#include "sim/cli/commands.hpp"

namespace lvslab::cli {

namespace fs = std::filesystem;

namespace {

bool names_a_node(const std::string& name, const scenario::Scenario& scenario) {
    const auto is = [&](const auto& thing) { return thing.name == name; };
    if (name == "all" || name == "gateway" || std::ranges::any_of(scenario.routers, is) ||
        std::ranges::any_of(scenario.servers, is) || std::ranges::any_of(scenario.clients, is)) {
        return true;
    }
    return std::ranges::any_of(scenario.clients, [&](const scenario::ClientGroup& group) {
        for (unsigned i = 0; i < group.count; ++i) {
            if (name == fmt::format("{}-{}", group.name, i)) {
                return true;
            }
        }
        return false;
    });
}

/// What the run would ask of its routers beside the kernel's schedulers.
std::set<std::string> own_schedulers_of(const RunArguments& arguments,
                                        const scenario::Scenario& scenario) {
    std::set<std::string> names;
    if (arguments.scheduler) {
        names.insert(*arguments.scheduler);
    } else {
        for (const auto& router : scenario.routers) {
            for (const auto& service : router.config.virtual_servers) {
                names.insert(service.scheduler);
            }
        }
    }
    std::erase_if(names, [](const auto& name) { return !is_own_scheduler(name); });
    return names;
}

}  // namespace

bool has_server_programs(const RunArguments& arguments) {
    return arguments.web_server != "own" || arguments.ftp_server != "own";
}

int refuse_run(const std::string& message) {
    fmt::print(stderr, "lvslab run: {}\n", message);
    return bad_input;
}

std::vector<std::string> objections(const RunArguments& arguments,
                                    const scenario::Scenario& scenario) {
    std::vector<std::string> found;
    if (arguments.scheduler && ipvs::find_scheduler(*arguments.scheduler) == nullptr) {
        found.push_back(fmt::format("scheduler {} is unknown; known are {}", *arguments.scheduler,
                                    fmt::join(ipvs::scheduler_names(), ", ")));
    }
    if (arguments.world == "kernel") {
        for (const auto& name : own_schedulers_of(arguments, scenario)) {
            found.push_back(fmt::format(
                "scheduler {} is a plug-in's: the kernel world has the kernel's own", name));
        }
    }
    for (const auto& name : arguments.pcap) {
        if (!names_a_node(name, scenario)) {
            found.push_back(
                fmt::format("pcap: there is no node {}; a router, a server, a client "
                            "group, one of its clients (GROUP-NUMBER), gateway or all",
                            name));
        }
    }
    return found;
}

fs::path output_folder(const RunArguments& arguments, const scenario::Scenario& scenario,
                       std::uint64_t seed) {
    if (!arguments.output.empty()) {
        return arguments.output;
    }
    return fs::path("results") / scenario.name /
           fmt::format("{}-{}", arguments.scheduler.value_or("configured"), seed);
}

}  // namespace lvslab::cli
