// SPDX-License-Identifier: GPL-2.0-only
/// How things stand at this time of a run: machines, roles, pools, addresses. What expectations are
/// measured against.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/time.hpp"
#include "core/journal/active_router.hpp"
#include "core/journal/event.hpp"

namespace lvslab::journal {

/// Follows the events; what the last one meant stands beside the state until the next one comes.
class RunView {
public:
    /// A server is taken out, or put back, at the router that has the service.
    struct PoolMove {
        std::uint32_t server;
        bool in;
    };
    /// A takeover, with the time at which the service was lost: the failure of the router that had
    /// it, else the last fault of a router or the heartbeat since the roles last changed. Nothing:
    /// no cause is known.
    struct Takeover {
        RoleMove move;
        std::optional<Time> lost;
    };

    void take(const Event& event);

    const RunStarted& run() const { return run_; }
    const ActiveRouter& routers() const { return routers_; }
    const std::optional<Takeover>& takeover() const { return takeover_; }
    const std::optional<PoolMove>& pool_move() const { return pool_move_; }
    /// The event made a router active or inactive that was not so before. The roles that are told
    /// at the very start are no change.
    bool role_changed() const { return role_changed_; }

    bool dead(std::uint32_t server) const;
    /// When the server's machine or application stopped to serve; nothing while it serves.
    std::optional<Time> dead_since(std::uint32_t server) const;
    /// Since when it serves again after that; nothing if it does not, or never stopped.
    std::optional<Time> back_since(std::uint32_t server) const;
    /// Whether the server was taken out of this service at this router and is not back.
    bool removed(std::uint32_t router, std::uint32_t service, std::uint32_t server) const;
    /// The largest weight at the router that has the service; 0 = in none of its services.
    std::int32_t weight(std::uint32_t server) const;
    std::uint32_t pool_size() const;
    /// Running routers that have the address.
    std::uint32_t owners(const Address& address) const;

private:
    using Destination = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;

    void on(Time now, const RunStarted& event);
    void on(Time now, const NodeChanged& event);
    void on(Time now, const FaultInjected& event);
    void on(Time now, const RoleChanged& event);
    void on(Time now, const AddressRaised& event);
    void on(Time now, const AddressLowered& event);
    void on(Time now, const DestinationAdded& event);
    void on(Time now, const DestinationEdited& event);
    void on(Time now, const DestinationRemoved& event);
    template <class Other>
    void on(Time, const Other&) {}

    void weigh(std::uint32_t router, std::uint32_t service, std::uint32_t server,
               std::int32_t weight);
    bool concerns_routers(std::string_view fault) const;
    std::uint32_t view_router() const;

    struct Server {
        std::optional<Time> dead, back;
    };

    RunStarted run_;
    ActiveRouter routers_;
    std::vector<Server> servers_;
    std::map<Destination, std::int32_t> weights_;  ///< 0 = taken out
    std::set<std::pair<std::uint32_t, Address>> addresses_;
    std::optional<Time> router_fault_;  ///< the last one since the roles last changed
    std::optional<Takeover> takeover_;
    std::optional<PoolMove> pool_move_;
    std::vector<bool> role_told_;
    bool role_changed_ = false;
};

}  // namespace lvslab::journal
