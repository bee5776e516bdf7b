// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/expectation_run.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace lvslab::journal {
namespace {

constexpr std::size_t lines_before = 7, lines_after = 3;

/// A heartbeat path that was cut or healed; all are open at the run's start.
bool is_of_path(const TimelineEntry& entry) {
    return entry.kind == "path_cut" || (entry.kind == "path_open" && entry.time > Time{});
}

/// A line of the story; empty = of no interest.
std::string line_of(const TimelineEntry& entry, const Expectation& expectation) {
    const auto kind = entry.kind;
    const bool of_other_server =
        expectation.subject.kind == Subjects::server && entry.subject != expectation.subject.name;
    std::string what;
    if (kind == "fault") {
        what = "fault: " + entry.subject;
    } else if (kind == "node") {
        what = fmt::format("{}: {}", entry.subject, entry.detail);
    } else if (kind == "active" || kind == "inactive") {
        what = fmt::format("{} becomes {}: {}", entry.subject, kind, entry.detail);
    } else if ((kind == "taken_out" || kind == "put_back") && !of_other_server) {
        what = fmt::format("{} is {} ({})", entry.subject,
                           kind == "taken_out" ? "taken out" : "put back", entry.detail);
    } else if (is_of_path(entry)) {
        what = fmt::format("heartbeats {}: {} ({})", kind == "path_cut" ? "cut" : "heard again",
                           entry.subject, entry.detail);
    } else if (kind == "data_active" || kind == "data_inactive") {
        what = fmt::format("{}: its {} becomes {}", entry.subject, entry.detail,
                           kind == "data_active" ? "active" : "inactive");
    } else {
        return {};
    }
    return fmt::format("{:>9}  {}", time_text(entry.time), what);
}

/// A line of the story.
struct StoryLine {
    Time time;
    std::string text;
};

/// "lvs1 to lvs2 (public)" becomes "lvs1 to lvs2 (public, private), lvs2 to lvs1 (public)".
void add_path(std::string& text, const TimelineEntry& last, const TimelineEntry& entry) {
    if (last.subject == entry.subject) {
        text.pop_back();
        text += fmt::format(", {})", entry.detail);
    } else {
        text += fmt::format(", {} ({})", entry.subject, entry.detail);
    }
}

/// What is of interest, in order. One crash changes up to four paths: they share a line.
std::vector<StoryLine> story_of(const std::vector<TimelineEntry>& entries,
                                const Expectation& expectation) {
    std::vector<StoryLine> story;
    const TimelineEntry* path = nullptr;  // what the last line tells of, if that is a path
    for (const auto& entry : entries) {
        auto text = line_of(entry, expectation);
        if (text.empty()) {
            continue;
        }
        const bool of_path = is_of_path(entry);
        if (of_path && path != nullptr && path->time == entry.time && path->kind == entry.kind) {
            add_path(story.back().text, *path, entry);
        } else {
            story.push_back({entry.time, std::move(text)});
        }
        path = of_path ? &entry : nullptr;
    }
    return story;
}

std::optional<Time> time_of(const Expectation& e, const Measured& measured) {
    if (!measured.offences.empty()) {
        return measured.offences.front().at;
    }
    if (!measured.low) {
        return std::nullopt;
    }
    return bounds_from_below(e.comparison) ? measured.low->at : measured.high->at;
}

/// The one value that stands for a run among others.
double standing_for(const Expectation& e, const ExpectationResult& run) {
    const bool low =
        bounds_from_below(e.comparison) ||
        (!bounds_from_above(e.comparison) && e.of_runs.kind == Aggregate::Kind::minimum);
    return low ? *run.low : *run.high;
}

double aggregate(const Aggregate& how, std::vector<double> values) {
    std::ranges::sort(values);
    const auto n = static_cast<double>(values.size());
    switch (how.kind) {
        case Aggregate::Kind::minimum:
            return values.front();
        case Aggregate::Kind::mean:
            return std::accumulate(values.begin(), values.end(), 0.0) / n;
        case Aggregate::Kind::quantile: {
            // Nearest rank, as everywhere; 1e-9 for what p * n loses in binary.
            const auto rank = static_cast<std::size_t>(std::ceil(how.p * n - 1e-9));
            return values[std::max<std::size_t>(rank, 1) - 1];
        }
        default:
            return values.back();
    }
}

}  // namespace

ExpectationRun::ExpectationRun(std::vector<Expectation> expectations)
    : expectations_(std::move(expectations)) {}

void ExpectationRun::start(const RunStarted& run) {
    ones_.clear();
    for (const auto& expectation : expectations_) {
        ones_.push_back({ExpectationWindow(expectation), make_measure(expectation, run)});
    }
    timeline_.start(run);
}

