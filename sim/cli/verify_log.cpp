// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/refusals.hpp"
#include "sim/cli/verify_report.hpp"

namespace lvslab::cli {
namespace {

constexpr std::string_view indent = "         ";

std::string plural(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string value_of(const VerifiedExpectation& e) {
    const auto& v = e.verdict;
    auto text = journal::range_text(v.low, v.high, e.expectation.unit());
    if (!v.holds || v.low) {
        text += fmt::format("  ({})", v.over);
    }
    if (e.runs < e.asked) {
        text += fmt::format("  ({} asked for)", plural(e.asked, "run"));
    }
    return text;
}

std::string seed_of(const VerifiedScenario& scenario, const std::string& run_name) {
    const auto run = std::ranges::find(scenario.runs, run_name, &VerifiedRun::name);
    if (run == scenario.runs.end()) {
        return {};
    }
    return fmt::format("lvslab run {} --seed {}{}", scenario.path, run->run.seed,
                       run->run.scheduler.empty() ? "" : " --scheduler " + run->run.scheduler);
}

std::string expectation_log(const VerifiedScenario& scenario, const VerifiedExpectation& e,
                            std::size_t width) {
    auto out =
        world::verdict_line(e.verdict.holds ? "holds" : "FAILS", e.expectation, value_of(e), width);
    if (e.verdict.holds) {
        return out;
    }
    out += fmt::format("{}{}, expected {}\n", indent, e.expectation.location.to_string(),
                       journal::bound_text(e.expectation));
    if (!e.worst_run.empty()) {
        out += fmt::format("{}in {}:\n{}", indent, e.worst_run,
                           world::indented(e.story, "           "));
        out += fmt::format("{}see it: {}\n", indent, seed_of(scenario, e.worst_run));
    }
    return out;
}

std::string reference_log(const ReferenceResult& reference, bool quiet) {
    using State = ReferenceResult::State;
    switch (reference.state) {
        case State::none:
            return {};
        case State::same:
            return quiet ? "" : fmt::format("  same   {}\n", reference.path);
        case State::differs:
            return fmt::format("  DIFFERS from {} (lvslab verify --update renews it)\n{}",
                               reference.path, world::indented(reference.differences, indent));
        case State::renewed:
            return quiet && reference.differences.empty()
                       ? ""
                       : fmt::format("  renewed {}\n{}", reference.path,
                                     world::indented(reference.differences, indent));
        case State::unreadable:
            return fmt::format("  UNREADABLE {}: {}\n", reference.path,
                               reference.differences.front());
    }
    return {};
}

}  // namespace

std::string scenario_log(const VerifiedScenario& scenario, bool quiet) {
    if (scenario.skipped) {
        return fmt::format("{} ({}): SKIPPED\n  {}\n\n", scenario.path, scenario.name,
                           shortened_refusal(*scenario.skipped));
    }
    std::size_t width = 0;
    for (const auto& e : scenario.expectations) {
        width = std::max(width, e.expectation.text.size());
    }
    std::string out;
    for (const auto& text : scenario.unfinished) {
        out += fmt::format("  NO RUN {}{}", text, text.ends_with('\n') ? "" : "\n");
    }
    for (const auto& e : scenario.expectations) {
        if (!quiet || !e.verdict.holds) {
            out += expectation_log(scenario, e, width);
        }
    }
    for (const auto& text : scenario.violation_texts) {
        out += fmt::format("  VIOLATED {}\n", text);
    }
    const bool untold = scenario.violations > scenario.violation_texts.size();
    if (untold) {
        out += fmt::format("  and {} more violations\n",
                           scenario.violations - scenario.violation_texts.size());
    } else if (!quiet && scenario.violations == 0 && scenario.unfinished.empty()) {
        out += "  holds  the invariants\n";
    }
    out += reference_log(scenario.reference, quiet);
    if (quiet && out.empty()) {
        return {};
    }
    return fmt::format("{} ({}): {}\n{}\n", scenario.path, scenario.name,
                       plural(scenario.runs.size(), "run"), out);
}

std::string verdict_summary(const std::vector<VerifiedScenario>& scenarios) {
    std::size_t runs = 0, expectations = 0, failed = 0, violations = 0, differ = 0, unfinished = 0,
                skipped = 0;
    for (const auto& s : scenarios) {
        skipped += s.skipped ? 1U : 0U;
        runs += s.runs.size();
        expectations += s.expectations.size();
        failed += static_cast<std::size_t>(
            std::ranges::count_if(s.expectations, [](const auto& e) { return !e.verdict.holds; }));
        violations += s.violations;
        unfinished += s.unfinished.size();
        differ += s.reference.state == ReferenceResult::State::differs ||
                          s.reference.state == ReferenceResult::State::unreadable
                      ? 1U
                      : 0U;
    }
    auto text = fmt::format("{}, {}, {}: ", plural(scenarios.size() - skipped, "scenario"),
                            plural(runs, "run"), plural(expectations, "expectation"));
    std::string bad;
    const auto add = [&](std::size_t count, const std::string& what) {
        if (count > 0) {
            bad += (bad.empty() ? "" : ", ") + what;
        }
    };
    add(failed, fmt::format("{} failed", failed));
    add(violations, plural(violations, "violation") + " of invariants");
    add(differ,
        fmt::format("{} from the reference",
                    differ == 1 ? std::string("1 differs") : fmt::format("{} differ", differ)));
    add(unfinished, plural(unfinished, "run") + " did not finish");
    const auto left_out = skipped == 0
                              ? std::string()
                              : fmt::format("; {} skipped, which this world cannot do", skipped);
    return text + (bad.empty() ? "all hold" : bad) + left_out + "\n";
}

}  // namespace lvslab::cli
