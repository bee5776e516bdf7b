// SPDX-License-Identifier: GPL-2.0-only
/// One direction of a TCP connection, followed by its numbers.
///
/// A number counts if the window allows it: nobody sends more than the other side has told that it
/// takes. What is further ahead is damaged, or the capture has lost more than a window of packets
/// before it: it counts once a second packet speaks for it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/time.hpp"

namespace lvslab::trace {

/// Counts bytes from the first one behind the SYN, in 64 bits. Needs no payload.
class Stream {
public:
    /// The largest window there is: 2^16 scaled by 2^14 (RFC 7323).
    static constexpr std::uint64_t largest_window = 1ULL << 30;

    /// The sequence number of the first byte, as this record of the capture tells it.
    void begin(std::uint32_t first, std::uint64_t record) {
        first_ = first;
        begun_ = true;
        begun_by_ = record;
    }
    bool begun() const { return begun_; }

    /// What segments do to the stream.
    struct Passed {
        std::uint64_t fresh = 0;   ///< bytes of the stream that had not passed before
        std::uint64_t unseen = 0;  ///< of those: in no segment here
        bool again = false;        ///< some of its bytes had passed
        bool filled = false;       ///< some of its bytes were missing
        std::uint64_t excess = 0;  ///< bytes that had been counted, and are not there
    };

    /// A number of a packet that it does not go with.
    struct Odd {
        std::uint64_t record = 0;  ///< of the capture
        std::uint32_t number = 0, length = 0;
        bool acknowledgement = false;  ///< the other side's, of these bytes
        Duration at{};
        std::uint32_t expected = 0;  ///< set here
    };
    /// What comes of such a number.
    struct Doubted {
        std::optional<Odd> not_used{};  ///< this one or one before it: nothing else speaks for it
        /// An earlier packet and this one agree: bytes of that one, all of them missing before it.
        std::uint64_t fresh = 0;
        Duration at{};
        std::optional<Odd> wrong_begin{};  ///< they do not go with the one that told the first byte
    };

    /// Can a segment with these bytes be of this stream now?
    bool allows(std::uint32_t sequence, std::uint32_t length) const;
    bool allows_acknowledged(std::uint32_t number) const;
    /// A number that is not allowed. It may be when this returns.
    Doubted doubt(Odd odd);
    /// The number, with what was expected in its place.
    Odd told_where(Odd odd) const {
        odd.expected = number_at(odd.acknowledgement ? acknowledged_ : high_);
        return odd;
    }
    /// What nothing else has spoken for; to be asked when the connection is over.
    std::optional<Odd> take_doubt();
    /// A record other than the one that began it goes with where it began.
    void support(std::uint64_t record) { supported_ |= record != begun_by_; }

    /// Bytes pass. It must be allowed.
    Passed segment(std::uint32_t sequence, std::uint32_t length, std::uint64_t record);
    /// The other side tells what it has. It must be allowed.
    Passed acknowledged(std::uint32_t number, std::uint64_t record);
    /// The other side's window, scaled.
    void window(std::uint64_t bytes) { window_ = std::max(window_, bytes); }
    /// A FIN behind these bytes; tells of bytes before it that were in no segment here, and of
    /// those that only a number ahead of it has told of.
    Passed finish(std::uint32_t sequence, std::uint32_t length);

    std::uint64_t bytes() const { return high_; }
    bool finished() const { return end_.has_value(); }
    bool finish_acknowledged() const { return end_acknowledged_; }
    /// Bytes that stayed missing.
    std::uint64_t missing() const;
    bool heard() const { return heard_; }
    /// Its own side has sent a segment.
    void hear() { heard_ = true; }

    /// The number that only a packet ahead of a FIN has told of; there is one
    /// behind finish() with excess.
    const Odd* ahead() const { return ahead_.get(); }

    /// Of the windows that this side tells; not known where its SYN was not seen whole.
    std::optional<std::uint8_t> window_shift;

private:
    std::int64_t offset(std::uint32_t sequence) const {
        // Counted from what has passed, so that numbers may wrap around.
        const auto at = static_cast<std::uint32_t>(first_ + static_cast<std::uint32_t>(high_));
        return static_cast<std::int64_t>(high_) + static_cast<std::int32_t>(sequence - at);
    }
    std::uint32_t number_at(std::uint64_t offset) const {
        return first_ + static_cast<std::uint32_t>(offset);
    }
    /// How far apart numbers of one moment can be.
    std::int64_t reach() const {
        return static_cast<std::int64_t>(std::max<std::uint64_t>(window_, 65535));
    }
    std::int64_t limit() const;
    void skip(std::uint64_t to, Odd odd);
    void drop_overtaken();
    void trust(const Odd& odd, Doubted& outcome);
    void begin_again(const Odd& one, const Odd& other, Doubted& outcome);
    void shorten(std::uint64_t end);
    void miss(std::uint64_t from, std::uint64_t to);
    bool fill(std::uint64_t from, std::uint64_t to);

    std::uint32_t first_ = 0;
    bool begun_ = false, supported_ = false, heard_ = false, end_acknowledged_ = false;
    std::uint64_t begun_by_ = 0;      ///< the record
    std::uint64_t high_ = 0;          ///< bytes that have passed, holes included
    std::uint64_t acknowledged_ = 0;  ///< bytes that the other side has
    std::uint64_t window_ = 0;        ///< the other side's largest; 0 = not known
    std::uint64_t forgotten_ = 0;     ///< bytes of holes that are no longer listed
    std::optional<std::uint64_t> end_;
    // Few streams have any, and there are many streams.
    std::unique_ptr<Odd> doubt_;
    std::unique_ptr<Odd> ahead_;  ///< the latest with missing bytes before it
    std::vector<std::pair<std::uint64_t, std::uint64_t>> holes_;
};

}  // namespace lvslab::trace
