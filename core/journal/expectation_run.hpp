// SPDX-License-Identifier: GPL-2.0-only
/// Holds a run to its expectations while it runs, and several runs together afterwards.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"
#include "core/journal/expectation.hpp"
#include "core/journal/expectation_measure.hpp"
#include "core/journal/expectation_window.hpp"
#include "core/journal/run_view.hpp"
#include "core/journal/timeline.hpp"

namespace lvslab::journal {

/// What a run came to for one expectation.
struct ExpectationResult {
    /// The value; of many values (each takeover, a gauge) the smallest and the largest. In the unit
    /// of the expectation. Nothing: there is none, and `missing` says why.
    std::optional<double> low, high;
    std::string missing;
    bool holds = false;                ///< taken on its own
    std::optional<Time> at;            ///< of the value, or of the first offence
    std::vector<std::string> story{};  ///< what happened, if it does not hold: a line each
};

/// Measures all expectations of one run as it runs, in bounded memory. Needs events of Level::all
/// for nothing: a stored journal of decisions gives the same.
class ExpectationRun : public Sink {
public:
    explicit ExpectationRun(std::vector<Expectation> expectations);
    ExpectationRun(const ExpectationRun&) = delete;
    ExpectationRun& operator=(const ExpectationRun&) = delete;

    void take(const Event& event) override;

    const std::vector<Expectation>& expectations() const { return expectations_; }
    /// In the order of the expectations, as of the last event.
    std::vector<ExpectationResult> results() const;

private:
    struct One {
        ExpectationWindow window;
        std::unique_ptr<Measure> measure;
    };

    void start(const RunStarted& run);
    ExpectationResult result(const Expectation& expectation, const One& one) const;
    std::vector<std::string> story(const Expectation& expectation, const One& one,
                                   const Measured& measured, Time at) const;
    /// Up to ten lines of what happened around this time.
    std::vector<std::string> happened_around(Time at, const Expectation& expectation) const;

    const std::vector<Expectation> expectations_;
    RunView view_;
    Timeline timeline_;
    std::vector<One> ones_;  ///< empty until the run has started
    Time now_{};
};

/// What several runs, one a seed, came to for one expectation.
struct Verdict {
    bool holds = false;
    /// The value that was judged; without an aggregate over the runs, the smallest and the largest
    /// of all. Nothing: there is none.
    std::optional<double> low, high;
    std::vector<std::size_t> offenders;  ///< runs that break the bound, or have no value
    /// "20 runs", "3 of 20 runs do not hold", "in 2 of 20 runs: no takeover happened"
    std::string over;
};

/// Judges an expectation over its runs. A run without a value fails it.
Verdict judge(const Expectation& expectation, std::span<const ExpectationResult> results);

/// "6.2s", "1 to 2", "-" for nothing.
std::string range_text(std::optional<double> low, std::optional<double> high, Unit unit);

}  // namespace lvslab::journal
