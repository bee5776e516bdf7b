// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/metrics.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

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

void Metrics::on(Time now, const RunStarted& event) {
    summary_ = {};
    summary_.run = event;
    // Whoever made this event by hand may have left the lists short.
    summary_.run.weights.resize(event.servers.size(), 1);
    summary_.run.workers.resize(event.servers.size(), 1);
    summary_.workloads.resize(event.workloads.size());
    summary_.servers.resize(event.servers.size());
    summary_.data_servers.resize(event.data_servers.size());
    summary_.failover.start(now, event);
    summary_.timeline.start(event);
    last_samples_.assign(event.servers.size(), {});
    outages_.assign(event.workloads.size(), {});
}

void Metrics::on(Time, const RunEnded&) {
    summary_.complete = true;
}

void Metrics::on(Time now, const DestinationAdded& event) {
    change({now, PoolChange::Kind::added, event.router, event.service, event.server, event.weight});
    summary_.timeline.on(now, event);
}

void Metrics::on(Time now, const DestinationEdited& event) {
    change(
        {now, PoolChange::Kind::edited, event.router, event.service, event.server, event.weight});
    summary_.timeline.on(now, event);
}

void Metrics::on(Time now, const DestinationRemoved& event) {
    change({now, PoolChange::Kind::removed, event.router, event.service, event.server, 0});
    summary_.timeline.on(now, event);
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
        auto& server = summary_.servers[event.server];
        ++server.given;
        if (server.down.since != never) {
            ++server.given_while_down;
            server.given_while_down_last =
                std::max(server.given_while_down_last, now - server.down.since);
        }
    } else {
        ++summary_.decisions_refused;
    }
}

void Metrics::on(Time, const ConnectionOpened&) {}

template <class Change>
void Metrics::for_clients(std::uint32_t workload, Change&& change) {
    change(summary_.total);
    if (workload < summary_.workloads.size()) {
        change(summary_.workloads[workload]);
    }
}

void Metrics::keep_outage(std::uint32_t workload) {
    const auto& longest = outages_[workload].longest();
    summary_.workloads[workload].outage = longest;
    auto& of_all = summary_.total.outage;
    if (longest && (!of_all || longest->length() > of_all->length())) {
        of_all = longest;
    }
}

void Metrics::on(Time now, const ResponseReceived& event) {
    for_clients(event.workload, [&](ClientMetrics& metrics) {
        metrics.response_times.add(event.response_time);
        metrics.response_bytes += event.bytes;
    });
    if (event.workload < outages_.size()) {
        outages_[event.workload].answered(now, event.response_time);
        keep_outage(event.workload);
    }
    if (event.server < summary_.servers.size()) {
        auto& server = summary_.servers[event.server];
        ++server.responses;
        server.response_time_sum += event.response_time;
    }
}

void Metrics::on(Time now, const ConnectionClosed& event) {
    for_clients(event.workload, [&](ClientMetrics& metrics) { count(metrics, event.outcome); });
    if (event.workload < outages_.size()) {
        if (event.outcome == Outcome::served) {
            outages_[event.workload].answered(now, std::nullopt);
        } else {
            outages_[event.workload].failed(now, event.duration);
        }
        keep_outage(event.workload);
    }
    if (event.server < summary_.servers.size() && event.outcome == Outcome::served) {
        ++summary_.servers[event.server].served;
    }
    summary_.failover.on(now, event);
    summary_.rates.ended(now, event.duration, event.outcome);
}

void Metrics::on(Time now, const ServerLoad& event) {
    if (event.server >= summary_.servers.size()) {
        return;
    }
    auto& server = summary_.servers[event.server];
    auto& last = last_samples_[event.server];
    // A server that was started anew counts from zero again.
    if (event.work_done < last.work_done) {
        last.carried += std::exchange(last.work_done, {});
    }
    const auto used = share(event.work_done - last.work_done, summary_.run.workers[event.server],
                            now - last.time);
    const auto work_done = last.carried + event.work_done;
    server.load.add(now, {static_cast<double>(event.busy), static_cast<double>(event.queued),
                          used.value_or(0)});
    server.most_in_server = std::max(server.most_in_server, event.busy + event.queued);
    server.work_done = work_done;
    server.turned_away = event.refused;
    if (last.window_open) {
        server.work_in_window = work_done;
        summary_.window_end = now;
    }
    last = {now, event.work_done, last.carried, false};
}

