// SPDX-License-Identifier: GPL-2.0-only
/// What a simulation of connections costs without a connection table: the measure of the others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "core/base/random.hpp"

namespace lvslab::bench {

inline constexpr double bench_load = 0.8;
inline constexpr double mean_service_seconds = 1.0;

/// First come, first served queues with Poisson arrivals and exponential service, load 0.8, mean
/// service 1 s: a binary heap of departures and arrays of counters, servers taken in turn.
/// No table of connections, no histogram, no journal.
class BareLoop {
public:
    explicit BareLoop(std::uint32_t servers)
        : gap_(mean_service_seconds / (bench_load * servers)),
          free_at_(servers, 0.0),
          active_(servers, 0),
          served_(servers, 0) {}

    void run(std::uint64_t connections) {
        for (std::uint64_t i = 0; i < connections; ++i) {
            now_ += arrivals_.exponential(gap_);
            while (!departures_.empty() && departures_.top().at <= now_) {
                --active_[departures_.top().server];
                departures_.pop();
            }
            next_ = next_ + 1 == free_at_.size() ? 0 : next_ + 1;
            const auto start = std::max(now_, free_at_[next_]);
            free_at_[next_] = start + demands_.exponential(mean_service_seconds);
            ++active_[next_];
            ++served_[next_];
            departures_.push({free_at_[next_], next_});
        }
    }
    std::uint64_t served(std::uint32_t server) const { return served_[server]; }

private:
    struct Departure {
        double at;
        std::uint32_t server;
        friend bool operator>(const Departure& a, const Departure& b) { return a.at > b.at; }
    };

    double gap_;
    double now_ = 0;
    std::uint32_t next_ = 0;
    RandomStream arrivals_{1, "bench/arrivals"};
    RandomStream demands_{1, "bench/demands"};
    std::priority_queue<Departure, std::vector<Departure>, std::greater<>> departures_;
    std::vector<double> free_at_;
    std::vector<std::uint32_t> active_;
    std::vector<std::uint64_t> served_;
};

}  // namespace lvslab::bench
