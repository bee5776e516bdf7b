// SPDX-License-Identifier: GPL-2.0-only
/// Tells how far a comparison is: a bar on a terminal, a line a run elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace lvslab::cli {

/// The time that is left, from the mean time of the runs so far: "about 3 min left". `done` runs
/// took `spent` seconds in all; `left` runs are to do, `at_once` at one time, of which those under
/// way have run for `under_way` seconds together.
std::string time_left(std::size_t done, double spent, std::size_t left, std::size_t at_once,
                      double under_way);

/// Writes to standard error.
class Progress {
public:
    /// `quiet`: only failures are told.
    Progress(std::size_t runs, std::size_t at_once, bool quiet = false);

    void started(std::size_t job);
    void ended(std::size_t job);
    /// A run is over, whichever way.
    void count(const std::string& name, const std::string& how);
    /// Draws the bar anew (terminals only).
    void show(std::size_t under_way) const;
    void end() const;

private:
    using Clock = std::chrono::steady_clock;

    std::string estimate() const;

    bool terminal_, quiet_;
    std::size_t runs_, at_once_, over_ = 0, timed_ = 0;
    double spent_ = 0;  ///< seconds of the runs that ended
    std::map<std::size_t, Clock::time_point> starts_;
};

}  // namespace lvslab::cli
