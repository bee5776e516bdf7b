// SPDX-License-Identifier: GPL-2.0-only
/// One direction of a TCP connection, followed by its numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace lvslab::trace {

/// Counts bytes from the first one behind the SYN, in 64 bits. Needs no payload.
class Stream {
public:
    /// The largest window there is: 2^16 scaled by 2^14 (RFC 7323).
    static constexpr std::uint64_t largest_window = 1ULL << 30;

    /// The sequence number of the first byte.
    void begin(std::uint32_t first) {
        first_ = first;
        begun_ = true;
    }
    bool begun() const { return begun_; }

    /// What segments do to the stream.
    struct Passed {
        std::uint64_t fresh = 0;   ///< bytes of the stream that had not passed before
        std::uint64_t unseen = 0;  ///< of those: in no segment here
        bool again = false;        ///< some of its bytes had passed
        bool filled = false;       ///< some of its bytes were missing
    };

    /// Can a segment with these bytes be of this stream now?
    bool allows(std::uint32_t sequence, std::uint32_t length) const;
    /// Bytes pass. It must be allowed.
    Passed segment(std::uint32_t sequence, std::uint32_t length);
    /// The other side tells what it has; no change if that cannot be.
    Passed acknowledged(std::uint32_t number);
    /// The other side's window, scaled.
    void window(std::uint64_t bytes) { window_ = std::max(window_, bytes); }
    /// A FIN behind these bytes; tells of bytes before it that were in no segment here.
    Passed finish(std::uint32_t sequence, std::uint32_t length);

    std::uint64_t bytes() const { return high_; }
    bool finished() const { return end_.has_value(); }
    bool finish_acknowledged() const { return end_acknowledged_; }
    /// Bytes that stayed missing.
    std::uint64_t missing() const;
    bool heard() const { return heard_; }
    /// Its own side has sent a segment.
    void hear() { heard_ = true; }

    /// Of the windows that this side tells; 14, the most, where its SYN was not seen whole.
    std::uint8_t window_shift = 14;

private:
    std::int64_t offset(std::uint32_t sequence) const {
        // Counted from what has passed, so that numbers may wrap around.
        const auto at = static_cast<std::uint32_t>(first_ + static_cast<std::uint32_t>(high_));
        return static_cast<std::int64_t>(high_) + static_cast<std::int32_t>(sequence - at);
    }
    void miss(std::uint64_t from, std::uint64_t to);
    bool fill(std::uint64_t from, std::uint64_t to);

    std::uint32_t first_ = 0;
    bool begun_ = false, heard_ = false, end_acknowledged_ = false;
    std::uint64_t high_ = 0;          ///< bytes that have passed, holes included
    std::uint64_t acknowledged_ = 0;  ///< bytes that the other side has
    std::uint64_t window_ = 0;        ///< the other side's largest; 0 = not known
    std::uint64_t forgotten_ = 0;     ///< bytes of holes that are no longer listed
    std::optional<std::uint64_t> end_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> holes_;
};

}  // namespace lvslab::trace
