// SPDX-License-Identifier: GPL-2.0-only
#include "core/conformance/recording.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/conformance/command_line.hpp"
#include "core/ipvs/kernel_timer.hpp"

namespace lvslab::conformance {
namespace {

using nlohmann::json;

/// What is wrong with a line; becomes a diagnostic.
struct Malformed {
    std::string message;
};

constexpr std::array<std::pair<std::string_view, Op>, 16> operations = {{
    {"env", Op::env},
    {"timeout", Op::timeout},
    {"sysctl", Op::sysctl},
    {"svc+", Op::add_service},
    {"svc=", Op::edit_service},
    {"svc-", Op::remove_service},
    {"dst+", Op::add_server},
    {"dst=", Op::edit_server},
    {"dst-", Op::remove_server},
    {"in", Op::in},
    {"rs", Op::rs},
    {"sh", Op::shell},
    {"sleep", Op::sleep},
    {"counters", Op::counters_on},
    {"cnt", Op::counters},
    {"conns", Op::connections},
}};

const json& member(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) {
        throw Malformed{fmt::format("\"{}\" is missing", name)};
    }
    return *found;
}

std::string text_of(const json& object, const char* name) {
    const auto& value = member(object, name);
    if (!value.is_string()) {
        throw Malformed{fmt::format("\"{}\" is {}, expected a string", name, value.dump())};
    }
    return value.get<std::string>();
}

std::int64_t whole_number(const json& value, std::string_view what) {
    if (value.is_boolean()) {
        return value.get<bool>() ? 1 : 0;
    }
    if (!value.is_number_integer()) {
        throw Malformed{fmt::format("{} is {}, expected a whole number", what, value.dump())};
    }
    return value.get<std::int64_t>();
}

std::int64_t integer_of(const json& object, const char* name) {
    return whole_number(member(object, name), fmt::format("\"{}\"", name));
}

std::uint32_t threshold_of(const json& object, const char* name) {
    if (!object.contains(name)) {
        return 0;
    }
    const auto value = integer_of(object, name);
    if (value < 0 || value > 0xFFFFFFFFLL) {
        throw Malformed{fmt::format("\"{}\" is {}, expected 0 ... 4294967295", name, value)};
    }
    return static_cast<std::uint32_t>(value);
}

Time time_of(const json& object, const char* name) {
    const auto& value = member(object, name);
    if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 1e12) {
        throw Malformed{fmt::format("\"{}\" is {}, expected milliseconds", name, value.dump())};
    }
    return Time(Duration(std::llround(value.get<double>() * 1e6)));
}

Endpoint endpoint_of(const std::string& text) {
    const auto endpoint = Endpoint::parse(text);
    if (!endpoint) {
        throw Malformed{fmt::format("\"{}\" is no ADDRESS:PORT", text)};
    }
    return *endpoint;
}

std::vector<ServerCounters> counters_of(const json& rows) {
    if (!rows.is_array()) {
        throw Malformed{"\"cnt\" is no list"};
    }
    std::vector<ServerCounters> list;
    for (const auto& row : rows) {
        if (!row.is_array() || row.size() != 5 || !row[0].is_string()) {
            throw Malformed{fmt::format(
                "{} in \"cnt\", expected [server, weight, active, inactive, persistent]",
                row.dump())};
        }
        list.push_back({endpoint_of(row[0].get<std::string>()), whole_number(row[1], "weight"),
                        whole_number(row[2], "active"), whole_number(row[3], "inactive"),
                        whole_number(row[4], "persistent")});
    }
    return list;
}

std::vector<ListedConnection> connections_of(const json& rows) {
    if (!rows.is_array()) {
        throw Malformed{"\"conns\" is no list"};
    }
    std::vector<ListedConnection> list;
    for (const auto& row : rows) {
        const bool shaped = row.is_array() && row.size() == 6 && row[0].is_string() &&
                            row[1].is_string() && row[2].is_string() && row[3].is_string() &&
                            row[4].is_string();
        if (!shaped) {
            throw Malformed{fmt::format(
                "{} in \"conns\", expected [protocol, client, virtual, real, state, seconds]",
                row.dump())};
        }
        list.push_back({row[0].get<std::string>(), row[1].get<std::string>(),
                        row[2].get<std::string>(), row[3].get<std::string>(),
                        row[4].get<std::string>(), whole_number(row[5], "seconds left")});
    }
    return list;
}

ipvs::ForwardingMethod method_of(const std::string& text) {
    using enum ipvs::ForwardingMethod;
    constexpr std::array<std::pair<std::string_view, ipvs::ForwardingMethod>, 5> names = {
        {{"nat", nat}, {"dr", direct}, {"tun", tunnel}, {"local", local}, {"bypass", bypass}}};
    for (const auto& [name, method] : names) {
        if (text == name) {
            return method;
        }
    }
    throw Malformed{fmt::format("forwarding method \"{}\", expected nat, dr or tun", text)};
}

