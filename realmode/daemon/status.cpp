// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/status.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "realmode/daemon/service_key_json.hpp"

namespace lvslab::realmode {
namespace {

using nlohmann::ordered_json;

/// To the millisecond, so that a status reads well.
double seconds(Duration d) {
    return std::round(to_seconds(d) * 1000) / 1000;
}

std::string_view forwarding(ipvs::ForwardingMethod method) {
    switch (method) {
        case ipvs::ForwardingMethod::nat:
            return "Masq";
        case ipvs::ForwardingMethod::local:
            return "Local";
        case ipvs::ForwardingMethod::tunnel:
            return "Tunnel";
        case ipvs::ForwardingMethod::direct:
        case ipvs::ForwardingMethod::bypass:
            return "Route";
    }
    return "";
}

// ---- JSON ----

template <class Value, class Write>
ordered_json or_null(const std::optional<Value>& value, Write write) {
    return value ? ordered_json(write(*value)) : ordered_json(nullptr);
}

ordered_json json_of(const ServerStatus& server) {
    const auto number = [](std::int64_t n) { return n; };
    return {{"name", server.name},
            {"endpoint", server.endpoint.to_string()},
            {"forward", forwarding(server.method)},
            {"state", to_string(server.state)},
            {"weight", server.weight.value()},
            {"active_connections", or_null(server.active_connections, number)},
            {"inactive_connections", or_null(server.inactive_connections, number)}};
}

ordered_json json_of(const ServiceStatus& service) {
    ordered_json out{{"name", service.name}};
    add_service_key(out, service.key);
    out["scheduler"] = service.settings.scheduler;
    out["persistent"] = seconds(service.settings.persistent);
    out["in_ipvs"] = service.in_ipvs;
    out["servers"] = ordered_json::array();
    for (const auto& server : service.servers) {
        out["servers"].push_back(json_of(server));
    }
    return out;
}

ordered_json json_of(const PathStatus& path) {
    return {{"path", to_string(path.path)},
            {"partner", path.partner.to_string()},
            {"heard_ago", or_null(path.heard_ago, seconds)},
            {"word", or_null(path.word, [](pulse::Word word) { return to_string(word); })}};
}

ordered_json json_of(const AddressStatus& address) {
    return {{"address", address.address.to_string()},
            {"device", address.device},
            {"held", address.held}};
}

ordered_json json_of(const SyncStatus& sync) {
    return {{"role", sync.master ? "master" : "backup"},
            {"interface", sync.interface},
            {"id", sync.id}};
}

template <class Item>
ordered_json list_of(const std::vector<Item>& items) {
    auto list = ordered_json::array();
    for (const auto& item : items) {
        list.push_back(json_of(item));
    }
    return list;
}

// ---- table ----

std::string key_text(const ipvs::ServiceKey& key) {
    if (key.fwmark.value() != 0) {
        return fmt::format("FWM  {}{}", key.fwmark.value(),
                           key.family == Family::ipv6 ? " IPv6" : "");
    }
    std::string protocol{to_string(key.protocol)};
    std::ranges::transform(protocol, protocol.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return fmt::format("{:<4} {}", protocol, key.endpoint.to_string());
}

std::string flags_text(const ipvs::ServiceSettings& settings) {
    std::string text;
    if (settings.persistent > Duration::zero()) {
        text += fmt::format(" persistent {}", seconds(settings.persistent));
    }
    if (settings.one_packet) {
        text += " ops";
    }
    return text;
}

std::string count_text(const std::optional<std::int64_t>& count) {
    return count ? fmt::format("{}", *count) : "-";
}

std::string server_line(const ServerStatus& server) {
    return fmt::format(
        "  -> {:<28} {:<7} {:<6} {:<10} {:<10} {:<9} {}\n", server.endpoint.to_string(),
        forwarding(server.method), server.weight.value(), count_text(server.active_connections),
        count_text(server.inactive_connections), to_string(server.state), server.name);
}

std::string path_text(const PathStatus& path) {
    return fmt::format(
        "{} {}", to_string(path.path),
        path.heard_ago ? fmt::format("{} s ago", seconds(*path.heard_ago)) : std::string("never"));
}

std::string partner_line(const Status& status) {
    if (status.paths.empty()) {
        return "partner: none\n";
    }
    std::string heard;
    for (const auto& path : status.paths) {
        heard += (heard.empty() ? "" : ", ") + path_text(path);
    }
    return fmt::format("partner {}: {}; last heartbeat: {}\n",
                       status.paths.front().partner.to_string(), status.partner, heard);
}

std::string role_line(const Status& status) {
    return fmt::format("{} router, {} for {} s{}{}\n", status.primary ? "primary" : "backup",
                       status.active ? "active" : "standby", seconds(status.role_for),
                       status.reason ? fmt::format(" ({})", to_string(*status.reason)) : "",
                       status.links_up ? "" : ", a link is down");
}

std::string program_line(const Status& status) {
    return fmt::format("lvsrouter {}, {}, process {}, {}\n", status.version, status.config_file,
                       status.process,
                       status.supervisor ? fmt::format("supervisor {}", *status.supervisor)
                                         : std::string("no supervisor"));
}

}  // namespace

std::string_view to_string(ServerState state) {
    switch (state) {
        case ServerState::unchecked:
            return "unchecked";
        case ServerState::up:
            return "up";
        case ServerState::down:
            return "down";
        case ServerState::quiesced:
            return "quiesced";
        case ServerState::inactive:
            return "inactive";
    }
    return "";
}

std::string to_json(const Status& status) {
    const auto number = [](std::int64_t n) { return n; };
    const ordered_json out{
        {"version", status.version},
        {"config", status.config_file},
        {"process", status.process},
        {"supervisor", or_null(status.supervisor, number)},
        {"router", status.primary ? "primary" : "backup"},
        {"role", status.active ? "active" : "standby"},
        {"reason", or_null(status.reason, [](pulse::Reason r) { return to_string(r); })},
        {"role_for", seconds(status.role_for)},
        {"links_up", status.links_up},
        {"partner", status.partner},
        {"heartbeats", list_of(status.paths)},
        {"sync", or_null(status.sync, [](const SyncStatus& s) { return json_of(s); })},
        {"addresses", list_of(status.addresses)},
        {"services", list_of(status.services)}};
    return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string to_table(const Status& status) {
    std::string out = program_line(status) + role_line(status) + partner_line(status);
    if (status.sync) {
        out += fmt::format("sync {} on {}, id {}\n", status.sync->master ? "master" : "backup",
                           status.sync->interface, status.sync->id);
    }
    for (const auto& address : status.addresses) {
        out += fmt::format("address {}{}: {}\n", address.address.to_string(),
                           address.device.empty() ? "" : " " + address.device,
                           address.held ? "here" : "not here");
    }
    out += "Prot LocalAddress:Port Scheduler Flags\n";
    out += fmt::format("  -> {:<28} {:<7} {:<6} {:<10} {:<10} {:<9} {}\n", "RemoteAddress:Port",
                       "Forward", "Weight", "ActiveConn", "InActConn", "State", "Name");
    for (const auto& service : status.services) {
        out += fmt::format("{} {}{}   {}{}\n", key_text(service.key), service.settings.scheduler,
                           flags_text(service.settings), service.name,
                           service.in_ipvs ? "" : " (not in IPVS)");
        for (const auto& server : service.servers) {
            out += server_line(server);
        }
    }
    return out;
}

}  // namespace lvslab::realmode
