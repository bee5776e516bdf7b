// SPDX-License-Identifier: GPL-2.0-only
/// How the kernel's ticks fall: what its timer wheel goes by.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace lvslab::realmode {

/// The moment at which the kernel's count of ticks became `jiffies`.
struct KernelTick {
    std::chrono::nanoseconds time;  ///< CLOCK_MONOTONIC
    std::uint64_t jiffies;
};

/// Waits for a tick and reads its number in /proc/timer_list. Empty if the kernel does not show
/// that file, or if ticks pass by faster than it can be read.
std::optional<KernelTick> next_kernel_tick();

}  // namespace lvslab::realmode