void read_flags(Event& event, const std::string& text) {
    using ipvs::TcpFlags;
    event.protocol = text == "U" ? Protocol::udp : Protocol::tcp;
    if (event.protocol == Protocol::udp) {
        return;
    }
    for (const char letter : text) {
        switch (letter) {
            case 'S':
                event.flags = event.flags | TcpFlags::syn;
                break;
            case 'A':
                event.flags = event.flags | TcpFlags::ack;
                break;
            case 'F':
                event.flags = event.flags | TcpFlags::fin;
                break;
            case 'R':
                event.flags = event.flags | TcpFlags::rst;
                break;
            case 'P':
                break;  // IPVS does not look at PSH
            default:
                throw Malformed{fmt::format("flags \"{}\", expected letters of SAFRP or U", text)};
        }
    }
}

void read_packet(Event& event, const json& object) {
    read_flags(event, text_of(object, "f"));
    event.client = endpoint_of(text_of(object, "c"));
    event.virtual_endpoint = endpoint_of(text_of(object, "v"));
    if (object.contains("mark")) {
        event.mark = Fwmark{threshold_of(object, "mark")};
    }
    if (event.op == Op::rs) {
        event.ok = integer_of(object, "ok") != 0;
        return;
    }
    event.unseen = object.contains("unseen") && integer_of(object, "unseen") != 0;
    if (event.unseen) {
        return;
    }
    const auto& to = member(object, "to");
    if (!to.is_null()) {
        event.to = endpoint_of(text_of(object, "to"));
    }
    if (object.contains("m")) {
        event.method = method_of(text_of(object, "m"));
    }
    if (object.contains("reply") && !object["reply"].is_null()) {
        event.reply = text_of(object, "reply");
    }
    if (object.contains("icmp") && !object["icmp"].is_null()) {
        const auto& icmp = object["icmp"];
        if (!icmp.is_array() || icmp.size() != 2) {
            throw Malformed{fmt::format("\"icmp\" is {}, expected [type, code]", icmp.dump())};
        }
        event.has_icmp = true;
        event.icmp_type = static_cast<int>(whole_number(icmp[0], "ICMP type"));
        event.icmp_code = static_cast<int>(whole_number(icmp[1], "ICMP code"));
    }
}

void read_server(Event& event, const json& object) {
    event.service_name = text_of(object, "svc");
    event.server = endpoint_of(text_of(object, "dst"));
    if (event.op == Op::remove_server) {
        return;
    }
    event.server_settings.method = method_of(text_of(object, "m"));
    const auto weight = integer_of(object, "w");
    if (weight < -0x80000000LL || weight > 0x7FFFFFFFLL) {
        throw Malformed{fmt::format("weight {} does not fit 32 bits", weight)};
    }
    event.server_settings.weight = Weight{static_cast<std::int32_t>(weight)};
    event.server_settings.upper_threshold = threshold_of(object, "u");
    event.server_settings.lower_threshold = threshold_of(object, "l");
}

void read_service(Event& event, const json& object) {
    event.service_name = text_of(object, "svc");
    if (object.contains("sched") && object["sched"].is_string()) {
        event.scheduler = object["sched"].get<std::string>();
    }
    if (event.op == Op::remove_service) {
        return;
    }
    if (!object.contains("cmd") && event.op == Op::edit_service) {
        return;
    }
    const auto command = read_service_command(text_of(object, "cmd"));
    if (!command.error.empty()) {
        throw Malformed{command.error};
    }
    event.key = command.key;
    event.settings = command.settings;
    if (!event.scheduler.empty() && event.scheduler != command.settings.scheduler) {
        throw Malformed{fmt::format("scheduler \"{}\" but its command says \"{}\"", event.scheduler,
                                    command.settings.scheduler)};
    }
}

/// A mark rule is told by the recording's README; newer recordings carry the command.
void read_shell(Event& event, const json& object) {
    constexpr std::string_view told =
        "iptables -t mangle -A PREROUTING -d 10.255.0.0/24 -j MARK --set-mark 5";
    const bool failed = object.contains("rc") && integer_of(object, "rc") != 0;
    std::string command(told);
    for (const char* name : {"cmd", "sh", "command"}) {
        if (object.contains(name)) {
            command = text_of(object, name);
        }
    }
    const auto read = read_shell_command(command);
    if (!read.error.empty()) {
        throw Malformed{read.error};
    }
    if (!failed) {
        event.mark_rules = read.rules;
    }
}

