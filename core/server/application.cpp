// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/application.hpp"

#include <algorithm>
#include <cmath>

namespace lvslab::server {
namespace {

StationSettings settings_of(const scenario::Server& server) {
    return {.discipline = server.discipline == scenario::Discipline::processor_sharing
                              ? Discipline::processor_sharing
                              : Discipline::fcfs,
            .workers = server.workers,
            .queue = server.queue};
}

Duration work_of(double seconds) {
    // Cut in seconds first: what a heavy tail draws may not fit into nanoseconds.
    const double most = to_seconds(Station::longest_work);
    return Duration{std::llround(std::clamp(seconds, 0.0, most) * 1e9)};
}

}  // namespace

Application::Application(const scenario::Server& server)
    : server_(server), station_(settings_of(server)) {
    if (server.cache) {
        cache_.emplace(server.cache->objects);
    }
}

bool Application::arrive(Station::Ticket ticket, double service_quantile,
                         const Address& destination, Time now) {
    double seconds = scenario::quantile(server_.service, service_quantile);
    // A request that is turned away is not looked up.
    if (cache_ && !station_.full()) {
        if (cache_->ask(destination)) {
            ++hits_;
        } else {
            ++misses_;
            seconds += scenario::quantile(server_.cache->miss, service_quantile);
        }
    }
    return station_.arrive(ticket, work_of(seconds / server_.speed), now);
}

}  // namespace lvslab::server
