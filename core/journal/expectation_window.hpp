// SPDX-License-Identifier: GPL-2.0-only
/// The part of a run that an expectation is about: from an instant, until an instant.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "core/base/time.hpp"
#include "core/journal/expectation.hpp"
#include "core/journal/moment_watch.hpp"

namespace lvslab::journal {

/// Opens at each `from` and closes at the next `until` that comes after what it waited for. Without
/// a `from` it is open from the start, without an `until` it stays open. An event at the very time
/// of a `from` is inside, one at that of an `until` outside; where the instant is a moment without
/// a delay, the events of its time that were told before it are still what was before.
class ExpectationWindow {
public:
    explicit ExpectationWindow(const Expectation& expectation);

    /// Moves on to the event's time and looks at it.
    void take(const Event& event);

    bool open() const { return open_; }
    bool ever_opened() const { return ever_opened_; }
    /// When it opened last.
    Time opened_at() const { return opened_at_; }
    /// The time for which it has been open so far.
    Duration length() const;
    /// Why it never opened.
    std::string why_never() const;
    /// When its moments happened: "crash of web1 at 20s; web1 is put back never".
    std::string moments_text() const;

private:
    struct Opening {
        Time at;
        bool of_moment;
    };

    void move_on(Time now);
    /// `earlier`: as many openings were to come before this event.
    void until_happened(Time now, std::size_t earlier);

    const Expectation& expectation_;
    std::optional<MomentWatch> from_, until_;
    std::deque<Opening> openings_;  ///< to come, in order
    std::deque<Time> closings_;     ///< to come, in order
    bool open_ = false, ever_opened_ = false;
    Time opened_at_{}, now_{};
    Duration past_{};  ///< of openings that have closed
};

/// "20s", "20.135s": a time of a run for people, with at the most three decimals.
std::string time_text(Time time);

}  // namespace lvslab::journal
