// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/standby_pair.hpp"

#include <algorithm>
#include <utility>

#include "sim/packet/clock.hpp"

namespace lvslab::packet_world {

StandbyPair::StandbyPair(unsigned nodes, Duration takeover, Actions actions)
    : roles_(nodes, takeover), actions_(std::move(actions)) {}

StandbyPair::~StandbyPair() {
    takeover_.Cancel();
    announcement_.Cancel();
}

void StandbyPair::died(unsigned node) {
    if (roles_.died(node, now())) {
        announcement_.Cancel();
        actions_.deactivate(node);
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
    takeover_.Cancel();
    const Time due = roles_.next_takeover();
    if (due != never) {
        takeover_ = ns3::Simulator::Schedule(to_ns3(std::max(due, now()) - now()),
                                             &StandbyPair::take_over, this);
    }
}

void StandbyPair::take_over() {
    if (const auto node = roles_.take_over(now())) {
        begin(*node);
    }
}

void StandbyPair::begin(unsigned node) {
    actions_.activate(node);
    announce(node, announcements);
}

void StandbyPair::announce(unsigned node, unsigned left) {
    announcement_.Cancel();
    actions_.announce(node);
    if (left > 1) {
        announcement_ = ns3::Simulator::Schedule(to_ns3(announcement_period),
                                                 &StandbyPair::announce, this, node, left - 1);
    }
}

}  // namespace lvslab::packet_world
