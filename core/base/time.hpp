// SPDX-License-Identifier: GPL-2.0-only
/// Time in a run: nanoseconds since the run's start, whatever world the run is in.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lvslab {

/// A span of time, exact to the nanosecond.
using Duration = std::chrono::nanoseconds;

/// The clock of a run. It has no now(): only a world knows what time it is, and hands it in.
struct RunClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<RunClock, duration>;
    static constexpr bool is_steady = true;
};

/// A moment of a run, counted from the run's start.
using Time = RunClock::time_point;

/// A moment that never comes (no timer pending).
inline constexpr Time never = Time::max();

/// Seconds as a double, for statistics and printing only.
constexpr double to_seconds(Duration d) {
    return std::chrono::duration<double>(d).count();
}
constexpr double to_seconds(Time t) {
    return to_seconds(t.time_since_epoch());
}

/// Reads a number with a unit of time: `250ms`, `1.5s`, `2min`, `1h`, `10us`, `7ns`.
/// A bare number has no unit and is refused, as are negative and overflowing values.
std::optional<Duration> parse_duration(std::string_view text);

/// Prints a duration in the largest unit that keeps it exact: 1500ms -> "1.5s", 0 -> "0s".
/// parse_duration(to_string(d)) == d for every d >= 0.
std::string to_string(Duration d);

}  // namespace lvslab
