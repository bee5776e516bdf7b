// SPDX-License-Identifier: GPL-2.0-only
/// What a scenario says about links and sides of the network.
#pragma once

#include <cstdint>

#include "core/base/quantities.hpp"
#include "core/base/time.hpp"

namespace lvslab::scenario {

/// A link's properties, each way.
struct Link {
    BitRate rate{1'000'000'000};
    Duration delay{};
    double loss = 0;  ///< probability that a packet is lost
};

/// The two networks of LVS routers: that of the clients and that of the real servers.
enum class NetworkSide : std::uint8_t { public_net, private_net };

}  // namespace lvslab::scenario