void Metrics::on(Time now, const DestinationLoad& event) {
    summary_.destinations[{event.router, event.service, event.server}].add(
        now, {static_cast<double>(event.active), static_cast<double>(event.inactive),
              static_cast<double>(event.weight)});
}

void Metrics::on(Time, const NodeTraffic& event) {
    summary_.nodes.insert_or_assign(event.node, event);
}

void Metrics::on(Time now, const NodeChanged& event) {
    summary_.failover.on(now, event);
    summary_.timeline.on(now, event);
    for (std::size_t i = 0; i < summary_.servers.size(); ++i) {
        if (summary_.run.servers[i] == event.node) {
            summary_.servers[i].down.set(now, event.state != NodeState::up);
        }
    }
}

void Metrics::on(Time now, const FaultInjected& event) {
    ++summary_.faults;
    summary_.timeline.on(now, event);
}

void Metrics::on(Time now, const RoleChanged& event) {
    const auto takeover = summary_.failover.on(now, event);
    summary_.timeline.on(now, event);
    if (takeover) {
        summary_.timeline.on(now, *takeover);
    }
}

void Metrics::on(Time now, const HeartbeatSent& event) {
    summary_.failover.on(event);
    summary_.timeline.on(now, event);
}

void Metrics::on(Time now, const HeartbeatHeard& event) {
    summary_.failover.on(event);
    summary_.timeline.on(now, event);
}

void Metrics::on(Time now, const HeartbeatPath& event) {
    summary_.timeline.on(now, event);
}

void Metrics::on(Time now, const AddressRaised& event) {
    summary_.timeline.on(now, event);
}

void Metrics::on(Time now, const AddressLowered& event) {
    summary_.timeline.on(now, event);
}

void Metrics::on(Time now, const AddressAnnounced& event) {
    summary_.failover.on(event);
    summary_.timeline.on(now, event);
}

void Metrics::on(Time, const CheckEnded& event) {
    summary_.failover.on(event);
}

void Metrics::on(Time, const LoadMeasured& event) {
    summary_.failover.on(event);
}

void Metrics::on(Time, const SyncSent& event) {
    summary_.failover.on(event);
}

void Metrics::on(Time, const SyncReceived& event) {
    summary_.failover.on(event);
}

void Metrics::on(Time, const DirectorTraffic& event) {
    summary_.failover.on(event);
}

void Metrics::on(Time, const LinkTraffic& event) {
    summary_.links.insert_or_assign(event.link, event);
}

void Metrics::on(Time, const SessionEnded& event) {
    for_clients(event.workload, [&](ClientMetrics& metrics) {
        ++metrics.sessions;
        metrics.sessions_broken += event.broken ? 1 : 0;
    });
}

void Metrics::on(Time, const StaleResponse& event) {
    for_clients(event.workload, [&](ClientMetrics& metrics) {
        ++metrics.stale_responses;
        metrics.stale_age_max = std::max(metrics.stale_age_max, event.age);
    });
}

void Metrics::on(Time, const DataRequestEnded& event) {
    if (event.server < summary_.servers.size()) {
        auto& server = summary_.servers[event.server];
        ++server.data_requests;
        server.data_requests_failed += event.ok ? 0 : 1;
    }
    if (event.data < summary_.data_servers.size()) {
        auto& data = summary_.data_servers[event.data];
        ++data.requests;
        if (event.ok) {
            data.times.add(event.duration);
        } else {
            ++data.failed;
        }
    }
}

void Metrics::on(Time now, const DataRole& event) {
    if (event.data < summary_.data_servers.size()) {
        summary_.data_servers[event.data].activations += event.active ? 1 : 0;
    }
    summary_.timeline.on(now, event);
}

}  // namespace lvslab::journal
