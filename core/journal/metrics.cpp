// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/metrics.hpp"

#include <algorithm>
#include <numeric>

namespace lvslab::journal {
namespace {

void count(ClientMetrics& metrics, Outcome outcome) {
    ++metrics.connections;
    switch (outcome) {
        case Outcome::served:
            ++metrics.served;
            break;
        case Outcome::refused:
            ++metrics.refused;
            break;
        case Outcome::reset:
            ++metrics.reset;
            break;
        case Outcome::timed_out:
            ++metrics.timed_out;
            break;
        case Outcome::unfinished:
            ++metrics.unfinished;
            break;
    }
}

std::optional<double> share(Duration work, double workers, Duration time) {
    const double available = workers * to_seconds(time);
    return available > 0 ? std::optional(to_seconds(work) / available) : std::nullopt;
}

}  // namespace

std::vector<double> Summary::given_per_weight() const {
    std::vector<double> result;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (run.weights[i] > 0) {
            result.push_back(static_cast<double>(servers[i].given) / run.weights[i]);
        }
    }
    return result;
}

std::optional<double> Summary::imbalance() const {
    const auto x = given_per_weight();
    const double sum = std::accumulate(x.begin(), x.end(), 0.0);
    if (sum == 0) {
        return std::nullopt;
    }
    return *std::max_element(x.begin(), x.end()) * static_cast<double>(x.size()) / sum;
}

std::optional<double> Summary::jain() const {
    const auto x = given_per_weight();
    const double sum = std::accumulate(x.begin(), x.end(), 0.0);
    const double squares = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
    if (squares == 0) {
        return std::nullopt;
    }
    return sum * sum / (static_cast<double>(x.size()) * squares);
}

std::optional<double> Summary::utilisation(std::size_t server) const {
    if (window_end <= window_start) {
        return std::nullopt;
    }
    return share(servers[server].work_in_window, run.workers[server], window_end - window_start);
}

std::optional<double> Summary::utilisation() const {
    Duration work{};
    double workers = 0;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        work += servers[i].work_in_window;
        workers += run.workers[i];
    }
    return window_end > window_start ? share(work, workers, window_end - window_start)
                                     : std::nullopt;
}

void Metrics::take(const Event& event) {
    std::visit([&](const auto& payload) { on(event.time, payload); }, event.payload);
    // Only events that every stored journal of level `decisions` has may move the end.
    if (!std::holds_alternative<ConnectionOpened>(event.payload)) {
        summary_.end = event.time;
    }
}

void Metrics::on(Time, const RunStarted& event) {
    summary_ = {};
    summary_.run = event;
    // Whoever made this event by hand may have left the lists short.
    summary_.run.weights.resize(event.servers.size(), 1);
    summary_.run.workers.resize(event.servers.size(), 1);
    summary_.workloads.resize(event.workloads.size());
    summary_.servers.resize(event.servers.size());
    last_samples_.assign(event.servers.size(), {});
}

void Metrics::on(Time, const RunEnded&) {
    summary_.complete = true;
}

void Metrics::on(Time now, const DestinationAdded& event) {
    change({now, PoolChange::Kind::added, event.router, event.service, event.server, event.weight});
}

void Metrics::on(Time now, const DestinationEdited& event) {
    change(
        {now, PoolChange::Kind::edited, event.router, event.service, event.server, event.weight});
}

void Metrics::on(Time now, const DestinationRemoved& event) {
    change({now, PoolChange::Kind::removed, event.router, event.service, event.server, 0});
}

void Metrics::change(const PoolChange& change) {
    if (summary_.changes.size() < Summary::most_changes) {
        summary_.changes.push_back(change);
    }
}

void Metrics::on(Time now, const Decision& event) {
    ++summary_.decisions;
    summary_.window_start = std::min(summary_.window_start, now);
    for (auto& sample : last_samples_) {
        sample.window_open = true;
    }
    constexpr std::uint8_t persistence = 3;  // ipvs::Origin, which this room does not know
    summary_.decisions_persistent += event.origin == persistence ? 1 : 0;
    if (event.server < summary_.servers.size()) {
        ++summary_.servers[event.server].given;
    } else {
        ++summary_.decisions_refused;
    }
}

void Metrics::on(Time, const ConnectionOpened&) {}

void Metrics::on(Time, const ResponseReceived& event) {
    const auto add = [&](ClientMetrics& metrics) {
        metrics.response_times.add(event.response_time);
        metrics.response_bytes += event.bytes;
    };
    add(summary_.total);
    if (event.workload < summary_.workloads.size()) {
        add(summary_.workloads[event.workload]);
    }
    if (event.server < summary_.servers.size()) {
        auto& server = summary_.servers[event.server];
        ++server.responses;
        server.response_time_sum += event.response_time;
    }
}

void Metrics::on(Time, const ConnectionClosed& event) {
    count(summary_.total, event.outcome);
    if (event.workload < summary_.workloads.size()) {
        count(summary_.workloads[event.workload], event.outcome);
    }
    if (event.server < summary_.servers.size() && event.outcome == Outcome::served) {
        ++summary_.servers[event.server].served;
    }
}

void Metrics::on(Time now, const ServerLoad& event) {
    if (event.server >= summary_.servers.size()) {
        return;
    }
    auto& server = summary_.servers[event.server];
    auto& last = last_samples_[event.server];
    const auto used = share(event.work_done - last.work_done, summary_.run.workers[event.server],
                            now - last.time);
    server.load.add(now, {static_cast<double>(event.busy), static_cast<double>(event.queued),
                          used.value_or(0)});
    server.most_in_server = std::max(server.most_in_server, event.busy + event.queued);
    server.work_done = event.work_done;
    server.turned_away = event.refused;
    if (last.window_open) {
        server.work_in_window = event.work_done;
        summary_.window_end = now;
    }
    last = {now, event.work_done, false};
}

void Metrics::on(Time now, const DestinationLoad& event) {
    summary_.destinations[{event.router, event.service, event.server}].add(
        now, {static_cast<double>(event.active), static_cast<double>(event.inactive),
              static_cast<double>(event.weight)});
}

void Metrics::on(Time, const NodeTraffic& event) {
    summary_.nodes.insert_or_assign(event.node, event);
}

}  // namespace lvslab::journal
