// SPDX-License-Identifier: GPL-2.0-only
/// The application of a scenario's real server: what a request costs it, and when it is done.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/address.hpp"
#include "core/base/time.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/object_cache.hpp"
#include "core/server/station.hpp"

namespace lvslab::server {

/// A station, and the rule that turns a planned request into work for it:
/// quantile(service, u) / speed, with quantile(cache.miss, u) added for what a proxy cache does not
/// hold. An object is held from the moment its first request is taken, so a second request for it
/// is a hit even while the first is still being fetched (collapsed forwarding).
class Application {
public:
    /// The server must outlive the application.
    explicit Application(const scenario::Server& server);

    /// Offers a request for `destination` (what the client connected to) with its planned
    /// service_quantile, or a work of its own in its place (scenario::fixed_service). False: there
    /// is no place for it.
    bool arrive(Station::Ticket ticket, double service_quantile, const Address& destination,
                Time now);
    /// Offers a health check: quantile(check_service, u) / speed. False: there is no place for it.
    bool arrive_check(Station::Ticket ticket, double quantile, Time now);
    /// Work takes `factor` times as long from now on, for what arrives later; 1 = as the scenario
    /// says. Positive.
    void slow_down(double factor) { slowness_ = factor; }
    /// As Station's.
    Time next_completion() const { return station_.next_completion(); }
    std::optional<Station::Ticket> complete(Time now) { return station_.complete(now); }
    /// A request of a server that needs data (scenario: `data`) is held when its own work is done,
    /// until release(): its worker waits for the data server. Checks are not.
    bool held(Station::Ticket ticket) const { return station_.held(ticket); }
    bool release(Station::Ticket ticket, Time now) { return station_.release(ticket, now); }

    const Station& station() const { return station_; }
    std::uint64_t hits() const { return hits_; }
    std::uint64_t misses() const { return misses_; }

private:
    Duration work_of(double seconds) const;

    const scenario::Server& server_;
    double slowness_ = 1;
    Station station_;
    std::optional<ObjectCache> cache_;
    std::uint64_t hits_ = 0, misses_ = 0;
};

}  // namespace lvslab::server
