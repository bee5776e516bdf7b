// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/active_passive.hpp"

namespace lvslab::server {

ActivePassive::ActivePassive(unsigned nodes, Duration takeover) : takeover_(takeover) {
    alive_[1] = nodes > 1;
}

std::optional<unsigned> ActivePassive::active() const {
    return holder_lives() ? std::optional(holder_) : std::nullopt;
}

bool ActivePassive::died(unsigned node, Time now) {
    const bool was_active = active() == node;
    alive_[node] = false;
    if (was_active) {
        lost_ = now;
    }
    return was_active;
}

bool ActivePassive::returned(unsigned node) {
    if (alive_[node]) {
        return false;
    }
    alive_[node] = true;
    return node == holder_;
}

Time ActivePassive::next_takeover() const {
    return !holder_lives() && alive_[1 - holder_] ? lost_ + takeover_ : never;
}

std::optional<unsigned> ActivePassive::take_over(Time now) {
    if (next_takeover() > now) {
        return std::nullopt;
    }
    holder_ = 1 - holder_;
    return holder_;
}

}  // namespace lvslab::server
