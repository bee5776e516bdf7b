// SPDX-License-Identifier: GPL-2.0-only
/// Measures an expectation's quantity over a run, in memory that does not grow with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"
#include "core/journal/expectation.hpp"
#include "core/journal/expectation_window.hpp"
#include "core/journal/run_view.hpp"

namespace lvslab::journal {

/// A value with the time that it is of.
struct Reading {
    double value = 0;
    Time at{};
    std::string what;  ///< "lvs2 took over from lvs1, lost at 20s"; may be empty
};

/// What a run gave.
struct Measured {
    std::optional<Reading> low, high;  ///< of many values the smallest and largest; else the one
    std::string missing;               ///< why there is none
    /// Times at which the bound was overstepped, the first ones, and what happened.
    std::vector<Reading> offences;
};

/// What happens now, and how things stand.
struct Look {
    const Event& event;
    const RunView& view;
    const ExpectationWindow& window;
};

class Measure {
public:
    virtual ~Measure() = default;
    /// Takes an event that the view and the window have taken.
    virtual void take(const Look& look) = 0;
    /// After the last event.
    virtual Measured measured(const RunView& view, const ExpectationWindow& window) const = 0;
};

/// The index of the expectation's subject in the run's lists; no_index if it has none there.
std::uint32_t subject_index(const Subject& subject, const RunStarted& run);

std::unique_ptr<Measure> make_total(const Expectation& expectation, const RunStarted& run);
std::unique_ptr<Measure> make_series(const Expectation& expectation, const RunStarted& run);
std::unique_ptr<Measure> make_gauge(const Expectation& expectation, const RunStarted& run);
/// The one that the expectation's quantity asks for.
std::unique_ptr<Measure> make_measure(const Expectation& expectation, const RunStarted& run);

/// Whether values from `low` to `high` keep the expectation's bound.
bool keeps_bound(const Expectation& expectation, double low, double high);
/// Whether larger values can only make it worse (<=, <), smaller ones (>=, >).
bool bounds_from_above(Comparison comparison);
bool bounds_from_below(Comparison comparison);

/// An event in words: "connection 12 of shop was refused after 3s".
std::string event_text(const Event& event, const RunStarted& run);

}  // namespace lvslab::journal
