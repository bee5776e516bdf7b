// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/gateway_pair.hpp"

namespace lvslab::lab {

GatewayPair::GatewayPair(LabNetwork& network, const scenario::Scenario& scenario,
                         ports::Timers& timers)
    : pair_(timers, scenario.gateway_standby ? 2 : 1,
            scenario.gateway_standby ? scenario.gateway_standby->takeover : Duration{},
            {.activate = [&network](unsigned node) { network.raise_gateway_addresses(node); },
             // One that died has lost its addresses; one that hangs keeps them until the other one
             // has them.
             .deactivate = [](unsigned, Time) {},
             .announce = [&network](unsigned node) { network.announce_gateway_addresses(node); }}) {
}

}  // namespace lvslab::lab
