// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/compare_output.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/ipvs/schedulers.hpp"
#include "core/journal/observables.hpp"
#include "core/scenario/distribution.hpp"

namespace lvslab::cli {
namespace {

using json = nlohmann::ordered_json;

json optional(std::optional<double> value) {
    return value ? json(*value) : json(nullptr);
}

json estimate_json(std::span<const double> values) {
    if (values.empty()) {
        return nullptr;
    }
    const auto e = journal::estimate(values);
    return {{"mean", e.mean}, {"half_width", optional(e.half_width)}, {"values", values}};
}

/// A number per run of one server; nulls (nothing was measured) are left out.
template <class Get>
json server_estimate(const SchedulerResult& s, std::size_t server, Get get) {
    std::vector<double> values;
    for (const auto& run : s.runs) {
        if (const std::optional<double> v = get(run.servers[server])) {
            values.push_back(*v);
        }
    }
    return estimate_json(values);
}

json scheduler_json(const SchedulerResult& s) {
    const auto* entry = ipvs::find_scheduler(s.name);
    json result{{"scheduler", s.name},
                {"rule", entry == nullptr ? "" : std::string(entry->rule)},
                {"runs", json::array()},
                {"metrics", json::object()}};
    for (const auto& run : s.runs) {
        result["runs"].push_back({{"seed", run.job.seed},
                                  {"folder", "runs/" + run.job.name()},
                                  {"fingerprint", run.fingerprint}});
    }
    for (const auto& measure : measures()) {
        result["metrics"][std::string(measure.name)] = estimate_json(s.values(measure.name));
    }
    std::vector<double> served, router;
    for (const auto& run : s.runs) {
        served.push_back(run.served_share().value_or(0));
        router.push_back(run.router_bytes);
    }
    result["metrics"]["served_share"] = estimate_json(served);
    result["metrics"]["router_bytes"] = estimate_json(router);
    result["servers"] = json::array();
    for (std::size_t i = 0; i < s.runs.front().servers.size(); ++i) {
        const auto& first = s.runs.front().servers[i];
        result["servers"].push_back(
            {{"server", first.name},
             {"weight_share", first.weight_share},
             {"connections",
              server_estimate(
                  s, i, [](const auto& x) -> std::optional<double> { return x.connections; })},
             {"share", server_estimate(s, i, [](const auto& x) { return x.share; })},
             {"utilisation", server_estimate(s, i, [](const auto& x) { return x.utilisation; })}});
    }
    return result;
}

json setup_json(const scenario::Scenario& scenario) {
    constexpr const char* networks[] = {"NAT", "direct routing", "tunnel"};
    json services = json::array(), servers = json::array(), workloads = json::array();
    std::uint64_t clients = 0;
    for (const auto& service : scenario.config.virtual_servers) {
        if (!service.active) {
            continue;
        }
        const auto at = service.fwmark.value() != 0
                            ? fmt::format("fwmark {}", service.fwmark.value())
                            : fmt::format("{} {}", to_string(service.protocol),
                                          Endpoint{service.address, service.port}.to_string());
        services.push_back({{"service", service.name},
                            {"at", at},
                            {"scheduler", service.scheduler},
                            {"persistent", to_seconds(service.persistent)}});
    }
    for (const auto& server : scenario.servers) {
        const double work = scenario::mean(server.service) / server.speed;
        servers.push_back({{"server", server.name},
                           {"workers", server.workers},
                           {"mean_work", work},
                           {"queue", server.queue ? json(*server.queue) : json(nullptr)}});
    }
    for (const auto& group : scenario.clients) {
        clients += group.count;
    }
    for (const auto& workload : scenario.workloads) {
        workloads.push_back({{"workload", workload.name},
                             {"from", scenario.clients[workload.from].name},
                             {"start", to_seconds(workload.start)},
                             {"length", to_seconds(workload.length)},
                             {"requests", workload.requests},
                             {"timeout", to_seconds(workload.timeout)}});
    }
    return {{"network", networks[static_cast<std::size_t>(scenario.config.network)]},
            {"services", services},
            {"servers", servers},
            {"clients", clients},
            {"workloads", workloads}};
}

std::string csv_row(std::initializer_list<journal::Value> cells) {
    std::string row;
    for (const auto& cell : cells) {
        row += (row.empty() && &cell == cells.begin() ? "" : ",") + journal::to_csv(cell);
    }
    return row + '\n';
}

journal::Value cell(std::optional<double> value) {
    return value ? journal::Value{*value} : journal::Value{};
}

std::string runs_csv(const Comparison& c) {
    std::string out = "scheduler,seed";
    for (const auto& measure : measures()) {
        out += fmt::format(",{}", measure.name);
    }
    out += ",router_bytes,fingerprint\n";
    for (const auto& s : c.schedulers) {
        for (const auto& run : s.runs) {
            out += fmt::format("{},{}", s.name, run.job.seed);
            for (const auto& measure : measures()) {
                const auto value = run.values.find(measure.name);
                out += value == run.values.end() ? "," : fmt::format(",{}", value->second);
            }
            out += fmt::format(",{},{}\n", run.router_bytes, run.fingerprint);
        }
    }
    return out;
}

std::string schedulers_csv(const Comparison& c) {
    std::string out = "scheduler,metric,unit,runs,mean,half_width_95\n";
    for (const auto& s : c.schedulers) {
        for (const auto& measure : measures()) {
            const auto e = s.estimate(measure.name);
            out += csv_row({s.name, std::string(measure.name), std::string(measure.unit),
                            std::uint64_t{s.runs.size()}, e ? cell(e->mean) : cell({}),
                            e ? cell(e->half_width) : cell({})});
        }
    }
    return out;
}

std::string servers_csv(const Comparison& c) {
    std::string out = "scheduler,seed,server,weight_share,share,connections,utilisation\n";
    for (const auto& s : c.schedulers) {
        for (const auto& run : s.runs) {
            for (const auto& server : run.servers) {
                out += csv_row({s.name, run.job.seed, server.name, server.weight_share,
                                cell(server.share), server.connections, cell(server.utilisation)});
            }
        }
    }
    return out;
}

std::string differences_csv(const Comparison& c) {
    std::string out =
        "a,b,pairs,identical,p95_ratio,ratio_low_95,ratio_high_95,p_p95_holm,p_served_holm,"
        "significant\n";
    for (const auto& d : c.differences) {
        out += csv_row({c.schedulers[d.a].name, c.schedulers[d.b].name, std::uint64_t{d.pairs},
                        d.identical, cell(d.ratio), cell(d.low), cell(d.high), cell(d.p_time),
                        cell(d.p_served), d.significant()});
    }
    return out;
}

bool write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    return out.good();
}

}  // namespace

