// SPDX-License-Identifier: GPL-2.0-only
/// When a real server's rwhod tells its load.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/time.hpp"

namespace lvslab::server {

/// From one broadcast to the next: rwhod(8).
inline constexpr Duration rwhod_period = std::chrono::minutes(3);

/// The first broadcast of a run, uniform in a period, from the stream `rwhod/SERVER`.
Time first_rwhod_broadcast(std::uint64_t seed, std::string_view server);

}  // namespace lvslab::server
