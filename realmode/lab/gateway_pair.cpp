// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/gateway_pair.hpp"

#include <algorithm>
#include <utility>

#include "core/pulse/pulse.hpp"

namespace lvslab::lab {
namespace {

void cancel(ports::Timers& timers, std::optional<ports::TimerId>& alarm) {
    if (const auto id = std::exchange(alarm, std::nullopt)) {
        timers.cancel(*id);
    }
}

}  // namespace

GatewayPair::GatewayPair(LabNetwork& network, const scenario::Scenario& scenario,
                         ports::Timers& timers)
    : network_(network),
      timers_(timers),
      roles_(scenario.gateway_standby ? 2 : 1,
             scenario.gateway_standby ? scenario.gateway_standby->takeover : Duration{}) {}

GatewayPair::~GatewayPair() {
    cancel(timers_, takeover_);
    cancel(timers_, announcement_);
}

void GatewayPair::died(unsigned node) {
    // One that died has lost its addresses; one that hangs keeps them until the other one has them.
    if (roles_.died(node, timers_.now())) {
        cancel(timers_, announcement_);
    }
    arm();
}

void GatewayPair::returned(unsigned node) {
    if (roles_.returned(node)) {
        begin(node);
    }
    arm();
}

void GatewayPair::arm() {
    cancel(timers_, takeover_);
    const Time due = roles_.next_takeover();
    if (due != never) {
        takeover_ = timers_.at(std::max(due, timers_.now()), [this] {
            takeover_.reset();
            if (const auto node = roles_.take_over(timers_.now())) {
                begin(*node);
            }
        });
    }
}

void GatewayPair::begin(unsigned node) {
    network_.raise_gateway_addresses(node);
    announce(node, pulse::announcements);
}

void GatewayPair::announce(unsigned node, int left) {
    cancel(timers_, announcement_);
    network_.announce_gateway_addresses(node);
    if (left > 1) {
        announcement_ = timers_.at(timers_.now() + pulse::announcement_gap, [this, node, left] {
            announcement_.reset();
            announce(node, left - 1);
        });
    }
}

}  // namespace lvslab::lab
