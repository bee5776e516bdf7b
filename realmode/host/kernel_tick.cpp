// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/kernel_tick.hpp"

#include <fstream>
#include <string>
#include <string_view>

#include <ctime>

namespace lvslab::realmode {
namespace {

using std::chrono::nanoseconds;

/// Longer than any tick (HZ=100).
constexpr auto patience = std::chrono::milliseconds(20);
/// Of a tick of 4 ms (HZ=250): what was read within it after a tick is of the same one.
constexpr auto part_of_tick = std::chrono::milliseconds(2);
constexpr int attempts = 20;

nanoseconds read_clock(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

/// Changes with ticks, not with each: it lags behind by a part of one.
nanoseconds coarse_clock() {
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

/// Returns a moment later than the tick by one reading of the clock.
nanoseconds wait_for_tick() {
    const auto before = coarse_clock();
    auto now = read_clock(CLOCK_MONOTONIC);
    for (const auto end = now + patience; coarse_clock() == before && now < end;) {
        now = read_clock(CLOCK_MONOTONIC);
    }
    return now;
}

std::optional<std::uint64_t> listed_jiffies() {
    constexpr std::string_view name = "jiffies: ";
    std::ifstream list("/proc/timer_list");
    for (std::string line; std::getline(list, line);) {
        if (line.starts_with(name)) {
            return std::stoull(line.substr(name.size()));
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<KernelTick> next_kernel_tick() {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const auto time = wait_for_tick();
        const auto jiffies = listed_jiffies();
        if (!jiffies) {
            return std::nullopt;
        }
        if (read_clock(CLOCK_MONOTONIC) - time < part_of_tick) {
            return KernelTick{time, *jiffies};
        }
    }
    return std::nullopt;
}

}  // namespace lvslab::realmode
