// SPDX-License-Identifier: GPL-2.0-only
/// What routers did: roles, takeovers, heartbeats, checks, connection synchronisation.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"

namespace lvslab::journal {

/// Time that passes while something is so.
struct TimeSpent {
    Duration past{}, longest_past{};  ///< of the stretches that have ended
    Time since = never;               ///< the stretch that has not

    /// The state is this one from now on.
    void set(Time now, bool on);
    Duration total(Time end) const;
    Duration longest(Time end) const;
};

/// What one router did.
struct RouterMetrics {
    std::uint64_t role_changes = 0;
    std::uint64_t activations = 0;
    TimeSpent active;                                ///< not while it is crashed or hung
    std::array<std::uint64_t, 2> heartbeats_sent{};  ///< by path: public, private
    std::array<std::uint64_t, 2> heartbeats_heard{};
    std::uint64_t announcements = 0;
    std::uint64_t checks = 0, checks_failed = 0;
    std::uint64_t sync_sent = 0, sync_connections_sent = 0, sync_bytes_sent = 0;
    std::uint64_t sync_received = 0, sync_connections_received = 0, sync_connections_refused = 0;
    std::optional<DirectorTraffic> packets;  ///< last sample
};

/// The service moved: a router became active after another one was.
struct Takeover {
    Time at;
    std::uint32_t from, to;
    /// When `from` failed: it crashed, hung, had its daemons suspended or became inactive. Nothing:
    /// it had not, and both are active now.
    std::optional<Time> failed;
    std::uint64_t open = 0;      ///< connections opened before the failure that ended after `at`
    std::uint64_t survived = 0;  ///< of them, served

    std::optional<Duration> time() const {
        return failed ? std::optional(at - *failed) : std::nullopt;
    }
};

/// Checks of one real server in one virtual service by one router.
struct CheckMetrics {
    std::uint64_t ended = 0, failed = 0;
    Duration time_sum{}, time_max{};
    std::optional<double> load;  ///< as measured last
};

/// Follows roles and states of the routers and counts the rest: reducer and result in one.
class Failover {
public:
    static constexpr std::size_t most_takeovers = 4096;
    /// (router, service, server)
    using Checks = std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, CheckMetrics>;

    void start(Time now, const RunStarted& run);
    void on(Time now, const NodeChanged& event);
    /// Returns the takeover that this change is, if it is one.
    std::optional<Takeover> on(Time now, const RoleChanged& event);
    void on(const HeartbeatSent& event);
    void on(const HeartbeatHeard& event);
    void on(const AddressAnnounced& event);
    void on(const CheckEnded& event);
    void on(const LoadMeasured& event);
    void on(const SyncSent& event);
    void on(const SyncReceived& event);
    void on(const DirectorTraffic& event);
    void on(Time now, const ConnectionClosed& event);

    const std::vector<RouterMetrics>& routers() const { return routers_; }
    /// A router told its role: daemons run.
    bool roles_told() const { return roles_told_; }
    const TimeSpent& two_active() const { return two_active_; }
    const TimeSpent& none_active() const { return none_active_; }
    /// At most `most_takeovers`, the first ones.
    const std::vector<Takeover>& takeovers() const { return takeovers_; }
    /// All of them.
    std::uint64_t takeovers_counted() const { return takeovers_counted_; }
    /// Of the takeovers whose failure is known.
    std::optional<Duration> longest_takeover() const;
    std::optional<double> mean_takeover() const;  ///< seconds
    std::uint64_t open_at_takeovers() const;
    std::uint64_t survived_takeovers() const;
    const Checks& checks() const { return checks_; }

private:
    struct State {
        bool role = false;  ///< active, as it said last
        NodeState node = NodeState::up;
        std::optional<Time> failed;  ///< while it was active, and not active again since

        bool active() const {
            return role && node != NodeState::crashed && node != NodeState::hung;
        }
    };

    void count_active(Time now);
    std::optional<Takeover> take_over(Time now, std::uint32_t to);
    RouterMetrics* router(std::uint32_t index);

    std::vector<std::string> names_;
    std::vector<State> states_;
    std::uint32_t holder_ = no_index;  ///< who had the service last
    std::vector<RouterMetrics> routers_;
    bool roles_told_ = false;
    TimeSpent two_active_, none_active_;
    std::vector<Takeover> takeovers_;
    std::uint64_t takeovers_counted_ = 0;
    Checks checks_;
};

}  // namespace lvslab::journal