void ExpectationRun::take(const Event& event) {
    now_ = event.time;
    if (const auto* run = std::get_if<RunStarted>(&event.payload)) {
        start(*run);
    }
    view_.take(event);
    std::visit(
        [&](const auto& payload) {
            using Kind = std::decay_t<decltype(payload)>;
            if constexpr (!std::is_same_v<Kind, HeartbeatSent> &&
                          !std::is_same_v<Kind, HeartbeatHeard> &&
                          requires { timeline_.on(event.time, payload); }) {
                timeline_.on(event.time, payload);
            }
        },
        event.payload);
    for (auto& one : ones_) {
        one.window.take(event);
        one.measure->take({event, view_, one.window});
    }
}

std::vector<ExpectationResult> ExpectationRun::results() const {
    std::vector<ExpectationResult> results;
    for (std::size_t i = 0; i < expectations_.size(); ++i) {
        if (i < ones_.size()) {
            results.push_back(result(expectations_[i], ones_[i]));
        } else {
            results.push_back({{}, {}, "the run never began", false, {}});
        }
    }
    return results;
}

ExpectationResult ExpectationRun::result(const Expectation& expectation, const One& one) const {
    ExpectationResult result;
    Measured measured;
    if (one.window.ever_opened()) {
        measured = one.measure->measured(view_, one.window);
    } else {
        measured.missing = one.window.why_never();
    }
    result.missing = measured.missing;
    result.at = time_of(expectation, measured);
    if (measured.low) {
        result.low = measured.low->value;
        result.high = measured.high->value;
        result.holds = keeps_bound(expectation, *result.low, *result.high);
    }
    if (!result.holds) {
        result.story = story(expectation, one, measured, result.at.value_or(now_));
    }
    return result;
}

std::vector<std::string> ExpectationRun::story(const Expectation& expectation, const One& one,
                                               const Measured& measured, Time at) const {
    std::vector<std::string> lines;
    if (!measured.missing.empty()) {
        lines.push_back(measured.missing);
    }
    auto told = measured.offences;
    if (told.empty() && measured.low) {
        told.push_back(bounds_from_below(expectation.comparison) ? *measured.low : *measured.high);
    }
    for (const auto& reading : told) {
        if (!reading.what.empty()) {
            lines.push_back(fmt::format("at {}: {}", time_text(reading.at), reading.what));
        }
    }
    if (const auto moments = one.window.moments_text(); !moments.empty()) {
        lines.push_back("its window: " + moments);
    }
    const auto around = happened_around(at, expectation);
    if (!around.empty()) {
        lines.emplace_back("what happened:");
        lines.insert(lines.end(), around.begin(), around.end());
    }
    return lines;
}

std::vector<std::string> ExpectationRun::happened_around(Time at,
                                                         const Expectation& expectation) const {
    std::vector<std::string> before, after;
    for (auto& line : story_of(timeline_.entries(), expectation)) {
        (line.time <= at ? before : after).push_back(std::move(line.text));
    }
    if (before.size() > lines_before) {
        before.erase(before.begin(), before.end() - lines_before);
    }
    after.resize(std::min(after.size(), lines_after));
    before.insert(before.end(), after.begin(), after.end());
    return before;
}

Verdict judge(const Expectation& e, std::span<const ExpectationResult> results) {
    Verdict verdict;
    std::vector<double> values;
    std::size_t without = 0;
    std::string why;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const auto& run = results[i];
        if (!run.holds) {
            verdict.offenders.push_back(i);
        }
        if (!run.low) {
            why = without++ == 0 ? run.missing : why;
            continue;
        }
        values.push_back(standing_for(e, run));
        verdict.low = std::min(verdict.low.value_or(*run.low), *run.low);
        verdict.high = std::max(verdict.high.value_or(*run.high), *run.high);
    }
    const auto runs = fmt::format("{} run{}", results.size(), results.size() == 1 ? "" : "s");
    if (e.of_runs.kind != Aggregate::Kind::each && !values.empty()) {
        verdict.low = verdict.high = aggregate(e.of_runs, values);
        verdict.holds = without == 0 && keeps_bound(e, *verdict.low, *verdict.high);
    } else {
        verdict.holds = verdict.offenders.empty() && !results.empty();
    }
    verdict.over = runs;
    if (without > 0) {
        verdict.over =
            results.size() == 1 ? why : fmt::format("in {} of {}: {}", without, runs, why);
    } else if (!verdict.holds && !verdict.offenders.empty() && results.size() > 1) {
        verdict.over = fmt::format("{} of {} {} beyond the bound", verdict.offenders.size(), runs,
                                   verdict.offenders.size() == 1 ? "is" : "are");
    }
    return verdict;
}

std::string range_text(std::optional<double> low, std::optional<double> high, Unit unit) {
    if (!low || !high) {
        return "-";
    }
    const auto text = value_text(*low, unit);
    return *low == *high ? text : fmt::format("{} to {}", text, value_text(*high, unit));
}

}  // namespace lvslab::journal
