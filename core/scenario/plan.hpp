// SPDX-License-Identifier: GPL-2.0-only
/// A run's exact arrivals: scenario and seed resolved to values. Every world executes the same
/// plan.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/quantities.hpp"
#include "core/base/time.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::scenario {

/// A request whose work is not drawn from the server's distribution has it in the place of the
/// quantile, below zero, so that it goes the same way through every world.
constexpr double fixed_service(Duration work) {
    return -to_seconds(work);
}
/// Seconds of work of such a request; nothing of one that has a quantile.
inline std::optional<double> fixed_service_of(double service_quantile) {
    // No work at all is -0.0.
    return std::signbit(service_quantile) ? std::optional(-service_quantile) : std::nullopt;
}

/// One request of a planned connection.
struct PlannedRequest {
    std::uint64_t request_bytes;   ///< at least 1
    std::uint64_t response_bytes;  ///< at least 1
    /// 0 <= u < 1: the server that gets it works for quantile(server.service, u) / server.speed,
    /// so the same request costs what it costs on whichever server it lands. A work of its own, as
    /// of a trace: see fixed_service().
    double service_quantile;
    Duration think;  ///< pause before this request (zero for the first)
};

/// A connection's place in a shop session. The requests of a session arrive open loop: `think` is
/// the time from one's arrival to the next one's.
struct PlannedSession {
    std::uint64_t id;      ///< within the workload, from 0
    std::uint32_t number;  ///< of the connection in its session, from 0
    std::uint32_t of;      ///< connections of the session that the plan has
};

/// One connection (or UDP exchange) of the plan. Of an FTP workload it is a control connection, and
/// its requests are transfers: response_bytes is a file's size.
struct PlannedConnection {
    std::uint64_t id;  ///< from 0, in order of time
    Time at;
    std::uint32_t workload;  ///< index into Scenario::workloads
    std::uint32_t client;    ///< index within the workload's client group
    Endpoint source;         ///< client's address and the source port to use
    Endpoint to;             ///< where it connects to: the workload's `to`, or one of its range
    std::vector<PlannedRequest> requests;
    std::optional<PlannedSession> session{};  ///< of a workload of sessions
};

/// The planned connections of a scenario in order of time (ties: by workload), made one at a time
/// so that memory does not grow with their number. A pure function of (scenario, seed).
class Plan {
public:
    /// The scenario must outlive the plan.
    Plan(const Scenario& scenario, std::uint64_t seed);
    ~Plan();
    Plan(Plan&&) noexcept;

    /// The next connection, or nothing after the last.
    std::optional<PlannedConnection> next();

private:
    class Streams;
    std::unique_ptr<Streams> streams_;
};

}  // namespace lvslab::scenario
