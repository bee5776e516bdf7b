// SPDX-License-Identifier: GPL-2.0-only
/// How long clients were left without an answer.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/base/time.hpp"

namespace lvslab::journal {

/// A stretch of time in which a client waited and none got an answer.
struct Outage {
    Time from, to;

    Duration length() const { return to - from; }
};

/// Finds the longest outage of a group of clients: no client got an answer in it, and one of them
/// waited from its beginning to its end. A client waits from its request on until the answer; one
/// whose connection failed, from its opening on until anybody's next answer (it would have tried
/// again), at the end of a run until it failed. So a time in which nobody asked is no outage, and
/// an answer that is slow while others come is none.
///
/// Beginnings of waits are learned at their ends: the gaps between answers that a late wait could
/// still make an outage are kept, at most `most_gaps` of them.
class OutageMeter {
public:
    static constexpr std::size_t most_gaps = 4096;

    OutageMeter() = default;
    /// No outage begins before `start`.
    explicit OutageMeter(Time start) : last_answer_(start) {}

    /// An answer came; `waited` = for how long, nothing = not known.
    void answered(Time now, std::optional<Duration> waited);
    /// A connection failed; it was opened `ago`.
    void failed(Time now, Duration ago);

    /// The first of the longest ones; nothing if nobody waited.
    const std::optional<Outage>& longest() const { return longest_; }

private:
    void consider(Time from, Time to);
    void consider_gaps_since(Time begin);
    void remember_gap(Time to);

    Time last_answer_;            ///< the start as long as there is none
    Time waiting_since_ = never;  ///< the first wait since then that has failed
    std::vector<Outage> gaps_;    ///< in order of time, each shorter than the one before
    std::optional<Outage> longest_;
};

}  // namespace lvslab::journal
