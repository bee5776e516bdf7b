// SPDX-License-Identifier: GPL-2.0-only
/// When the kernel's timer wheel fires (kernel/time/timer.c): late, never early.
#pragma once

#include <array>

#include "core/base/time.hpp"

namespace lvslab::ipvs {

/// One tick of a kernel built with HZ=250, as Debian's are.
inline constexpr Duration jiffy = std::chrono::milliseconds(4);
inline constexpr unsigned wheel_levels = 9;

/// The wheel's level for a timer set this far ahead: level n holds delays below 63 * 8^n ticks.
constexpr unsigned wheel_level(Duration delay) {
    unsigned level = 0;
    for (auto reach = 63 * jiffy; level + 1 < wheel_levels && delay >= reach; reach *= 8) {
        ++level;
    }
    return level;
}

/// How far apart a level's slots are: 8^level ticks.
constexpr Duration wheel_granule(unsigned level) {
    return jiffy * (std::int64_t{1} << (3 * level));
}

/// When a timer that was due at `expires` fires on a wheel whose ticks fall at -phase, -phase +
/// 4 ms, ...: at the next slot's edge after the tick it was due in.
constexpr Time wheel_fires(Time expires, unsigned level, Duration phase) {
    const auto granule = wheel_granule(level);
    const auto since = expires.time_since_epoch() + phase;
    return Time((since / granule + 1) * granule - phase);
}

}  // namespace lvslab::ipvs
