// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/run_arguments.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

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

}  // namespace

int refuse_run(const std::string& message) {
    fmt::print(stderr, "lvslab run: {}\n", message);
    return bad_input;
}

std::vector<std::string> objections(const RunArguments& arguments,
                                    const scenario::Scenario& scenario) {
    std::vector<std::string> found;
    if (arguments.scheduler && ipvs::find_scheduler(*arguments.scheduler) == nullptr) {
        std::vector<std::string_view> known;
        for (const auto& entry : ipvs::scheduler_table()) {
            known.push_back(entry.name);
        }
        found.push_back(fmt::format("scheduler {} is unknown; known are {}", *arguments.scheduler,
                                    fmt::join(known, ", ")));
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