void read_end(Event& event, const json& object) {
    event.end = time_of(object, "t2");
    if (event.end < event.time) {
        throw Malformed{"\"t2\" is before \"t\""};
    }
}

void read_rest(Event& event, const json& object) {
    switch (event.op) {
        case Op::timeout:
            event.timeouts = {std::chrono::seconds(integer_of(object, "tcp")),
                              std::chrono::seconds(integer_of(object, "fin")),
                              std::chrono::seconds(integer_of(object, "udp"))};
            break;
        case Op::sysctl: {
            event.sysctl = text_of(object, "k");
            const auto& value = member(object, "val");
            event.sysctl_value = value.is_string()
                                     ? std::strtoll(value.get<std::string>().c_str(), nullptr, 10)
                                     : whole_number(value, "\"val\"");
            break;
        }
        case Op::add_service:
        case Op::edit_service:
        case Op::remove_service:
            read_service(event, object);
            break;
        case Op::add_server:
        case Op::edit_server:
        case Op::remove_server:
            read_server(event, object);
            break;
        case Op::in:
        case Op::rs:
            read_packet(event, object);
            break;
        case Op::shell:
            read_shell(event, object);
            break;
        case Op::sleep:
            read_end(event, object);
            break;
        case Op::counters_on:
            event.on = integer_of(object, "on") != 0;
            break;
        case Op::connections:
            event.connections = connections_of(member(object, "conns"));
            if (object.contains("t2")) {
                read_end(event, object);
            }
            break;
        case Op::env:
        case Op::counters:
            break;
    }
}

Event read_event(const json& object, unsigned line) {
    if (!object.is_object()) {
        throw Malformed{"expected a JSON object"};
    }
    if (const auto number = integer_of(object, "i"); number != std::int64_t{line} - 1) {
        throw Malformed{
            fmt::format("\"i\" is {}, expected {}: lines are missing", number, line - 1)};
    }
    const auto name = text_of(object, "op");
    Event event;
    const auto* found = std::find_if(operations.begin(), operations.end(),
                                     [&](const auto& o) { return o.first == name; });
    if (found == operations.end()) {
        throw Malformed{fmt::format("unknown operation \"{}\"", name)};
    }
    event.op = found->second;
    event.line = line;
    event.time = event.op == Op::env ? Time{} : time_of(object, "t");
    event.end = event.time;
    if (object.contains("err") && !object["err"].is_null()) {
        event.error = static_cast<int>(std::abs(integer_of(object, "err")));
    }
    if (object.contains("cnt") && !object["cnt"].is_null()) {
        event.counters = counters_of(object["cnt"]);
    }
    if (object.contains("svc") && object["svc"].is_string()) {
        event.service_name = object["svc"].get<std::string>();
    }
    read_rest(event, object);
    return event;
}

/// What the first line tells of the timers that entries go by.
void read_timers(Recording& recording, const json& object) {
    if (object.contains("timers")) {
        const auto kind = text_of(object, "timers");
        if (kind != "exact") {
            throw Malformed{fmt::format("\"timers\" is \"{}\", expected \"exact\"", kind)};
        }
        recording.exact_timers = true;
    }
    if (object.contains("jiffies")) {
        recording.wheel_phase =
            integer_of(object, "jiffies") * ipvs::jiffy - time_of(object, "t").time_since_epoch();
    }
}

}  // namespace

Checked<Recording> read_recording(std::string_view text, const std::string& name) {
    Checked<Recording> result;
    Recording recording;
    recording.name = name;
    unsigned line = 0;
    Time last{};
    while (!text.empty()) {
        ++line;
        const auto end = text.find('\n');
        const auto row = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        SourceLocation where{name, line, 0};
        try {
            const auto object = json::parse(row);
            auto event = read_event(object, line);
            if (event.op == Op::env) {
                read_timers(recording, object);
            }
            if (event.op != Op::env && event.time < last) {
                throw Malformed{"time runs backwards"};
            }
            last = std::max(last, event.end);
            event.text = std::string(row);
            recording.events.push_back(std::move(event));
        } catch (const json::parse_error& error) {
            where.column = static_cast<unsigned>(error.byte);
            const bool cut = error.byte > row.size();
            result.diagnostics.error(where, cut ? "the line is cut off: its JSON has no end"
                                                : "no JSON, expected one object a line");
            if (line == 1) {
                break;  // no recording at all
            }
        } catch (const Malformed& malformed) {
            result.diagnostics.error(where, malformed.message);
        }
    }
    if (line == 0) {
        result.diagnostics.error({name, 1, 0}, "the recording is empty");
    }
    if (!result.diagnostics.has_errors()) {
        result.value = std::move(recording);
    }
    return result;
}

}  // namespace lvslab::conformance
