// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/compare_runs.hpp"
#include "sim/cli/plugin_option.hpp"
#include "sim/cli/refusals.hpp"
#include "sim/cli/scenario_file.hpp"
#include "sim/cli/temporary_folder.hpp"
#include "sim/cli/verify_plan.hpp"
#include "sim/cli/verify_reference.hpp"
#include "sim/cli/verify_report.hpp"
#include "sim/cli/verify_results.hpp"
#include "sim/cli/worlds.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

struct VerifyOptions {
    std::vector<std::string> paths;
    std::string junit;
    std::string program;
    std::string world = "packet";
    std::vector<std::string> plugins{};
    bool virtual_time = false;
    unsigned jobs = 0;
    unsigned seeds = 0;
    bool update = false;
    bool quiet = false;
};

/// Holds Ctrl-C back for as long as there is something to tidy up; the runs' pool takes it.
class HeldSignals {
public:
    HeldSignals() {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, &before_);
    }
    ~HeldSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;

private:
    sigset_t before_{};
};

struct Read {
    std::vector<ScenarioToVerify> scenarios;
    Diagnostics diagnostics;
};

/// References are of the packet world.
bool is_packet_world(const VerifyOptions& options) {
    return options.world == "packet";
}

Read read_scenarios(const VerifyOptions& options) {
    auto found = find_scenarios(options.paths);
    Read read{{}, std::move(found.diagnostics)};
    std::map<std::string, std::string> names;
    for (const auto& path : *found.value) {
        auto scenario = load_scenario(path.string());
        read.diagnostics.append(scenario.diagnostics);
        if (!scenario) {
            continue;
        }
        std::optional<std::string> skipped;
        if (!is_packet_world(options)) {
            skipped = world_refuses(options.world, path.string(), *scenario);
        } else {
            read.diagnostics.append(unsupported_in(options.world, *scenario));
        }
        const auto [first, is_new] = names.emplace(scenario->name, path.string());
        if (!is_new) {
            read.diagnostics.error({path.string(), 0, 0},
                                   fmt::format("is called {}, as {} is: references are kept by "
                                               "name",
                                               scenario->name, first->second));
        }
        auto runs = skipped ? std::vector<NeededRun>{} : all_runs(*scenario, options.seeds);
        read.scenarios.push_back(
            {path.string(), std::move(*scenario), std::move(runs), std::move(skipped)});
    }
    return read;
}

bool write_file(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    if (!out.good()) {
        fmt::print(stderr, "lvslab verify: {} cannot be written\n", path);
    }
    return out.good();
}

void say(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

/// Everything that was read of the runs; what did not start is not in it.
struct Runs {
    bool interrupted = false;
    std::optional<std::string> refused;
    std::vector<std::vector<VerifiedRun>> of_scenario;
};

Runs run_all(const VerifyOptions& options, const std::vector<ScenarioToVerify>& scenarios) {
    const TemporaryFolder folder("verify");
    std::vector<Job> jobs;
    std::vector<std::pair<std::size_t, NeededRun>> of;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        for (const auto& run : scenarios[i].runs) {
            Job job{run.scheduler, run.seed, {}, scenarios[i].path, {}};
            job.folder = folder.path() / std::to_string(i) / job.name();
            job.title = scenarios[i].scenario.name + " " + job.name();
            fs::create_directories(job.folder.parent_path());
            jobs.push_back(std::move(job));
            of.emplace_back(i, run);
        }
    }
    Runner runner;
    runner.program =
        options.program.empty() ? fs::read_symlink("/proc/self/exe").string() : options.program;
    runner.at_once =
        options.jobs > 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
    runner.options = plugin_words(options.plugins);
    runner.options.insert(runner.options.end(),
                          {"--journal", "decisions", "--world", options.world});
    if (options.virtual_time) {
        runner.options.emplace_back("--virtual-time");
    }
    runner.quiet = options.quiet;
    std::map<fs::path, VerifiedRun> read;
    std::map<fs::path, NeededRun> needed;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        needed.emplace(jobs[i].folder, of[i].second);
    }
    // Each is read as it ends, so that no more than those under way take up the disk.
    runner.on_finished = [&](const JobResult& job) {
        read.emplace(job.job.folder, read_verified_run(needed.at(job.job.folder), job));
        std::error_code ignored;
        fs::remove_all(job.job.folder, ignored);
    };
    const auto done = run_jobs(runner, jobs);
    Runs runs{done.interrupted, done.refused, {}};
    runs.of_scenario.resize(scenarios.size());
    for (std::size_t i = 0; i < done.results.size(); ++i) {
        const auto found = read.find(done.results[i].job.folder);
        runs.of_scenario[of[i].first].push_back(
            found != read.end() ? std::move(found->second)
                                : read_verified_run(of[i].second, done.results[i]));
    }
    return runs;
}

