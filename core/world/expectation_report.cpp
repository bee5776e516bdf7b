// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/expectation_report.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lvslab::world {
namespace {

using json = nlohmann::ordered_json;
using journal::Aggregate;
using journal::Expectation;
using journal::ExpectationResult;

constexpr const char* format_name = "lvslab-expectations-1";

template <class T>
json nullable(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

std::optional<double> number(const json& value) {
    return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

std::string_view unit_name(journal::Unit unit) {
    switch (unit) {
        case journal::Unit::count:
        case journal::Unit::ratio:
            return "";
        case journal::Unit::duration:
            return "s";
        case journal::Unit::share:
            return "share";
        case journal::Unit::rate:
            return "1/s";
        case journal::Unit::bit_rate:
            return "bit/s";
    }
    return "";
}

json expectation_json(const Expectation& e, const ExpectationResult& result) {
    return {{"text", e.text},
            {"place", e.location.to_string()},
            {"unit", unit_name(e.unit())},
            {"low", nullable(result.low)},
            {"high", nullable(result.high)},
            {"holds", result.holds},
            {"decided_by_one_run", one_run_decides(e)},
            {"missing", result.missing},
            {"at", result.at ? json(to_seconds(*result.at)) : json(nullptr)},
            {"story", result.story}};
}

}  // namespace

std::optional<std::string> configured_scheduler(const scenario::Scenario& scenario) {
    std::optional<std::string> common;
    for (const auto& service : scenario.config.virtual_servers) {
        if (!service.active) {
            continue;
        }
        if (common && *common != service.scheduler) {
            return std::nullopt;
        }
        common = service.scheduler;
    }
    return common;
}

std::vector<Expectation> expectations_for(const scenario::Scenario& scenario,
                                          const std::optional<std::string>& scheduler) {
    const auto runs_with = scheduler ? scheduler : configured_scheduler(scenario);
    std::vector<Expectation> about;
    std::ranges::copy_if(
        scenario.expectations, std::back_inserter(about),
        [&](const Expectation& e) { return !e.scheduler || e.scheduler == runs_with; });
    return about;
}

bool one_run_decides(const Expectation& e) {
    const auto kind = e.of_runs.kind;
    return kind == Aggregate::Kind::each ||
           (kind == Aggregate::Kind::maximum && journal::bounds_from_above(e.comparison)) ||
           (kind == Aggregate::Kind::minimum && journal::bounds_from_below(e.comparison));
}

JudgedRun::JudgedRun(std::vector<Expectation> expectations)
    : expectations_(std::move(expectations)) {}

void JudgedRun::take(const journal::Event& event) {
    expectations_.take(event);
    invariants_.take(event);
}

bool JudgedRun::holds() const {
    const auto results = expectations_.results();
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (!results[i].holds && one_run_decides(expectations_.expectations()[i])) {
            return false;
        }
    }
    return invariants_.held();
}

std::string JudgedRun::json() const {
    world::json entries = world::json::array(), violations = world::json::array();
    const auto results = expectations_.results();
    for (std::size_t i = 0; i < results.size(); ++i) {
        entries.push_back(expectation_json(expectations_.expectations()[i], results[i]));
    }
    for (const auto& violation : invariants_.violations()) {
        violations.push_back({{"invariant", violation.name},
                              {"time", to_seconds(violation.time)},
                              {"message", violation.message},
                              {"text", violation.to_string()}});
    }
    const world::json whole{{"format", format_name},
                            {"holds", holds()},
                            {"expectations", entries},
                            {"violations", invariants_.count()},
                            {"first_violations", violations}};
    return whole.dump(1, ' ', false, world::json::error_handler_t::replace) + '\n';
}

std::string JudgedRun::text() const {
    const auto& all = expectations_.expectations();
    const auto results = expectations_.results();
    std::size_t width = 0;
    for (const auto& e : all) {
        width = std::max(width, e.text.size());
    }
    std::string out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool decides = one_run_decides(all[i]);
        out += verdict_line(!decides           ? "open"
                            : results[i].holds ? "holds"
                                               : "FAILS",
                            all[i],
                            journal::range_text(results[i].low, results[i].high, all[i].unit()) +
                                (decides ? "" : "  (lvslab verify judges it, over its seeds)"),
                            width);
        if (decides && !results[i].holds) {
            out += indented(results[i].story, "           ");
        }
    }
    for (const auto& violation : invariants_.violations()) {
        out += fmt::format("  VIOLATED {}\n", violation.to_string());
    }
    const auto untold = invariants_.count() - invariants_.violations().size();
    return out + (untold > 0 ? fmt::format("  and {} more violations\n", untold) : "");
}

RunJudgement read_judgement(const std::string& text) {
    const auto whole = json::parse(text);
    if (whole.at("format") != format_name) {
        throw std::runtime_error("expectations.json is of another format");
    }
    RunJudgement judgement;
    for (const auto& entry : whole.at("expectations")) {
        ExpectationResult result;
        result.low = number(entry.at("low"));
        result.high = number(entry.at("high"));
        result.holds = entry.at("holds").get<bool>();
        result.missing = entry.at("missing").get<std::string>();
        result.story = entry.at("story").get<std::vector<std::string>>();
        judgement.entries.push_back({entry.at("text").get<std::string>(), std::move(result)});
    }
    judgement.violations = whole.at("violations").get<std::uint64_t>();
    for (const auto& violation : whole.at("first_violations")) {
        judgement.violation_texts.push_back(violation.at("text").get<std::string>());
    }
    return judgement;
}

std::string verdict_line(std::string_view verdict, const Expectation& expectation,
                         const std::string& value, std::size_t width) {
    return fmt::format("  {:<6} {:<{}}  {}\n", verdict, expectation.text, width, value);
}

std::string indented(const std::vector<std::string>& lines, std::string_view indent) {
    std::string out;
    for (const auto& line : lines) {
        out += fmt::format("{}{}\n", indent, line);
    }
    return out;
}

}  // namespace lvslab::world
