// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/standby_pair.hpp"

#include <algorithm>
#include <utility>

#include "core/pulse/pulse.hpp"

namespace lvslab::world {

StandbyPair::StandbyPair(ports::Timers& timers, unsigned nodes, Duration takeover, Actions actions)
    : timers_(timers), roles_(nodes, takeover), actions_(std::move(actions)) {}

StandbyPair::~StandbyPair() {
    timers_.cancel(takeover_);
    timers_.cancel(announcement_);
}

void StandbyPair::died(unsigned node, Time when) {
    if (roles_.died(node, when)) {
        timers_.cancel(announcement_);
        actions_.deactivate(node, when);
    }
    arm();
}

void StandbyPair::returned(unsigned node) {
    if (roles_.returned(node)) {
        begin(node);
    }
    arm();
}

void StandbyPair::arm() {
    timers_.cancel(takeover_);
    const Time due = roles_.next_takeover();
    if (due != never) {
        takeover_ = timers_.at(std::max(due, timers_.now()), [this] {
            if (const auto node = roles_.take_over(timers_.now())) {
                begin(*node);
            }
        });
    }
}

void StandbyPair::begin(unsigned node) {
    actions_.activate(node);
    if (actions_.announce) {
        announce(node, pulse::announcements);
    }
}

void StandbyPair::announce(unsigned node, int left) {
    timers_.cancel(announcement_);
    actions_.announce(node);
    if (left > 1) {
        announcement_ = timers_.at(timers_.now() + pulse::announcement_gap,
                                   [this, node, left] { announce(node, left - 1); });
    }
}

}  // namespace lvslab::world