/// Renews a reference if asked to; false if that went wrong.
bool update_reference(const VerifyOptions& options, VerifiedScenario& scenario) {
    if (!options.update || !scenario.unfinished.empty()) {
        return true;
    }
    std::string reason;
    if (!write_reference(scenario, reason)) {
        fmt::print(stderr, "lvslab verify: {}: {}\n", scenario.reference.path, reason);
        return false;
    }
    scenario.reference.state = ReferenceResult::State::renewed;
    return true;
}

int judge_all(const VerifyOptions& options, const std::vector<ScenarioToVerify>& scenarios,
              Runs runs) {
    std::vector<VerifiedScenario> verified;
    bool good = true, written = true;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        auto one = judge_scenario(scenarios[i], std::move(runs.of_scenario[i]), options.seeds);
        if (is_packet_world(options)) {
            one.reference = compare_with_reference(one, options.seeds > 0);
        }
        written = update_reference(options, one) && written;
        good = good && one.holds();
        say(scenario_log(one, options.quiet));
        verified.push_back(std::move(one));
    }
    say(verdict_summary(verified));
    if (!options.junit.empty()) {
        written = write_file(options.junit, junit_xml(verified)) && written;
    }
    return !written ? bad_input : good ? held : failed;
}

/// The folder that a file would need: better known before hours of runs than after them.
std::optional<std::string> missing_folder(const std::string& file) {
    const auto folder = fs::path(file).parent_path();
    std::error_code error;
    return folder.empty() || fs::is_directory(folder, error) ? std::nullopt
                                                             : std::optional(folder.string());
}

int refuse(const VerifyOptions& options, const Diagnostics& found) {
    if (!options.junit.empty() && !missing_folder(options.junit)) {
        write_file(options.junit, junit_xml(found));
    }
    return bad_input;
}

bool is_skipped(const ScenarioToVerify& one) {
    return one.skipped.has_value();
}

int run_verify(const VerifyOptions& options) {
    auto read = read_scenarios(options);
    if (const auto folder = missing_folder(options.junit)) {
        read.diagnostics.error({"--junit"}, fmt::format("there is no folder {}", *folder));
    }
    if (options.update && options.seeds > 0) {
        read.diagnostics.error({"--update"}, "keeps references of all seeds: leave --seeds out");
    }
    if (options.update && !is_packet_world(options)) {
        read.diagnostics.error({"--update"}, "references are of the packet world");
    }
    if (options.virtual_time && options.world != "kernel") {
        read.diagnostics.error({"--virtual-time"}, "is of the kernel world (--world kernel)");
    }
    if (!read.scenarios.empty() && std::ranges::all_of(read.scenarios, is_skipped)) {
        read.diagnostics.error({options.world + " world"}, "can do none of these scenarios");
    }
    const bool refused = read.diagnostics.has_errors();
    if (refused || !options.quiet) {
        fmt::print(stderr, "{}", read.diagnostics.to_string());
    }
    if (refused) {
        return refuse(options, read.diagnostics);
    }
    std::signal(SIGPIPE, SIG_IGN);
    const HeldSignals held_back;
    auto runs = run_all(options, read.scenarios);
    if (runs.refused) {
        fmt::print(stderr, "{}", *runs.refused);
        Diagnostics found;
        found.error({"lvslab run"}, *runs.refused);
        return refuse(options, found);
    }
    if (runs.interrupted) {
        fmt::print(stderr, "lvslab verify: stopped; nothing is kept\n");
        return interrupted_run;
    }
    return judge_all(options, read.scenarios, std::move(runs));
}

}  // namespace

void add_verify_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "verify", "Run scenarios and hold them to their expectations, invariants and references");
    auto options = std::make_shared<VerifyOptions>();
    command->add_option("PATH", options->paths, "scenario files, and folders to search for them")
        ->required();
    command->add_option("--junit", options->junit, "write JUnit XML to this file")
        ->type_name("FILE");
    command->add_option("--jobs", options->jobs, "runs at one time (as many as there are cores)")
        ->check(CLI::Range(1U, 1024U));
    command->add_option("--seeds", options->seeds, "at the most so many seeds for an expectation")
        ->check(CLI::Range(1U, 10000U));
    add_plugin_option(*command, options->plugins);
    add_world_option(*command, options->world);
    command->add_flag("--virtual-time", options->virtual_time,
                      "the kernel world in a guest whose time is exact, even where this machine's "
                      "kernel has ip_vs");
    command->add_flag("--update", options->update,
                      "renew the references in results/reference after showing what differs");
    command->add_flag("--quiet", options->quiet, "print only what fails, and the summary");
    // Another program in the place of `lvslab run`, as for compare.
    command->add_option("--runner", options->program, "program that runs a run (this one)")
        ->group("")
        ->check(CLI::ExistingFile);
    command->callback([options, &exit_code] { exit_code = run_verify(*options); });
}

}  // namespace lvslab::cli
