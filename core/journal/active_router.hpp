// SPDX-License-Identifier: GPL-2.0-only
/// Who is the active router, as the events tell it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"

namespace lvslab::journal {

/// The service moved from one router to another.
struct RoleMove {
    std::uint32_t from, to;
    /// When `from` failed: it crashed, hung, had its daemons suspended or gave its role up.
    /// Nothing: it had not, and both are active now.
    std::optional<Time> failed;
};

/// Follows the routers' roles and machines. A router is active while it has the role and its
/// machine runs; one that crashes loses its role.
class ActiveRouter {
public:
    void start(const RunStarted& run);
    void on(Time now, const NodeChanged& event);
    /// The move that this change is, if it is one: a router becomes active after another one was.
    std::optional<RoleMove> on(Time now, const RoleChanged& event);

    bool active(std::uint32_t router) const;
    std::uint32_t active_count() const;
    /// The machine runs: neither crashed nor hung.
    bool running(std::uint32_t router) const;
    /// The router that became active last, or the one left of two; no_index if none ever was.
    std::uint32_t holder() const { return holder_; }
    /// Whether a pool change of this router is one of the service that clients meet: it is the
    /// holder, or no router has told a role.
    bool speaks_for_service(std::uint32_t router) const {
        return holder_ == router || !roles_told_;
    }
    /// Since when the holder has failed; nothing while it has not.
    std::optional<Time> failed_since() const;

private:
    struct Router {
        bool role = false;
        NodeState node = NodeState::up;
        std::optional<Time> failed;  ///< while it was active, and not active again since
    };

    Router* router(std::uint32_t index);
    /// Two were active and the holder is not any more: the other one is.
    void hand_back(std::uint32_t from);

    std::vector<std::string> names_;
    std::vector<Router> routers_;
    std::uint32_t holder_ = no_index;
    bool roles_told_ = false;
};

}  // namespace lvslab::journal
