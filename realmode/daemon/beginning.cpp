// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/beginning.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lvslab::realmode {
namespace {

using Json = nlohmann::ordered_json;
using pulse::Start;

constexpr std::array<std::pair<Start, const char*>, 4> words{
    {{Start::cold, "cold"},
     {Start::settled_active, "settled_active"},
     {Start::settled_backup, "settled_backup"},
     {Start::after_active, "after_active"}}};

Beginning of_json(const Json& json) {
    Beginning beginning;
    beginning.at = Time{Duration{json.at("at").get<Duration::rep>()}};
    const auto how = json.at("how").get<std::string>();
    const auto word = std::ranges::find_if(words, [&](const auto& w) { return how == w.second; });
    if (word == words.end()) {
        throw std::invalid_argument(fmt::format("\"{}\" is no way to begin", how));
    }
    beginning.how = word->first;
    if (json.contains("first_heartbeat")) {
        beginning.first_heartbeat = Duration{json.at("first_heartbeat").get<Duration::rep>()};
    }
    beginning.heard_ago = Duration{json.value("heard_ago", Duration::rep{0})};
    for (const auto& check : json.value("first_checks", Json::array())) {
        beginning.first_checks.push_back({check.at("service").get<std::string>(),
                                          check.at("server").get<std::string>(),
                                          Duration{check.at("after").get<Duration::rep>()}});
    }
    return beginning;
}

}  // namespace

router::RouterStart Beginning::start() const {
    router::RouterStart start;
    start.how = how;
    start.first_heartbeat = first_heartbeat;
    start.heard_ago = heard_ago;
    start.first_check = [checks = first_checks](const ports::ServiceName& service,
                                                const ports::ServerName& server) {
        const auto found = std::ranges::find_if(checks, [&](const FirstCheckAt& c) {
            return c.service == service.name && c.server == server.name;
        });
        return found == checks.end() ? Duration{} : found->after;
    };
    return start;
}

std::string beginning_text(const Beginning& beginning) {
    Json json;
    json["at"] = beginning.at.time_since_epoch().count();
    json["how"] =
        std::ranges::find(words, beginning.how, [](const auto& w) { return w.first; })->second;
    if (beginning.first_heartbeat) {
        json["first_heartbeat"] = beginning.first_heartbeat->count();
    }
    json["heard_ago"] = beginning.heard_ago.count();
    json["first_checks"] = Json::array();
    for (const auto& check : beginning.first_checks) {
        json["first_checks"].push_back(
            {{"service", check.service}, {"server", check.server}, {"after", check.after.count()}});
    }
    return json.dump(2) + "\n";
}

Checked<Beginning> read_beginning(std::string_view text, const std::string& file) {
    Checked<Beginning> read;
    try {
        read.value = of_json(Json::parse(text));
    } catch (const std::exception& error) {
        read.diagnostics.error({file, 0, 0}, fmt::format("is no beginning: {}", error.what()));
    }
    return read;
}

}  // namespace lvslab::realmode
