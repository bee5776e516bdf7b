// SPDX-License-Identifier: GPL-2.0-only
/// What a scenario expects of its runs, as it is written: "takeover max over 20 seeds <= 6.2s".
/// docs/expectations.md tells the language.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"
#include "core/journal/expectation_quantities.hpp"
#include "core/journal/moment.hpp"

namespace lvslab::journal {

/// How many values become one.
struct Aggregate {
    enum class Kind : std::uint8_t {
        each,  ///< none: the bound holds for every value
        maximum,
        minimum,
        mean,
        quantile,
    };
    Kind kind = Kind::each;
    double p = 0;  ///< of a quantile, 0 < p < 1 (nearest rank)
    friend bool operator==(const Aggregate&, const Aggregate&) = default;
};

/// How many repetitions an expectation speaks of.
struct Repetitions {
    enum class Kind : std::uint8_t { one, all, number };
    Kind kind = Kind::one;  ///< one: each run on its own
    unsigned number = 0;
    friend bool operator==(const Repetitions&, const Repetitions&) = default;
};

enum class Comparison : std::uint8_t {
    at_most,
    below,
    at_least,
    above,
    equal,
    unequal,
    between,
};

/// A time of the run, or a time after a moment.
struct Instant {
    std::optional<Moment> after;  ///< not set: `offset` counts from the run's start
    Duration offset{};
    std::string text;  ///< as written: "5s after its crash"
    friend bool operator==(const Instant&, const Instant&) = default;
};

/// What a quantity is measured of.
struct Subject {
    unsigned kind = Subjects::none;
    std::string name;  ///< "web1", "192.168.26.10"; empty for Subjects::none, dead, removed
    friend bool operator==(const Subject&, const Subject&) = default;
};

struct Expectation {
    std::string text;  ///< as written
    SourceLocation location;
    QuantityId quantity = QuantityId::takeover;
    Subject subject;
    std::optional<Moment> first, second;  ///< of `time of` (second) and `time from ... to ...`
    Aggregate of_run;                     ///< within a run: "p99(...)"
    Aggregate of_runs;                    ///< over the repetitions: "max over 20 seeds"
    Repetitions repetitions;
    Comparison comparison = Comparison::equal;
    double low = 0, high = 0;  ///< in the quantity's unit; the same but for `between`
    bool as_share = false;     ///< a count compared with a percentage
    std::optional<Instant> from, until;
    std::optional<std::string> scheduler;  ///< `with wlc`: it is about this scheduler alone

    /// The unit that values are in.
    Unit unit() const { return as_share ? Unit::share : journal::quantity(quantity).unit; }
};

/// Reads an expectation; `where` is the place of the first byte of the text. All errors at once,
/// each at its column, with what is expected there.
Checked<Expectation> parse_expectation(std::string_view text, const SourceLocation& where,
                                       const KnownNames& names);

/// A value as it would be written: 6.2 s -> "6.2s", 0.4 -> "40%".
std::string value_text(double value, Unit unit);
/// "<= 6.2s", "between 40% and 60%"
std::string bound_text(const Expectation& expectation);

}  // namespace lvslab::journal
