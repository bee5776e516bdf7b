// SPDX-License-Identifier: GPL-2.0-only
/// What a comparison means, in words: for the terminal and the page alike.
#pragma once

#include <string>
#include <vector>

#include "core/scenario/scenario.hpp"
#include "sim/cli/compare_results.hpp"

namespace lvslab::cli {

/// One sentence or two about some schedulers.
struct Finding {
    enum class Kind : std::uint8_t {
        verdict,     ///< who serves the load best
        same,        ///< two or more that cannot be told apart
        loss,        ///< connections were lost
        limit,       ///< cannot show its worth on this scenario
        scenario,    ///< about the scenario itself
        method,      ///< how it was judged
        incomplete,  ///< runs are missing
    };
    Kind kind;
    std::vector<std::string> schedulers;  ///< whom it is about
    std::string text;
};

/// A finding's kind as a word ("verdict").
std::string_view to_string(Finding::Kind kind);

/// What can be said before anything has run: where an algorithm cannot show its worth, because of
/// the scenario's addresses, clients, weights and load.
std::vector<Finding> scenario_findings(const scenario::Scenario& scenario,
                                       const std::vector<std::string>& schedulers);

/// What the results say.
std::vector<Finding> result_findings(const Comparison& comparison);

/// Seconds for people: "212 ms", "1.94 s".
std::string readable_seconds(double seconds);

}  // namespace lvslab::cli
