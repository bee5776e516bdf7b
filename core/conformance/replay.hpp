// SPDX-License-Identifier: GPL-2.0-only
/// Plays a recording on the model and compares what it did with what the kernel did.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/conformance/recording.hpp"

namespace lvslab::conformance {

/// The first event on which model and kernel disagree.
struct Mismatch {
    unsigned line = 0;
    std::string event;                 ///< the recording's line
    std::string expected;              ///< what the kernel did
    std::string found;                 ///< what the model did
    std::vector<std::string> context;  ///< the lines before it
};

/// How the choices of a random scheduler fit its rule. Every choice is followed as recorded; what
/// is tested is their distribution.
struct ChoiceStatistics {
    std::uint64_t choices = 0;     ///< with more than one server to choose from
    unsigned tests = 0;            ///< one a server, and one of the likelihood of the whole
    double largest = 0;            ///< the largest |z| of them
    double limit = 0;              ///< beyond it a test fails
    double significance = 0;       ///< the chance that a right model fails any of the tests
    std::uint64_t impossible = 0;  ///< choices that the rule excludes
    bool holds = true;
};

/// What came of one recording.
struct Report {
    std::string name;
    std::uint64_t events = 0;      ///< compared
    std::uint64_t mismatches = 0;  ///< of them
    /// Events whose outcome hung on a timer that was due within one granule of the kernel's timer
    /// wheel before, and where nothing else differed: the recorded outcome was followed.
    std::uint64_t timer_granule = 0;
    std::optional<Mismatch> first;
    std::optional<ChoiceStatistics> choices;  ///< of a recording with a random scheduler
};

/// Chance that a right model fails the statistical test of one recording.
inline constexpr double significance = 0.001;

/// Replays a recording. Diagnostics: what the model cannot play (a sysctl that is not modelled, a
/// service nobody defined); then there is no report.
Checked<Report> replay(const Recording& recording, ipvs::Profile profile = ipvs::Profile::recent);

}  // namespace lvslab::conformance
