// SPDX-License-Identifier: GPL-2.0-only
/// The redundant gateway (firewall) between the clients and the cluster.
#pragma once

#include <optional>

#include "core/ports/timers.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/active_passive.hpp"
#include "realmode/lab/lab_network.hpp"

namespace lvslab::lab {

/// The gateway's addresses in every network move to the standby, as in the packet world: `takeover`
/// after the active node died or began to hang, announced five times a second apart. A single
/// gateway has none to move.
class GatewayPair {
public:
    /// Both must outlive it.
    GatewayPair(LabNetwork& network, const scenario::Scenario& scenario, ports::Timers& timers);
    ~GatewayPair();
    GatewayPair(const GatewayPair&) = delete;
    GatewayPair& operator=(const GatewayPair&) = delete;

    /// After what the network has done: the machine crashed or hangs; it runs again.
    void died(unsigned node);
    void returned(unsigned node);

private:
    void arm();
    void begin(unsigned node);
    void announce(unsigned node, int left);

    LabNetwork& network_;
    ports::Timers& timers_;
    server::ActivePassive roles_;
    std::optional<ports::TimerId> takeover_, announcement_;
};

}  // namespace lvslab::lab