std::string comparison_json(const Comparison& c, const std::vector<Finding>& findings,
                            const scenario::Scenario& scenario) {
    json result{{"format", "lvslab-comparison-1"}, {"scenario", scenario.name},
                {"about", scenario.about},         {"config", scenario.config_path},
                {"complete", c.complete()},        {"runs_planned", c.planned},
                {"runs_finished", c.finished},     {"setup", setup_json(scenario)}};
    result["findings"] = json::array();
    for (const auto& finding : findings) {
        result["findings"].push_back({{"kind", to_string(finding.kind)},
                                      {"schedulers", finding.schedulers},
                                      {"text", finding.text}});
    }
    result["schedulers"] = json::array();
    for (const auto& s : c.schedulers) {
        result["schedulers"].push_back(scheduler_json(s));
    }
    result["differences"] = json::array();
    for (const auto& d : c.differences) {
        result["differences"].push_back({{"a", c.schedulers[d.a].name},
                                         {"b", c.schedulers[d.b].name},
                                         {"pairs", d.pairs},
                                         {"identical", d.identical},
                                         {"p95_ratio", optional(d.ratio)},
                                         {"ratio_low", optional(d.low)},
                                         {"ratio_high", optional(d.high)},
                                         {"p_p95", optional(d.p_time)},
                                         {"p_served", optional(d.p_served)},
                                         {"significant", d.significant()}});
    }
    result["expectations"] = json::array();
    for (const auto& e : c.expectations) {
        result["expectations"].push_back({{"scheduler", e.scheduler},
                                          {"text", e.text},
                                          {"holds", e.holds},
                                          {"value", e.value},
                                          {"over", e.over}});
    }
    result["failures"] = json::array();
    for (const auto& failure : c.failures) {
        result["failures"].push_back(
            {{"run", failure.job.name()}, {"how", failure.how}, {"errors", failure.errors}});
    }
    return result.dump(1, ' ', false, json::error_handler_t::replace) + '\n';
}

bool write_comparison(const std::filesystem::path& folder, const Comparison& c,
                      const std::vector<Finding>& findings, const scenario::Scenario& scenario) {
    // All of them are tried, so that a full disk leaves as much as it can.
    bool good = write_file(folder / "summary.json", comparison_json(c, findings, scenario));
    good = write_file(folder / "runs.csv", runs_csv(c)) && good;
    good = write_file(folder / "schedulers.csv", schedulers_csv(c)) && good;
    good = write_file(folder / "servers.csv", servers_csv(c)) && good;
    return write_file(folder / "differences.csv", differences_csv(c)) && good;
}

}  // namespace lvslab::cli
