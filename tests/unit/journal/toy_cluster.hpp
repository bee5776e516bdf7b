// SPDX-License-Identifier: GPL-2.0-only
/// A toy cluster that tells a journal what happens: Poisson arrivals, exponential work, a queue and
/// workers a server. It gives tests streams of events of any length without a world.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <queue>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"

namespace lvslab::journal::toy {

struct Server {
    std::string name;
    std::int32_t weight = 1;
    std::uint32_t workers = 4;
    double mean_work = 0.05;  ///< seconds
};

struct Cluster {
    std::string scenario = "toy";
    std::string scheduler =
        "rr";  ///< rr, wrr (at random by weight), lc, wlc, sh, dh (always the first)
    std::uint64_t seed = 1;
    std::vector<Server> servers;
    std::uint32_t clients = 5000;
    double per_second = 100;
    double seconds = 20;
    double patience = 5;  ///< a connection is given up if it waits longer
    double sample = 0.5;
};

/// Runs the toy from its first event to its last.
class Run {
public:
    Run(const Cluster& cluster, Sink& sink)
        : cluster_(cluster),
          sink_(sink),
          arrivals_(cluster.seed, "toy/arrivals"),
          work_(cluster.seed, "toy/work"),
          choice_(cluster.seed, "toy/choice"),
          state_(cluster.servers.size()) {}

    void operator()() {
        start();
        double next_sample = 0, next_arrival = arrivals_.exponential(1 / cluster_.per_second);
        while (next_arrival < cluster_.seconds || !done_.empty()) {
            const double next_done = done_.empty() ? 1e300 : done_.top().at;
            const double arrival = next_arrival < cluster_.seconds ? next_arrival : 1e300;
            now_ = std::min({next_sample, next_done, arrival});
            if (now_ == next_sample) {
                sample();
                next_sample += cluster_.sample;
            } else if (now_ == next_done) {
                finish();
            } else {
                arrive();
                next_arrival += arrivals_.exponential(1 / cluster_.per_second);
            }
        }
        now_ = next_sample;
        sample();
        tell(RunEnded{});
    }

private:
    struct Waiting {
        std::uint64_t connection;
        double arrived, work;
    };
    struct Done {
        double at, arrived;
        std::uint32_t server;
        std::uint64_t connection;
        bool operator<(const Done& other) const { return at > other.at; }
    };
    struct State {
        std::uint32_t busy = 0;
        std::deque<Waiting> queue;
        double finished_work = 0;
        std::int64_t in_server() const { return busy + static_cast<std::int64_t>(queue.size()); }
    };

    Time time() const { return Time{Duration{static_cast<std::int64_t>(now_ * 1e9)}}; }
    static Duration span(double seconds) {
        return Duration{static_cast<std::int64_t>(seconds * 1e9)};
    }
    template <class Payload>
    void tell(Payload payload) {
        sink_.take({time(), std::move(payload)});
    }

    void start() {
        RunStarted run;
        run.scenario = cluster_.scenario;
        run.world = "toy";
        run.scheduler = cluster_.scheduler;
        run.seed = cluster_.seed;
        for (const auto& server : cluster_.servers) {
            run.servers.push_back(server.name);
            run.weights.push_back(server.weight);
            run.workers.push_back(server.workers);
        }
        run.workloads = {"shop"};
        run.services = {"web"};
        run.routers = {"lvs1"};
        tell(run);
        for (std::uint32_t i = 0; i < state_.size(); ++i) {
            tell(DestinationAdded{0, 0, i, cluster_.servers[i].weight});
        }
    }

    /// One that a client would be sent to by `sh`: any fixed function of its number.
    std::uint32_t by_client(std::uint64_t client) const {
        return static_cast<std::uint32_t>(stable_hash(std::to_string(client)) % state_.size());
    }

    std::uint32_t by_weight_at_random() {
        std::int64_t weights = 0;
        for (const auto& server : cluster_.servers) {
            weights += server.weight;
        }
        auto ticket = static_cast<std::int64_t>(choice_.below(static_cast<std::uint64_t>(weights)));
        std::uint32_t i = 0;
        while ((ticket -= cluster_.servers[i].weight) >= 0) {
            ++i;
        }
        return i;
    }

    /// The least loaded by the weights, or as if all weights were 1.
    std::uint32_t least_loaded(bool weighted) const {
        const auto weight = [&](std::uint32_t i) {
            return weighted ? cluster_.servers[i].weight : 1;
        };
        std::uint32_t best = 0;
        for (std::uint32_t i = 1; i < state_.size(); ++i) {
            if (state_[i].in_server() * weight(best) < state_[best].in_server() * weight(i)) {
                best = i;
            }
        }
        return best;
    }

    std::uint32_t choose() {
        const auto& scheduler = cluster_.scheduler;
        if (scheduler == "rr") {
            return static_cast<std::uint32_t>(connections_ % state_.size());
        }
        if (scheduler == "wrr") {
            return by_weight_at_random();
        }
        if (scheduler == "sh") {
            return by_client(connections_ % cluster_.clients);
        }
        if (scheduler == "dh") {
            return 0;
        }
        return least_loaded(scheduler != "lc");
    }

    void arrive() {
        const auto server = choose();
        const auto id = connections_++;
        const Endpoint client{
            Address::v4(0x0A000002U + static_cast<std::uint32_t>(id % cluster_.clients)),
            Port{static_cast<std::uint16_t>(1024 + id % 60000)}};
        const Endpoint to{Address::v4(0xC0A81A0AU), Port{80}};
        tell(ConnectionOpened{id, 0, client, to});
        tell(Decision{0, 0, server, 2, client, to});
        const double work = work_.exponential(1) * cluster_.servers[server].mean_work;
        state_[server].queue.push_back({id, now_, work});
        serve(server);
    }

    void serve(std::uint32_t server) {
        auto& state = state_[server];
        while (state.busy < cluster_.servers[server].workers && !state.queue.empty()) {
            const auto next = state.queue.front();
            state.queue.pop_front();
            if (now_ - next.arrived > cluster_.patience) {
                tell(ConnectionClosed{next.connection, 0, no_index, Outcome::timed_out,
                                      span(now_ - next.arrived)});
                continue;
            }
            ++state.busy;
            state.finished_work += next.work;
            done_.push({now_ + next.work, next.arrived, server, next.connection});
        }
    }

    void finish() {
        const auto done = done_.top();
        done_.pop();
        const auto taken = span(now_ - done.arrived);
        tell(ResponseReceived{done.connection, 0, 0, done.server, taken, 12345});
        tell(ConnectionClosed{done.connection, 0, done.server, Outcome::served, taken});
        --state_[done.server].busy;
        serve(done.server);
    }

    void sample() {
        for (std::uint32_t i = 0; i < state_.size(); ++i) {
            const auto& s = state_[i];
            tell(ServerLoad{i, s.busy, static_cast<std::uint32_t>(s.queue.size()),
                            span(s.finished_work), 0});
            tell(DestinationLoad{0, 0, i, cluster_.servers[i].weight, s.in_server(), 0});
        }
        tell(NodeTraffic{"lvs1", connections_ * 6, connections_ * 900, connections_ * 6,
                         connections_ * 900});
    }

    const Cluster& cluster_;
    Sink& sink_;
    RandomStream arrivals_, work_, choice_;
    std::vector<State> state_;
    std::priority_queue<Done> done_;
    double now_ = 0;
    std::uint64_t connections_ = 0;
};

inline void run(const Cluster& cluster, Sink& sink) {
    Run{cluster, sink}();
}

}  // namespace lvslab::journal::toy
