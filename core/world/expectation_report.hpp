// SPDX-License-Identifier: GPL-2.0-only
/// What runs came to for their expectations and invariants: for people, and as expectations.json.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/journal/expectation_run.hpp"
#include "core/journal/invariants.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::world {

/// The scheduler that all virtual services run with by their lvs.cf; nothing if they differ.
std::optional<std::string> configured_scheduler(const scenario::Scenario& scenario);

/// The expectations that are about runs with this scheduler (not set: as the lvs.cf says).
std::vector<journal::Expectation> expectations_for(const scenario::Scenario& scenario,
                                                   const std::optional<std::string>& scheduler);

/// Whether one run can break the expectation: one of a mean or a quantile over runs cannot be.
bool one_run_decides(const journal::Expectation& expectation);

/// A run that was held to what is expected of it.
class JudgedRun final : public journal::Sink {
public:
    explicit JudgedRun(std::vector<journal::Expectation> expectations);

    void take(const journal::Event& event) override;

    /// No expectation that one run decides failed, and no invariant was violated.
    bool holds() const;
    /// expectations.json (docs/expectations.md tells its shape), ended by a newline.
    std::string json() const;
    /// Each expectation with its value and verdict, and what happened where it fails.
    std::string text() const;

private:
    journal::ExpectationRun expectations_;
    journal::Invariants invariants_;
};

/// What expectations.json tells.
struct RunJudgement {
    struct Entry {
        std::string text;
        journal::ExpectationResult result;
    };
    std::vector<Entry> entries;
    std::uint64_t violations = 0;
    std::vector<std::string> violation_texts;  ///< of the first ones, lines and all
};
/// Reads it; throws std::runtime_error with the reason if it is none.
RunJudgement read_judgement(const std::string& json_text);

/// A line for one expectation: verdict, sentence, value.
std::string verdict_line(std::string_view verdict, const journal::Expectation& expectation,
                         const std::string& value, std::size_t width);

/// Each line of the text with this indentation.
std::string indented(const std::vector<std::string>& lines, std::string_view indent);

}  // namespace lvslab::world
