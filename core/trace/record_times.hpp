// SPDX-License-Identifier: GPL-2.0-only
/// The times of a capture's records, put right where one is out of line with its neighbours.
///
/// The records of a capture follow each other in time, but for some milliseconds where several
/// queues were captured at once. A record whose time is far from those of both its neighbours is
/// damaged and is put between them; clocks that are set back stay back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/time.hpp"

namespace lvslab::trace {

class RecordTimes {
public:
    /// Records may be out of order by this.
    static constexpr Duration tolerance = std::chrono::milliseconds(100);
    /// The first record and the last have one neighbour: further from it counts as damaged.
    static constexpr Duration edge = std::chrono::hours(24);

    struct Verdict {
        Duration at;                           ///< the record's time as the trace has it
        std::optional<std::string> finding{};  ///< what is wrong with the time that it tells
    };

    /// Whether the next record's time needs no look at those behind it.
    bool in_line(Duration told) const;
    /// The time of such a record.
    Duration take(Duration told);
    /// The time of the next record, with those of the two behind it, as far as there are any.
    Verdict judge(Duration told, std::optional<Duration> second, std::optional<Duration> third);

private:
    Verdict judge_first(Duration at, std::optional<Duration> second, std::optional<Duration> third);
    Verdict judge_ahead(Duration at, std::optional<Duration> second, std::optional<Duration> third);
    Verdict judge_behind(Duration at, std::optional<Duration> second);

    std::optional<Duration> last_;  ///< of the record before
    Duration set_back_{};           ///< by as much the clock was set back so far
    std::uint64_t record_ = 0;      ///< the number of the latest record
};

}  // namespace lvslab::trace
