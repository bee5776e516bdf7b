// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/cli/verify_report.hpp"

namespace lvslab::cli {
namespace {

/// XML 1.0 has no control characters but these three, whatever way they are written.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\n':
                out += "&#10;";
                break;
            default:
                out += byte < 0x20 && c != '\t' ? '?' : c;
        }
    }
    return out;
}

struct Problem {
    bool error = false;  ///< could not be judged; false: was judged and failed
    std::string message, text;
};

/// Where nothing is skipped, nothing is said of it.
std::string skipped_attribute(std::size_t count) {
    return count == 0 ? std::string() : fmt::format(" skipped=\"{}\"", count);
}

class Suite {
public:
    Suite(std::string name, std::string file) : name_(std::move(name)), file_(std::move(file)) {}

    void pass(const std::string& test) { add(test, nullptr); }
    void fail(const std::string& test, const Problem& problem) { add(test, &problem); }

    void skip(const std::string& test, const std::string& reason) {
        ++tests;
        ++skipped;
        cases_ += fmt::format(
            "    <testcase classname=\"{}\" name=\"{}\">\n      <skipped message=\"{}\"/>\n"
            "    </testcase>\n",
            escaped(name_), escaped(test), escaped(reason));
    }

    std::string xml() const {
        return fmt::format(
            "  <testsuite name=\"{}\" file=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\"{}>\n"
            "{}  </testsuite>\n",
            escaped(name_), escaped(file_), tests, failures, errors, skipped_attribute(skipped),
            cases_);
    }

    std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;

private:
    void add(const std::string& test, const Problem* problem) {
        ++tests;
        cases_ += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", escaped(name_),
                              escaped(test));
        if (problem == nullptr) {
            cases_ += "/>\n";
            return;
        }
        ++(problem->error ? errors : failures);
        const auto* tag = problem->error ? "error" : "failure";
        cases_ += fmt::format(">\n      <{} message=\"{}\">{}</{}>\n    </testcase>\n", tag,
                              escaped(problem->message), escaped(problem->text), tag);
    }

    std::string name_, file_, cases_;
};

std::string document(const std::vector<Suite>& suites) {
    std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
    std::string body;
    for (const auto& suite : suites) {
        tests += suite.tests;
        failures += suite.failures;
        errors += suite.errors;
        skipped += suite.skipped;
        body += suite.xml();
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lvslab verify\" "
        "tests=\"{}\" failures=\"{}\" errors=\"{}\"{}>\n{}</testsuites>\n",
        tests, failures, errors, skipped_attribute(skipped), body);
}

void add_expectation(Suite& suite, const VerifiedExpectation& e) {
    if (e.verdict.holds) {
        suite.pass(e.expectation.text);
        return;
    }
    const auto value = journal::range_text(e.verdict.low, e.verdict.high, e.expectation.unit());
    suite.fail(
        e.expectation.text,
        {e.runs == 0,
         fmt::format("{}: {} ({}), expected {}", e.expectation.location.to_string(), value,
                     e.verdict.over, journal::bound_text(e.expectation)),
         e.worst_run.empty() ? ""
                             : fmt::format("in {}:\n{}", e.worst_run, fmt::join(e.story, "\n"))});
}

void add_reference(Suite& suite, const ReferenceResult& reference) {
    using State = ReferenceResult::State;
    const auto text = fmt::format("{}", fmt::join(reference.differences, "\n"));
    if (reference.state == State::same || reference.state == State::renewed) {
        suite.pass("reference");
    } else if (reference.state == State::differs) {
        suite.fail("reference", {false, "differs from " + reference.path, text});
    } else if (reference.state == State::unreadable) {
        suite.fail("reference", {true, reference.path + " cannot be read", text});
    }
}

Suite suite_of(const VerifiedScenario& scenario) {
    Suite suite(scenario.name, scenario.path);
    if (scenario.skipped) {
        suite.skip("scenario", *scenario.skipped);
        return suite;
    }
    if (!scenario.unfinished.empty()) {
        suite.fail("runs", {true,
                            fmt::format("{} of {} runs did not finish", scenario.unfinished.size(),
                                        scenario.runs.size()),
                            fmt::format("{}", fmt::join(scenario.unfinished, "\n"))});
    }
    for (const auto& e : scenario.expectations) {
        add_expectation(suite, e);
    }
    if (scenario.violations == 0) {
        suite.pass("invariants");
    } else {
        suite.fail("invariants", {false, fmt::format("{} violations", scenario.violations),
                                  fmt::format("{}", fmt::join(scenario.violation_texts, "\n"))});
    }
    add_reference(suite, scenario.reference);
    return suite;
}

}  // namespace

std::string junit_xml(const std::vector<VerifiedScenario>& scenarios) {
    std::vector<Suite> suites;
    for (const auto& scenario : scenarios) {
        suites.push_back(suite_of(scenario));
    }
    return document(suites);
}

std::string junit_xml(const Diagnostics& bad_input) {
    std::map<std::string, std::vector<std::string>> by_file;
    for (const auto& d : bad_input.items()) {
        if (d.severity == Severity::error) {
            by_file[d.location.file].push_back(d.to_string());
        }
    }
    std::vector<Suite> suites;
    for (const auto& [file, errors] : by_file) {
        Suite suite(file, file);
        suite.fail("input", {true,
                             fmt::format("{} error{} in the input", errors.size(),
                                         errors.size() == 1 ? "" : "s"),
                             fmt::format("{}", fmt::join(errors, "\n"))});
        suites.push_back(std::move(suite));
    }
    return document(suites);
}

}  // namespace lvslab::cli
