// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "core/ipvs/schedulers.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/compare_expectations.hpp"
#include "sim/cli/compare_folder.hpp"
#include "sim/cli/compare_output.hpp"
#include "sim/cli/compare_runs.hpp"
#include "sim/cli/plugin_option.hpp"
#include "sim/cli/refusals.hpp"
#include "sim/cli/report_page.hpp"
#include "sim/cli/scenario_file.hpp"
#include "sim/cli/worlds.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

struct CompareOptions {
    std::string scenario;
    std::string output;
    unsigned jobs = 0;
    unsigned seeds = 0;
    std::vector<std::string> schedulers;
    std::vector<std::string> plugins{};
    std::string program;
    std::string world = "packet";
    bool force = false;
};

/// results/NAME/compare-1, -2, ...: the first that is not there.
fs::path next_results_folder(const std::string& scenario) {
    for (unsigned i = 1;; ++i) {
        auto folder = fs::path("results") / scenario / fmt::format("compare-{}", i);
        if (!fs::exists(folder)) {
            return folder;
        }
    }
}

/// Seed by seed, so that whatever is finished when the user stops it can be compared.
std::vector<Job> jobs_of(const scenario::Scenario& scenario,
                         const std::vector<std::string>& schedulers, unsigned seeds,
                         const fs::path& folder) {
    std::vector<Job> jobs;
    for (unsigned i = 0; i < seeds; ++i) {
        for (const auto& scheduler : schedulers) {
            Job job{scheduler, scenario.seed + i, {}};
            job.folder = folder / "runs" / job.name();
            jobs.push_back(std::move(job));
        }
    }
    return jobs;
}

/// The schedulers to compare; the lvs.cf's own if nothing names one.
std::vector<std::string> schedulers_of(const scenario::Scenario& scenario,
                                       const CompareOptions& options) {
    std::vector<std::string> names =
        options.schedulers.empty() ? scenario.compare.schedulers : options.schedulers;
    for (const auto& service : scenario.config.virtual_servers) {
        if (names.empty() && service.active) {
            names.push_back(service.scheduler);
        }
    }
    std::set<std::string> seen;
    std::erase_if(names, [&](const auto& name) { return !seen.insert(name).second; });
    return names;
}

/// Says which of the names given on the command line are no schedulers.
bool check_schedulers(const std::vector<std::string>& names) {
    bool good = true;
    for (const auto& name : names) {
        if (ipvs::find_scheduler(name) != nullptr) {
            continue;
        }
        good = false;
        fmt::print(stderr, "--schedulers: no scheduler is called \"{}\"; there are", name);
        for (const auto& known : ipvs::scheduler_names()) {
            fmt::print(stderr, " {}", known);
        }
        fmt::print(stderr, "\n");
    }
    return good;
}

/// Standard output's reader may have gone, its disk may be full: what follows is done all the same,
/// and main() tells.
void say(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

int finish(const RunsDone& done, const scenario::Scenario& scenario,
           const std::vector<std::string>& schedulers, const fs::path& folder) {
    auto comparison = compare(done);
    comparison.expectations = judge_expectations(scenario, done);
    auto findings = result_findings(comparison);
    const auto facts = scenario_findings(scenario, schedulers);
    findings.insert(findings.end(), facts.begin(), facts.end());
    // The page of an earlier comparison must not pass for this one's.
    std::error_code ignored;
    fs::remove(folder / "index.html", ignored);
    bool good = write_comparison(folder, comparison, findings, scenario);
    say(comparison_text(comparison, findings));
    if (!good) {
        fmt::print(stderr, "{}: the results could not be written\n", folder.string());
    }
    if (good && !comparison.schedulers.empty() && make_page(folder)) {
        say(fmt::format("\nSee {}\n", (folder / "index.html").string()));
    } else {
        good = false;
    }
    good = good && std::ranges::all_of(comparison.expectations, &JudgedExpectation::holds);
    return done.interrupted ? interrupted_run : good && comparison.complete() ? held : failed;
}

/// The lines of `text` that are not among the lines of `told`.
std::string without_lines_of(const std::string& told, const std::string& text) {
    std::string rest;
    std::set<std::string> known;
    std::istringstream told_lines(told), lines(text);
    for (std::string line; std::getline(told_lines, line);) {
        known.insert(line);
    }
    for (std::string line; std::getline(lines, line);) {
        if (!known.contains(line)) {
            rest += line + '\n';
        }
    }
    return rest;
}

int run_compare(const CompareOptions& options) {
    const auto scenario = load_scenario(options.scenario);
    auto found = scenario.diagnostics;
    if (scenario) {
        // Of the runs' own words only those of a failed one are seen.
        found.append(unsupported_in(options.world, *scenario));
    }
    const auto told = found.to_string();
    fmt::print(stderr, "{}", told);
    if (!check_schedulers(options.schedulers) || found.has_errors() || !scenario) {
        return bad_input;
    }
    const auto schedulers = schedulers_of(*scenario, options);
    const auto folder =
        options.output.empty() ? next_results_folder(scenario->name) : fs::path(options.output);
    const auto seeds = options.seeds > 0 ? options.seeds : scenario->compare.seeds;
    const auto jobs = jobs_of(*scenario, schedulers, seeds, folder);
    std::signal(SIGPIPE, SIG_IGN);
    ResultsFolder results;
    if (std::string reason; !results.make(folder, jobs, options.force, reason)) {
        fmt::print(stderr, "lvslab compare: {}: {}\n", folder.string(), reason);
        results.take_back();
        return bad_input;
    }
    Runner runner;
    runner.program = options.program.empty() ? own_program().string() : options.program;
    runner.scenario = options.scenario;
    runner.at_once =
        options.jobs > 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
    runner.options = plugin_words(options.plugins);
    runner.options.insert(runner.options.end(), {"--world", options.world});
    const auto done = run_jobs(runner, jobs);
    if (done.refused) {
        fmt::print(stderr, "{}", without_lines_of(told, *done.refused));
        results.take_back();
        return bad_input;
    }
    results.keep();
    return finish(done, *scenario, schedulers, folder);
}

}  // namespace

void add_compare_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "compare", "Run a scenario with every scheduler it names, and compare them on one page");
    auto options = std::make_shared<CompareOptions>();
    command->add_option("SCENARIO", options->scenario, "scenario file (YAML)")->required();
    command
        ->add_option("--output", options->output, "folder for the results (results/NAME/compare-N)")
        ->type_name("DIR");
    command->add_option("--jobs", options->jobs, "runs at one time (as many as there are cores)")
        ->check(CLI::Range(1U, 1024U));
    command->add_option("--seeds", options->seeds, "repetitions (as the scenario says)")
        ->check(CLI::Range(1U, 10000U));
    command->add_option("--schedulers", options->schedulers, "schedulers (as the scenario says)")
        ->delimiter(',')
        ->type_name("A,B,...");
    add_plugin_option(*command, options->plugins);
    add_world_option(*command, options->world);
    command->add_flag("--force", options->force, "write into a folder that holds other files too");
    // Another program in the place of `lvslab run`, e.g. one that runs it on another machine.
    command->add_option("--runner", options->program, "program that runs a run (this one)")
        ->group("")
        ->check(CLI::ExistingFile);
    command->callback([options, &exit_code] { exit_code = run_compare(*options); });
}

}  // namespace lvslab::cli
