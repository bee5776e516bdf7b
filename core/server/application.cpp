// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/application.hpp"

#include <algorithm>
#include <cmath>

#include "core/scenario/plan.hpp"

namespace lvslab::server {
namespace {

StationSettings settings_of(const scenario::Server& server) {
    return {.discipline = server.discipline == scenario::Discipline::processor_sharing
                              ? Discipline::processor_sharing
                              : Discipline::fcfs,
            .workers = server.workers,
            .queue = server.queue};
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
    const auto fixed = scenario::fixed_service_of(service_quantile);
    double seconds = fixed ? *fixed : scenario::quantile(server_.service, service_quantile);
    // A request that is turned away is not looked up.
    if (cache_ && !station_.full()) {
        if (cache_->ask(destination)) {
            ++hits_;
        } else {
            ++misses_;
            // A measured time has the miss in it already.
            seconds += fixed ? 0 : scenario::quantile(server_.cache->miss, service_quantile);
        }
    }
    return station_.arrive(ticket, work_of(seconds), now,
                           server_.data ? Station::Then::hold : Station::Then::leave);
}

bool Application::arrive_check(Station::Ticket ticket, double quantile, Time now) {
    return station_.arrive(ticket, work_of(scenario::quantile(server_.check_service, quantile)),
                           now);
}

Duration Application::work_of(double seconds) const {
    // Cut in seconds first: what a heavy tail draws may not fit into nanoseconds.
    const double most = to_seconds(Station::longest_work);
    const double worked = seconds * slowness_ / server_.speed;
    return Duration{std::llround(std::clamp(worked, 0.0, most) * 1e9)};
}

}  // namespace lvslab::server
