// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/gateway_pair.hpp"

namespace lvslab::packet_world {

GatewayPair::GatewayPair(Network& network, const scenario::Scenario& scenario,
                         ports::Timers& timers)
    : pair_(timers, scenario.gateway_standby ? 2 : 1,
            scenario.gateway_standby ? scenario.gateway_standby->takeover : Duration{},
            {.activate = [&network](unsigned node) { network.raise_gateway_addresses(node); },
             // One that died has lost them, and one that hangs is heard no more until the other one
             // has them (raise_gateway_addresses).
             .deactivate = [](unsigned, Time) {},
             .announce = [&network](unsigned node) { network.announce_gateway_addresses(node); }}) {
}

}  // namespace lvslab::packet_world
