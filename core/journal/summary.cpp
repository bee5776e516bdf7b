// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/summary.hpp"

#include <initializer_list>
#include <string_view>

#include "core/journal/description_failover.hpp"
#include "core/journal/observables.hpp"

namespace lvslab::journal {
namespace {

template <class Scope>
std::string json_fields(std::span<const Metric<Scope>> metrics, const Scope& scope,
                        std::string_view indent) {
    std::string out;
    for (const auto& metric : metrics) {
        out += out.empty() ? "" : ",";
        out += indent;
        out += '"';
        out += metric.name;
        out += "\": ";
        out += to_json(metric.value(scope));
    }
    return out;
}

/// One object a line, so that two summaries can be compared line by line.
std::string json_rows(const std::vector<std::string>& rows) {
    std::string out = "[";
    for (std::size_t i = 0; i < rows.size(); ++i) {
        out += i == 0 ? "\n    {" : ",\n    {";
        out += rows[i];
        out += '}';
    }
    return out + (rows.empty() ? "]" : "\n  ]");
}

class Table {
public:
    explicit Table(std::string name) : file_{std::move(name), {}} {}

    template <class Scope>
    void header(std::initializer_list<std::string_view> first,
                std::span<const Metric<Scope>> metrics) {
        for (const auto name : first) {
            cell(std::string(name));
        }
        for (const auto& metric : metrics) {
            cell(std::string(metric.name));
        }
        end_row();
    }
    void header(std::initializer_list<std::string_view> names) {
        for (const auto name : names) {
            cell(std::string(name));
        }
        end_row();
    }
    template <class Scope>
    void cells(std::span<const Metric<Scope>> metrics, const Scope& scope) {
        for (const auto& metric : metrics) {
            cell(metric.value(scope));
        }
    }
    void cell(const Value& value) {
        file_.text += first_ ? "" : ",";
        file_.text += to_csv(value);
        first_ = false;
    }
    void row(std::initializer_list<Value> values) {
        for (const auto& value : values) {
            cell(value);
        }
        end_row();
    }
    void end_row() {
        file_.text += '\n';
        first_ = true;
    }
    CsvFile take() { return std::move(file_); }

private:
    CsvFile file_;
    bool first_ = true;
};

std::string name_of(const std::vector<std::string>& names, std::uint32_t index) {
    return index < names.size() ? names[index] : std::string{};
}

CsvFile clients_table(const Summary& s) {
    Table table("clients.csv");
    table.header({"workload"}, client_metrics());
    table.cell(std::string("(all)"));
    table.cells(client_metrics(), s.total);
    table.end_row();
    for (std::size_t i = 0; i < s.workloads.size(); ++i) {
        table.cell(s.run.workloads[i]);
        table.cells(client_metrics(), s.workloads[i]);
        table.end_row();
    }
    return table.take();
}

CsvFile servers_table(const Summary& s) {
    Table table("servers.csv");
    table.header({}, server_metrics());
    for (std::size_t i = 0; i < s.servers.size(); ++i) {
        table.cells(server_metrics(), ServerOf{s, i});
        table.end_row();
    }
    return table.take();
}

CsvFile nodes_table(const Summary& s) {
    Table table("nodes.csv");
    table.header({}, node_metrics());
    for (const auto& [name, traffic] : s.nodes) {
        table.cells(node_metrics(), NodeOf{s, traffic});
        table.end_row();
    }
    return table.take();
}

CsvFile load_table(const Summary& s) {
    Table table("load.csv");
    table.header({"time", "server", "busy", "queued", "utilisation"});
    for (std::size_t i = 0; i < s.servers.size(); ++i) {
        for (const auto& point : s.servers[i].load.points()) {
            table.row({to_seconds(point.time), s.run.servers[i], point.values[0], point.values[1],
                       point.values[2]});
        }
    }
    return table.take();
}

CsvFile destinations_table(const Summary& s) {
    Table table("destinations.csv");
    table.header({"time", "router", "service", "server", "active", "inactive", "weight"});
    for (const auto& [key, series] : s.destinations) {
        const auto [router, service, server] = key;
        for (const auto& point : series.points()) {
            table.row({to_seconds(point.time), name_of(s.run.routers, router),
                       name_of(s.run.services, service), name_of(s.run.servers, server),
                       point.values[0], point.values[1], point.values[2]});
        }
    }
    return table.take();
}

CsvFile response_times_table(const Summary& s) {
    Table table("response_times.csv");
    table.header({"workload", "from", "to", "responses"});
    const auto rows = [&](const std::string& workload, const Histogram& histogram) {
        for (const auto& bucket : histogram.buckets()) {
            table.row({workload, to_seconds(bucket.low), to_seconds(bucket.high), bucket.count});
        }
    };
    rows("(all)", s.total.response_times);
    for (std::size_t i = 0; i < s.workloads.size(); ++i) {
        rows(s.run.workloads[i], s.workloads[i].response_times);
    }
    return table.take();
}

CsvFile pool_table(const Summary& s) {
    constexpr std::string_view words[] = {"added", "edited", "removed"};
    Table table("pool.csv");
    table.header({"time", "change", "router", "service", "server", "weight"});
    for (const auto& change : s.changes) {
        table.row({to_seconds(change.time),
                   std::string(words[static_cast<std::size_t>(change.kind)]),
                   name_of(s.run.routers, change.router), name_of(s.run.services, change.service),
                   name_of(s.run.servers, change.server), std::int64_t{change.weight}});
    }
    return table.take();
}

CsvFile takeovers_table(const Summary& s) {
    Table table("takeovers.csv");
    table.header({}, takeover_metrics());
    for (const auto& takeover : s.failover.takeovers()) {
        table.cells(takeover_metrics(), TakeoverOf{s, takeover});
        table.end_row();
    }
    return table.take();
}

CsvFile routers_table(const Summary& s) {
    Table table("routers.csv");
    table.header({}, router_metrics());
    for (std::size_t i = 0; i < s.failover.routers().size(); ++i) {
        table.cells(router_metrics(), RouterOf{s, i});
        table.end_row();
    }
    return table.take();
}

CsvFile checks_table(const Summary& s) {
    Table table("checks.csv");
    table.header({}, check_metrics());
    for (const auto& check : s.failover.checks()) {
        table.cells(check_metrics(), CheckOf{s, check});
        table.end_row();
    }
    return table.take();
}

CsvFile data_servers_table(const Summary& s) {
    Table table("data_servers.csv");
    table.header({}, data_server_metrics());
    for (std::size_t i = 0; i < s.data_servers.size(); ++i) {
        table.cells(data_server_metrics(), DataServerOf{s, i});
        table.end_row();
    }
    return table.take();
}

CsvFile links_table(const Summary& s) {
    Table table("links.csv");
    table.header({}, link_metrics());
    for (const auto& [name, traffic] : s.links) {
        table.cells(link_metrics(), traffic);
        table.end_row();
    }
    return table.take();
}

CsvFile timeline_table(const Summary& s) {
    Table table("timeline.csv");
    table.header({"time", "kind", "subject", "detail"});
    for (const auto& entry : s.timeline.entries()) {
        table.row({to_seconds(entry.time), std::string(entry.kind), entry.subject, entry.detail});
    }
    return table.take();
}

CsvFile heartbeats_table(const Summary& s) {
    Table table("heartbeats.csv");
    table.header({"time", "router", "path", "event", "running"});
    for (const auto& entry : s.timeline.heartbeats()) {
        table.row({to_seconds(entry.time), name_of(s.run.routers, entry.router),
                   std::string(path_words[entry.path == 0 ? 0U : 1U]),
                   std::string(entry.sent ? "sent" : "heard"), entry.running});
    }
    return table.take();
}

CsvFile refusals_table(const Summary& s) {
    Table table("refusals.csv");
    table.header(
        {"time", "seconds", "opened", "served", "refused", "reset", "timed_out", "unfinished"});
    const auto width = s.rates.width();
    Time start{};
    for (const auto& bin : s.rates.bins()) {
        table.row({to_seconds(start), to_seconds(width), bin.opened, bin.ended[0], bin.ended[1],
                   bin.ended[2], bin.ended[3], bin.ended[4]});
        start += width;
    }
    return table.take();
}

}  // namespace

std::string summary_json(const Summary& s) {
    constexpr std::string_view line = "\n  ", deeper = "\n    ";
    std::vector<std::string> workloads, servers, nodes, takeovers, routers, data_servers;
    for (std::size_t i = 0; i < s.workloads.size(); ++i) {
        workloads.push_back("\"workload\": " + to_json(s.run.workloads[i]) + "," +
                            json_fields(client_metrics(), s.workloads[i], " "));
    }
    for (std::size_t i = 0; i < s.servers.size(); ++i) {
        servers.push_back(json_fields(server_metrics(), ServerOf{s, i}, " "));
    }
    for (const auto& [name, traffic] : s.nodes) {
        nodes.push_back(json_fields(node_metrics(), NodeOf{s, traffic}, " "));
    }
    for (const auto& takeover : s.failover.takeovers()) {
        takeovers.push_back(json_fields(takeover_metrics(), TakeoverOf{s, takeover}, " "));
    }
    for (std::size_t i = 0; i < s.failover.routers().size(); ++i) {
        routers.push_back(json_fields(router_metrics(), RouterOf{s, i}, " "));
    }
    for (std::size_t i = 0; i < s.data_servers.size(); ++i) {
        data_servers.push_back(json_fields(data_server_metrics(), DataServerOf{s, i}, " "));
    }
    std::string out = "{\n  \"format\": \"lvslab-summary-1\",";
    out += json_fields(run_metrics(), s, line);
    out += ",\n  \"total\": {" + json_fields(client_metrics(), s.total, deeper) + "\n  }";
    out += ",\n  \"balance\": {" + json_fields(balance_metrics(), s, deeper) + "\n  }";
    out += ",\n  \"workloads\": " + json_rows(workloads);
    out += ",\n  \"servers\": " + json_rows(servers);
    out += ",\n  \"nodes\": " + json_rows(nodes);
    out += ",\n  \"failover\": {" + json_fields(failover_metrics(), s, deeper) + "\n  }";
    out += ",\n  \"takeovers\": " + json_rows(takeovers);
    out += ",\n  \"routers\": " + json_rows(routers);
    out += ",\n  \"data_servers\": " + json_rows(data_servers);
    return out + "\n}\n";
}

std::vector<CsvFile> summary_tables(const Summary& s) {
    return {clients_table(s),      servers_table(s),        nodes_table(s),        load_table(s),
            destinations_table(s), response_times_table(s), pool_table(s),         routers_table(s),
            takeovers_table(s),    checks_table(s),         data_servers_table(s), links_table(s),
            timeline_table(s),     heartbeats_table(s),     refusals_table(s)};
}

}  // namespace lvslab::journal
