// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/data_station.hpp"

#include <algorithm>
#include <cmath>

namespace lvslab::server {

DataStation::DataStation(const scenario::DataServer& server, RandomStream& draws)
    : server_(server),
      draws_(draws),
      station_({.discipline = Discipline::fcfs, .workers = server.workers, .queue = {}}) {}

void DataStation::arrive(Station::Ticket ticket, Time now) {
    const double seconds = scenario::quantile(server_.service, draws_.uniform()) * slowness_;
    const double most = to_seconds(Station::longest_work);
    station_.arrive(ticket, Duration{std::llround(std::clamp(seconds, 0.0, most) * 1e9)}, now);
}

}  // namespace lvslab::server
