// SPDX-License-Identifier: GPL-2.0-only
/// The run's clock in ns-3.
#pragma once

#include "core/base/time.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// The run's clock: ns-3 counts nanoseconds from the run's start too.
inline Time now() {
    return Time{Duration{ns3::Simulator::Now().GetNanoSeconds()}};
}
inline ns3::Time to_ns3(Duration d) {
    return ns3::NanoSeconds(static_cast<std::uint64_t>(d.count()));
}

}  // namespace lvslab::packet_world
