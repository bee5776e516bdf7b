// SPDX-License-Identifier: GPL-2.0-only
/// When the kernel's timer wheel fires (kernel/time/timer.c): late, never early.
#pragma once

#include <algorithm>
#include <optional>

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

/// What the model's clock may be off from the kernel's by: the tick a timer was set in and the one
/// it is handled in.
inline constexpr Duration timer_leeway = 2 * jiffy;

/// The same where the kernel's ticks are known: from what the recording has as a line's time to the
/// kernel's look at its ticks (some 0.1 ms were seen of packets), or to the reading of counters
/// after a change of the table (1 ms).
inline constexpr Duration tick_leeway = std::chrono::milliseconds(2);

/// A busy kernel handles a tick late, together with the one after it.
inline constexpr Duration tick_lateness = 3 * jiffy;

/// When a timer of a kernel may fire, by what is known of its wheel.
struct Wheel {
    /// As wheel_fires() has it; unset: not known, any moment within a granule after it was due.
    std::optional<Duration> phase;

    Time earliest(Time expires, unsigned level) const {
        if (!phase) {
            return expires;
        }
        return std::max(expires, wheel_fires(expires, level, *phase) - tick_leeway);
    }
    Time latest(Time expires, unsigned level) const {
        if (!phase) {
            return expires + wheel_granule(level) + timer_leeway;
        }
        return wheel_fires(expires + tick_leeway, level, *phase) + tick_lateness;
    }
};

}  // namespace lvslab::ipvs
