// SPDX-License-Identifier: GPL-2.0-only
/// The service of a data server: what an access costs it, and when it is done.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/scenario/data_server.hpp"
#include "core/server/station.hpp"

namespace lvslab::server {

/// Accesses, reads and writes alike, wait for one of the workers in the order in which they come
/// and cost what is drawn of the scenario's `service`. None is turned away: clients have timeouts.
class DataStation {
public:
    /// The data server must outlive the station. `draws` is its stream alone.
    DataStation(const scenario::DataServer& server, RandomStream& draws);

    /// An access has come.
    void arrive(Station::Ticket ticket, Time now);
    /// Work takes `factor` times as long from now on, for what arrives later; 1 = as the scenario
    /// says. Positive.
    void slow_down(double factor) { slowness_ = factor; }
    /// As Station's.
    Time next_completion() const { return station_.next_completion(); }
    std::optional<Station::Ticket> complete(Time now) { return station_.complete(now); }

    const Station& station() const { return station_; }

private:
    const scenario::DataServer& server_;
    RandomStream& draws_;
    double slowness_ = 1;
    Station station_;
};

}  // namespace lvslab::server
