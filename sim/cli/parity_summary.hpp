// SPDX-License-Identifier: GPL-2.0-only
/// What `lvslab parity` found over many scenarios.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace lvslab::cli {

struct ParityOfScenario {
    enum class State {
        same,     ///< compared, and at parity
        differs,  ///< compared, and not
        refused,  ///< a world cannot do all of it
        no_run,   ///< its comparison did not end as it should
    };
    std::string path;
    State state = State::no_run;
    std::string reason;      ///< of one that was not compared
    nlohmann::json numbers;  ///< of one that was: what `lvslab parity --json` prints
};

/// The scenario's line.
std::string parity_line(const ParityOfScenario& one);
/// How many, and the largest differences with whose they are.
std::string parity_summary(const std::vector<ParityOfScenario>& all);
/// The same and all numbers.
std::string parity_summary_json(const std::vector<ParityOfScenario>& all);

}  // namespace lvslab::cli
