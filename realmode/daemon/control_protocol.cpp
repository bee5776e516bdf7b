// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/control_protocol.hpp"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lvslab::realmode {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::array all_commands{ControlCommand::status, ControlCommand::reload,
                                  ControlCommand::release, ControlCommand::stop,
                                  ControlCommand::watch};

constexpr auto expected =
    R"(expected a line like {"command":"status"}, with one of status, reload, release, stop, watch)";

std::string dump(const ordered_json& value) {
    return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

bool flag(const json& object, const char* member) {
    const auto found = object.find(member);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string text(const json& object, const char* member) {
    const auto found = object.find(member);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string_view to_string(ControlCommand command) {
    switch (command) {
        case ControlCommand::status:
            return "status";
        case ControlCommand::reload:
            return "reload";
        case ControlCommand::release:
            return "release";
        case ControlCommand::stop:
            return "stop";
        case ControlCommand::watch:
            return "watch";
    }
    return "";
}

std::string to_line(const ControlRequest& request) {
    ordered_json out{{"command", to_string(request.command)}};
    if (request.keep) {
        out["keep"] = true;
    }
    return dump(out) + '\n';
}

Checked<ControlRequest> parse_request(std::string_view line) {
    Checked<ControlRequest> result;
    const auto in = json::parse(line, nullptr, false);
    if (!in.is_object()) {
        result.diagnostics.error({}, fmt::format("the request is no JSON object; {}", expected));
        return result;
    }
    const auto name = text(in, "command");
    for (const auto command : all_commands) {
        if (name == to_string(command)) {
            result.value = ControlRequest{command, flag(in, "keep")};
            return result;
        }
    }
    result.diagnostics.error({}, fmt::format("no command is called \"{}\"; {}", name, expected));
    return result;
}

std::string to_line(const ControlAnswer& answer) {
    ordered_json out{{"ok", answer.ok}};
    if (!answer.error.empty()) {
        out["error"] = answer.error;
    }
    if (!answer.findings.empty()) {
        out["findings"] = answer.findings;
    }
    if (!answer.status.empty()) {
        out["status"] = ordered_json::parse(answer.status);
    }
    if (!answer.table.empty()) {
        out["table"] = answer.table;
    }
    return dump(out) + '\n';
}

Checked<ControlAnswer> parse_answer(std::string_view line) {
    Checked<ControlAnswer> result;
    const auto in = ordered_json::parse(line, nullptr, false);
    if (!in.is_object() || !in.contains("ok")) {
        result.diagnostics.error({}, "the answer is none of lvsrouter's");
        return result;
    }
    const json plain = in;
    ControlAnswer answer{flag(plain, "ok"), text(plain, "error"), {}, {}, text(plain, "table")};
    if (const auto found = plain.find("findings"); found != plain.end() && found->is_array()) {
        for (const auto& finding : *found) {
            answer.findings.push_back(finding.is_string() ? finding.get<std::string>() : "");
        }
    }
    if (in.contains("status")) {
        answer.status = dump(in["status"]);
    }
    result.value = std::move(answer);
    return result;
}

}  // namespace lvslab::realmode
