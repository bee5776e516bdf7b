// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/run_table.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace lvslab::cli {
namespace {

using journal::ClientMetrics;
using journal::Summary;

using Row = std::vector<std::string>;

/// First column to the left, the others to the right.
std::string aligned(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line = fmt::format("  {:<{}}", row[0], widths[0]);
        for (std::size_t i = 1; i < row.size(); ++i) {
            line += fmt::format("  {:>{}}", row[i], widths[i]);
        }
        text += line + "\n";
    }
    return text;
}

std::string milliseconds(const std::optional<Duration>& d) {
    return d ? fmt::format("{:.1f} ms", to_seconds(*d) * 1e3) : "-";
}
std::string percent(const std::optional<double>& share) {
    return share ? fmt::format("{:.1f} %", *share * 100) : "-";
}
std::string ratio(const std::optional<double>& value) {
    return value ? fmt::format("{:.3f}", *value) : "-";
}

Row client_row(const std::string& name, const ClientMetrics& m) {
    const auto& times = m.response_times;
    return {name,
            fmt::format("{}", m.connections),
            fmt::format("{}", m.served),
            fmt::format("{}", m.refused),
            fmt::format("{}", m.reset),
            fmt::format("{}", m.timed_out),
            fmt::format("{}", m.unfinished),
            milliseconds(times.quantile(0.50)),
            milliseconds(times.quantile(0.95)),
            milliseconds(times.quantile(0.99)),
            milliseconds(times.maximum())};
}

std::string clients(const Summary& s) {
    std::vector<Row> rows{{"workload", "connections", "served", "refused", "reset", "timed out",
                           "unfinished", "p50", "p95", "p99", "max"}};
    for (std::size_t i = 0; i < s.workloads.size(); ++i) {
        rows.push_back(client_row(s.run.workloads[i], s.workloads[i]));
    }
    if (s.workloads.size() > 1) {
        rows.push_back(client_row("(all)", s.total));
    }
    return aligned(rows);
}

std::string servers(const Summary& s) {
    double given = 0;
    double weights = 0;
    for (std::size_t i = 0; i < s.servers.size(); ++i) {
        given += static_cast<double>(s.servers[i].given);
        weights += s.run.weights[i];
    }
    const auto share = [](double part, double all) {
        return all > 0 ? std::optional(part / all) : std::nullopt;
    };
    std::vector<Row> rows{{"server", "weight", "by weight", "given", "share", "utilisation",
                           "turned away", "most in it"}};
    for (std::size_t i = 0; i < s.servers.size(); ++i) {
        const auto& server = s.servers[i];
        rows.push_back({s.run.servers[i], fmt::format("{}", s.run.weights[i]),
                        percent(share(s.run.weights[i], weights)), fmt::format("{}", server.given),
                        percent(share(static_cast<double>(server.given), given)),
                        percent(s.utilisation(i)), fmt::format("{}", server.turned_away),
                        fmt::format("{}", server.most_in_server)});
    }
    return aligned(rows);
}

}  // namespace

std::string run_table(const Summary& s) {
    return fmt::format(
        "{}, scheduler {}, seed {}, {} world, {:.1f} s\n\n{}\n{}\n"
        "  imbalance (max/mean of connections per weight) {}, Jain's index {}, utilisation {}\n",
        s.run.scenario, s.run.scheduler.empty() ? "as configured" : s.run.scheduler, s.run.seed,
        s.run.world, to_seconds(s.end), clients(s), servers(s), ratio(s.imbalance()),
        ratio(s.jain()), percent(s.utilisation()));
}

}  // namespace lvslab::cli
