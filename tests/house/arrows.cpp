// SPDX-License-Identifier: GPL-2.0-only
// The arrows between the rooms, and who breaks one.
#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/house/rules.hpp"

namespace lvslab::house {
namespace {

using Rooms = std::set<std::string>;

const Rooms all_of_core{"core/base",     "core/packet",  "core/ports",       "core/config",
                        "core/ipvs",     "core/health",  "core/pulse",       "core/router",
                        "core/scenario", "core/journal", "core/conformance", "core/server",
                        "core/world",    "core/parity",  "core/trace"};

Rooms core_and(Rooms rooms) {
    rooms.insert(all_of_core.begin(), all_of_core.end());
    return rooms;
}

/// What each room may include besides itself. core points downward; the worlds point at core and
/// not at each other; the command line is where worlds and reports meet.
const std::map<std::string, Rooms> arrows{
    {"core/base", {}},
    {"core/packet", {"core/base"}},
    {"core/trace", {"core/base", "core/packet"}},
    {"core/ports", {"core/base"}},
    {"core/config", {"core/base"}},
    {"core/health", {"core/base"}},
    {"core/pulse", {"core/base"}},
    {"core/journal", {"core/base"}},
    {"core/ipvs", {"core/base", "core/packet"}},
    {"core/conformance", {"core/base", "core/packet", "core/ipvs"}},
    {"core/router",
     {"core/base", "core/config", "core/ipvs", "core/health", "core/pulse", "core/ports"}},
    {"core/scenario", {"core/base", "core/config", "core/ipvs", "core/journal", "core/trace"}},
    {"core/server", {"core/base", "core/scenario"}},
    {"core/world",
     {"core/base", "core/config", "core/ipvs", "core/scenario", "core/router", "core/health",
      "core/journal", "core/ports", "core/pulse", "core/server"}},
    {"core/parity",
     {"core/base", "core/conformance", "core/ipvs", "core/journal", "core/router", "core/scenario",
      "core/world"}},
    {"sim/flow", all_of_core},
    {"sim/packet", all_of_core},
    {"sim/plugin", all_of_core},
    {"sim/report", all_of_core},
    {"sim/trace", all_of_core},
    {"sim/cli", core_and({"sim/flow", "sim/packet", "sim/plugin", "sim/report", "sim/trace"})},
    {"realmode", all_of_core},
    {"bindings", core_and({"sim/flow", "sim/plugin"})},
};

/// Plain types of other rooms that a room may share beside its arrows: services and destinations,
/// probes, words and actions of pulse, as values.
const std::map<std::string, std::set<std::string>> plain_types{
    {"core/health", {"core/ipvs/service.hpp"}},
    {"core/pulse", {"core/ipvs/service.hpp"}},
    {"core/ports",
     {"core/ipvs/service.hpp", "core/health/probe.hpp", "core/pulse/words.hpp",
      "core/pulse/actions.hpp"}},
};

/// "core/base/address.hpp" -> "core/base", "realmode/lab/x.hpp" -> "realmode". Empty for others.
std::string room_of(const std::string& path) {
    const auto first = path.find('/');
    if (first == std::string::npos) {
        return "";
    }
    const auto top = path.substr(0, first);
    if (top == "core" || top == "sim") {
        const auto second = path.find('/', first + 1);
        return second == std::string::npos ? "" : path.substr(0, second);
    }
    return top == "realmode" || top == "bindings" || top == "tests" ? top : "";
}

bool allowed(const std::string& from, const std::string& to, const std::string& header) {
    const auto shared = plain_types.find(from);
    return from == to || arrows.at(from).contains(to) ||
           (shared != plain_types.end() && shared->second.contains(header));
}

}  // namespace

Diagnostics check_arrows(const std::vector<File>& tree) {
    static const std::regex include(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
    Diagnostics found;
    for (const auto& file : tree) {
        const auto room = room_of(file.path);
        if (!file.is_cpp() || room.empty() || room == "tests") {
            continue;
        }
        if (!arrows.contains(room)) {
            found.error({file.path}, fmt::format("room {} has no arrows: enter it in "
                                                 "tests/house/arrows.cpp and in the docs",
                                                 room));
            continue;
        }
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            std::smatch match;
            if (!std::regex_search(file.lines[i], match, include)) {
                continue;
            }
            const SourceLocation place{file.path, static_cast<unsigned>(i + 1), 0};
            const auto header = match[2].str();
            const auto target = room_of(header);
            if (!target.empty() && !allowed(room, target, header)) {
                found.error(place, fmt::format("{} may not include {} (only {})", room, target,
                                               fmt::join(arrows.at(room), ", ")));
            } else if (target.empty() && match[1] == "\"") {
                found.error(place, fmt::format("\"{}\" is not written from the project's root, "
                                               "or is not the project's own",
                                               header));
            }
        }
    }
    return found;
}

}  // namespace lvslab::house
