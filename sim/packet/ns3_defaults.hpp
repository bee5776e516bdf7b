// SPDX-License-Identifier: GPL-2.0-only
/// ns-3's process-wide settings for a run.
#pragma once

#include <cstdint>

namespace lvslab::packet_world {

/// Sets attributes' defaults (before any node is made), real checksums, and the run that ns-3's own
/// random streams belong to.
void set_ns3_defaults(std::uint64_t seed);

}  // namespace lvslab::packet_world
