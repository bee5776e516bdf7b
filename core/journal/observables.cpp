// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/observables.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/journal/description.hpp"
#include "core/journal/invariants.hpp"

namespace lvslab::journal {
namespace {

Value optional(std::optional<double> value) {
    return value ? Value{*value} : Value{};
}

Value optional(std::optional<Duration> value) {
    return value ? Value{to_seconds(*value)} : Value{};
}

Value share(double part, double whole) {
    return whole > 0 ? Value{part / whole} : Value{};
}

std::uint64_t given_in_all(const Summary& s) {
    std::uint64_t sum = 0;
    for (const auto& server : s.servers) {
        sum += server.given;
    }
    return sum;
}

double weight_in_all(const Summary& s) {
    double sum = 0;
    for (const auto weight : s.run.weights) {
        sum += std::max(weight, 0);
    }
    return sum;
}

const ServerMetrics& metrics(const ServerOf& s) {
    return s.summary.servers[s.index];
}

constexpr Metric<Summary> of_run[] = {
    {"scenario", "", "name of the scenario",
     [](const Summary& s) { return Value{s.run.scenario}; }},
    {"world", "", "world that ran it", [](const Summary& s) { return Value{s.run.world}; }},
    {"scheduler", "", "scheduler of every service; empty = as the lvs.cf says",
     [](const Summary& s) { return Value{s.run.scheduler}; }},
    {"seed", "", "seed of the run", [](const Summary& s) { return Value{s.run.seed}; }},
    {"complete", "", "the run ended as planned",
     [](const Summary& s) { return Value{s.complete}; }},
    {"duration", "s", "time of the last event",
     [](const Summary& s) { return Value{to_seconds(s.end)}; }},
    {"window_start", "s", "the first decision; utilisation is measured from here",
     [](const Summary& s) {
         return s.decisions == 0 ? Value{} : Value{to_seconds(s.window_start)};
     }},
    {"window_end", "s", "the first load sample after the last decision; utilisation ends here",
     [](const Summary& s) {
         return s.decisions == 0 ? Value{} : Value{to_seconds(s.window_end)};
     }}};

constexpr Metric<ClientMetrics> of_clients[] = {
    {"connections", "connections", "connections that came to an end, one way or another",
     [](const ClientMetrics& m) { return Value{m.connections}; }},
    {"served", "connections", "every response arrived",
     [](const ClientMetrics& m) { return Value{m.served}; }},
    {"refused", "connections", "no server took it: broken before the first byte of a response",
     [](const ClientMetrics& m) { return Value{m.refused}; }},
    {"reset", "connections", "broken after the first byte of a response",
     [](const ClientMetrics& m) { return Value{m.reset}; }},
    {"timed_out", "connections", "not finished within the workload's timeout",
     [](const ClientMetrics& m) { return Value{m.timed_out}; }},
    {"unfinished", "connections", "the run ended first",
     [](const ClientMetrics& m) { return Value{m.unfinished}; }},
    {"responses", "responses", "responses that arrived whole",
     [](const ClientMetrics& m) { return Value{m.response_times.count()}; }},
    {"response_bytes", "B", "bytes of these responses",
     [](const ClientMetrics& m) { return Value{m.response_bytes}; }},
    {"response_time_mean", "s", "mean response time (exact)",
     [](const ClientMetrics& m) { return optional(m.response_times.mean()); }},
    {"response_time_p50", "s", "median response time (quantiles: nearest rank, within 0.4 %)",
     [](const ClientMetrics& m) { return optional(m.response_times.quantile(0.50)); }},
    {"response_time_p95", "s", "95 of 100 responses took no longer",
     [](const ClientMetrics& m) { return optional(m.response_times.quantile(0.95)); }},
    {"response_time_p99", "s", "99 of 100 responses took no longer",
     [](const ClientMetrics& m) { return optional(m.response_times.quantile(0.99)); }},
    {"response_time_max", "s", "longest response time (exact)",
     [](const ClientMetrics& m) { return optional(m.response_times.maximum()); }},
    {"outage", "s",
     "longest time in which one of them waited and none got an answer (below); of all: the longest "
     "of the workloads'",
     [](const ClientMetrics& m) {
         return m.outage ? Value{to_seconds(m.outage->length())} : Value{};
     }},
    {"outage_start", "s", "when it began",
     [](const ClientMetrics& m) { return m.outage ? Value{to_seconds(m.outage->from)} : Value{}; }},
    {"sessions", "sessions", "sessions of several connections that are over",
     [](const ClientMetrics& m) { return Value{m.sessions}; }},
    {"sessions_broken", "sessions", "of these, met a real server that does not know them",
     [](const ClientMetrics& m) { return Value{m.sessions_broken}; }},
    {"stale_responses", "responses", "made from data that its owner has replaced",
     [](const ClientMetrics& m) { return Value{m.stale_responses}; }},
    {"stale_age_max", "s", "longest time since that data was replaced", [](const ClientMetrics& m) {
         return m.stale_responses > 0 ? Value{to_seconds(m.stale_age_max)} : Value{};
     }}};

constexpr Metric<Summary> of_balance[] = {
    {"decisions", "decisions", "connections that the director had to find a server for",
     [](const Summary& s) { return Value{s.decisions}; }},
    {"decisions_refused", "decisions", "of these, no destination was available",
     [](const Summary& s) { return Value{s.decisions_refused}; }},
    {"decisions_persistent", "decisions",
     "of these, a persistence template chose, not the scheduler",
     [](const Summary& s) { return Value{s.decisions_persistent}; }},
    {"imbalance", "", "largest number of connections per unit of weight over the mean; 1 = even",
     [](const Summary& s) { return optional(s.imbalance()); }},
    {"jain", "",
     "Jain's index of the connections per unit of weight: 1 = even, 1/servers = all to one",
     [](const Summary& s) { return optional(s.jain()); }},
    {"utilisation", "", "worker time used over worker time there was, all servers, in the window",
     [](const Summary& s) { return optional(s.utilisation()); }}};

constexpr Metric<ServerOf> of_server[] = {
    {"server", "", "name of the real server",
     [](const ServerOf& s) { return Value{s.summary.run.servers[s.index]}; }},
    {"weight", "", "configured weight",
     [](const ServerOf& s) { return Value{std::int64_t{s.summary.run.weights[s.index]}}; }},
    {"workers", "requests", "requests that it serves at one time",
     [](const ServerOf& s) { return Value{std::uint64_t{s.summary.run.workers[s.index]}}; }},
    {"connections", "connections", "connections that the director gave to it",
     [](const ServerOf& s) { return Value{metrics(s).given}; }},
    {"share", "", "part of all connections that the director gave away",
     [](const ServerOf& s) {
         return share(static_cast<double>(metrics(s).given),
                      static_cast<double>(given_in_all(s.summary)));
     }},
    {"weight_share", "", "part of all configured weight: the share it should have",
     [](const ServerOf& s) {
         return share(std::max(s.summary.run.weights[s.index], 0), weight_in_all(s.summary));
     }},
    {"served", "connections", "connections whose every response arrived",
     [](const ServerOf& s) { return Value{metrics(s).served}; }},
    {"responses", "responses", "responses that arrived whole",
     [](const ServerOf& s) { return Value{metrics(s).responses}; }},
    {"response_time_mean", "s", "mean response time of these",
     [](const ServerOf& s) {
         return share(to_seconds(metrics(s).response_time_sum),
                      static_cast<double>(metrics(s).responses));
     }},
    {"utilisation", "", "worker time used over worker time there was, in the window",
     [](const ServerOf& s) { return optional(s.summary.utilisation(s.index)); }},
    {"work_done", "s", "worker time used until the run's end",
     [](const ServerOf& s) { return Value{to_seconds(metrics(s).work_done)}; }},
    {"turned_away", "requests", "requests refused by its full queue",
     [](const ServerOf& s) { return Value{metrics(s).turned_away}; }},
    {"most_in_server", "requests", "most requests in service and waiting, of all samples",
     [](const ServerOf& s) { return Value{std::uint64_t{metrics(s).most_in_server}}; }},
    {"down_time", "s", "time that it was crashed, hung or without its application",
     [](const ServerOf& s) { return Value{to_seconds(metrics(s).down.total(s.summary.end))}; }},
    {"given_while_down", "connections", "connections that the director gave to it in that time",
     [](const ServerOf& s) { return Value{metrics(s).given_while_down}; }},
    {"given_while_down_last", "s", "of these, the longest time since it went down",
     [](const ServerOf& s) {
         return metrics(s).given_while_down > 0
                    ? Value{to_seconds(metrics(s).given_while_down_last)}
                    : Value{};
     }},
    {"data_requests", "requests", "its requests to data servers that are over",
     [](const ServerOf& s) { return Value{metrics(s).data_requests}; }},
    {"data_requests_failed", "requests", "of these, not answered",
     [](const ServerOf& s) { return Value{metrics(s).data_requests_failed}; }}};

constexpr Metric<NodeOf> of_node[] = {
    {"node", "", "name of the node", [](const NodeOf& n) { return Value{n.traffic.node}; }},
    {"router", "", "it is an LVS router",
     [](const NodeOf& n) {
         const auto& routers = n.summary.run.routers;
         return Value{std::find(routers.begin(), routers.end(), n.traffic.node) != routers.end()};
     }},
    {"received_packets", "packets", "packets received",
     [](const NodeOf& n) { return Value{n.traffic.received_packets}; }},
    {"received_bytes", "B", "bytes received",
     [](const NodeOf& n) { return Value{n.traffic.received_bytes}; }},
    {"sent_packets", "packets", "packets sent",
     [](const NodeOf& n) { return Value{n.traffic.sent_packets}; }},
    {"sent_bytes", "B", "bytes sent", [](const NodeOf& n) { return Value{n.traffic.sent_bytes}; }}};

void append_table(std::string& out, std::string_view title, const auto& rows) {
    out += fmt::format("\n### {}\n\n| name | unit | meaning |\n|---|---|---|\n", title);
    for (const auto& row : rows) {
        out += fmt::format("| `{}` | {} | {} |\n", row.name, row.unit, row.meaning);
    }
}

}  // namespace

std::string to_json(const Value& value) {
    return std::visit(
        []<class T>(const T& v) -> std::string {
            if constexpr (std::is_same_v<T, std::monostate>) {
                return "null";
            } else if constexpr (std::is_same_v<T, std::string>) {
                return nlohmann::json(v).dump(-1, ' ', false,
                                              nlohmann::json::error_handler_t::replace);
            } else {
                return fmt::format("{}", v);
            }
        },
        value);
}

std::string to_csv(const Value& value) {
    if (std::holds_alternative<std::monostate>(value)) {
        return {};
    }
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) {
        return to_json(value);
    }
    if (text->find_first_of(",\"\r\n") == std::string::npos) {
        return *text;
    }
    std::string quoted = "\"";
    for (const char c : *text) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

std::span<const Metric<Summary>> run_metrics() {
    return of_run;
}
std::span<const Metric<ClientMetrics>> client_metrics() {
    return of_clients;
}
std::span<const Metric<Summary>> balance_metrics() {
    return of_balance;
}
std::span<const Metric<ServerOf>> server_metrics() {
    return of_server;
}
std::span<const Metric<NodeOf>> node_metrics() {
    return of_node;
}

std::vector<ObservedEvent> observed_events() {
    std::vector<ObservedEvent> result;
    for_each_kind([&]<class Kind>() {
        ObservedEvent event{
            Description<Kind>::name, Description<Kind>::meaning, Description<Kind>::level, {}};
        for_each_field<Kind>([&](const auto& field) {
            event.fields.push_back({field.name, field.unit, field.meaning});
        });
        result.push_back(std::move(event));
    });
    return result;
}

std::string_view level_name(Level level) {
    switch (level) {
        case Level::none:
            return "none";
        case Level::decisions:
            return "decisions";
        case Level::all:
            return "all";
    }
    return "unknown";
}

std::string observables_markdown() {
    std::string out = "## Events\n";
    unsigned number = 0;
    for (const auto& event : observed_events()) {
        out += fmt::format("\n### `{}`\n\n{} Number {}, kept from level `{}` on.\n", event.name,
                           event.meaning, ++number, level_name(event.level));
        if (event.fields.empty()) {
            continue;
        }
        out += "\n| field | unit | meaning |\n|---|---|---|\n";
        for (const auto& field : event.fields) {
            out += fmt::format("| `{}` | {} | {} |\n", field.name, field.unit, field.meaning);
        }
    }
    out += "\n## Metrics\n";
    append_table(out, "The run", of_run);
    append_table(out, "Clients: of all workloads (`total`) and of each (`workloads`)", of_clients);
    append_table(out, "Balance (`balance`)", of_balance);
    append_table(out, "Each real server (`servers`)", of_server);
    append_table(out, "Each node (`nodes`)", of_node);
    append_table(out, "Failover (`failover`)", failover_metrics());
    append_table(out, "Each takeover (`takeovers`)", takeover_metrics());
    append_table(out, "Each LVS router (`routers`)", router_metrics());
    append_table(out, "Each data server (`data_servers`)", data_server_metrics());
    append_table(out, "Checks of each real server (`checks.csv`)", check_metrics());
    append_table(out, "Each direction of a link (`links.csv`)", link_metrics());
    out += "\n## Moments of timeline.csv\n\n| kind | subject | detail |\n|---|---|---|\n";
    for (const auto& kind : timeline_kinds()) {
        out += fmt::format("| `{}` | {} | {} |\n", kind.name, kind.subject, kind.detail);
    }
    out += invariants_markdown();
    return out;
}

}  // namespace lvslab::journal
