// SPDX-License-Identifier: GPL-2.0-only
/// What a fault can meet in a world with machines and links: machines, their links, the heartbeats'
/// path.
#pragma once

#include <cstdint>
#include <optional>

#include "core/scenario/fault.hpp"

namespace lvslab::world {

/// A machine of the scenario. The index counts within its kind, in the scenario's order.
struct Machine {
    enum class Kind : std::uint8_t { router, server, data_server, gateway };
    Kind kind = Kind::server;
    unsigned index = 0;
    /// Data servers and the gateway: 0 the first of the pair, 1 its standby.
    unsigned node = 0;
    friend constexpr auto operator<=>(const Machine&, const Machine&) = default;
};

enum class MachineState : std::uint8_t {
    up,
    crashed,  ///< dead: nothing in, nothing out, nothing remembered
    hung,     ///< frozen: nothing in, nothing out, but everything is still there
};

/// As heartbeat paths are numbered: 0 public, 1 private.
using Side = scenario::NetworkSide;
/// The way of a link that a fault meets, seen from the machine.
using Way = scenario::Fault::Way;

/// Links of one machine: that on one side, or all of them.
struct MachineLinks {
    Machine machine;
    std::optional<Side> side{};
};

}  // namespace lvslab::world
