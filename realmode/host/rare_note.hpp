// SPDX-License-Identifier: GPL-2.0-only
/// A line of the log that others can provoke, and so is written seldom.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace lvslab::realmode {

/// Counts what happens, and says when a line about it is due: at once, and then once a minute at
/// most.
class RareNote {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr auto gap = std::chrono::minutes(1);

    /// It happened. How often since the last line, if one is due now.
    std::optional<std::uint64_t> happened(Clock::time_point now) {
        ++total_;
        ++since_;
        if (next_ && now < *next_) {
            return std::nullopt;
        }
        next_ = now + gap;
        return std::exchange(since_, 0);
    }
    std::uint64_t total() const { return total_; }

private:
    std::optional<Clock::time_point> next_;
    std::uint64_t total_ = 0;
    std::uint64_t since_ = 0;
};

}  // namespace lvslab::realmode
