// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/active_router.hpp"

#include <algorithm>

namespace lvslab::journal {

void ActiveRouter::start(const RunStarted& run) {
    *this = {};
    names_ = run.routers;
    routers_.resize(run.routers.size());
}

ActiveRouter::Router* ActiveRouter::router(std::uint32_t index) {
    return index < routers_.size() ? &routers_[index] : nullptr;
}

void ActiveRouter::on(Time now, const NodeChanged& event) {
    const auto found = std::ranges::find(names_, event.node);
    if (found == names_.end()) {
        return;
    }
    const auto index = static_cast<std::uint32_t>(found - names_.begin());
    auto& r = routers_[index];
    const bool well = event.state == NodeState::up || event.state == NodeState::service_stopped;
    if (r.role && !well && !r.failed) {
        r.failed = now;
    }
    // One that only froze goes on where it was.
    if (well && event.state == NodeState::up && r.role &&
        (r.node == NodeState::hung || r.node == NodeState::daemons_suspended)) {
        r.failed.reset();
    }
    r.node = event.state;
    if (event.state == NodeState::crashed) {
        r.role = false;
    }
    if (!running(index)) {
        hand_back(index);
    }
}

void ActiveRouter::hand_back(std::uint32_t from) {
    for (std::uint32_t i = 0; holder_ == from && i < routers_.size(); ++i) {
        if (active(i)) {
            holder_ = i;
        }
    }
}

std::optional<RoleMove> ActiveRouter::on(Time now, const RoleChanged& event) {
    auto* r = router(event.router);
    roles_told_ = true;
    if (r == nullptr || r->role == event.active) {
        return std::nullopt;
    }
    r->role = event.active;
    if (!event.active) {
        r->failed = r->failed.value_or(now);
        hand_back(event.router);
        return std::nullopt;
    }
    r->failed.reset();
    const auto before = holder_;
    holder_ = event.router;
    if (before == no_index || before == event.router) {
        return std::nullopt;
    }
    return RoleMove{before, event.router, routers_[before].failed};
}

bool ActiveRouter::running(std::uint32_t index) const {
    return index < routers_.size() && routers_[index].node != NodeState::crashed &&
           routers_[index].node != NodeState::hung;
}

bool ActiveRouter::active(std::uint32_t index) const {
    return running(index) && routers_[index].role;
}

std::uint32_t ActiveRouter::active_count() const {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < routers_.size(); ++i) {
        count += active(i) ? 1U : 0U;
    }
    return count;
}

std::optional<Time> ActiveRouter::failed_since() const {
    return holder_ < routers_.size() ? routers_[holder_].failed : std::nullopt;
}

}  // namespace lvslab::journal
