// SPDX-License-Identifier: GPL-2.0-only
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/conformance/recording.hpp"
#include "core/ipvs/schedulers.hpp"
#include "core/journal/reader.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/kernel_run.hpp"
#include "sim/cli/parity_report.hpp"
#include "sim/cli/parity_suite.hpp"
#include "sim/cli/plugin_option.hpp"
#include "sim/cli/refusals.hpp"
#include "sim/cli/run_arguments.hpp"
#include "sim/cli/scenario_file.hpp"
#include "sim/cli/temporary_folder.hpp"
#include "sim/cli/worlds.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

struct ParityOptions {
    std::vector<std::string> paths;
    std::string with = "kernel";
    std::string journal;
    std::optional<std::uint64_t> seed;
    std::optional<std::string> scheduler;
    std::vector<std::string> plugins{};
    std::string save;
    unsigned jobs = 0;
    bool virtual_time = false;
    bool json = false;
};

int refuse(const std::string& message) {
    fmt::print(stderr, "lvslab parity: {}\n", message);
    return bad_input;
}

/// A world's events to what is compared.
class Follower final : public journal::Sink {
public:
    Follower(const scenario::Scenario& scenario, const std::optional<std::string>& scheduler)
        : recordings_(scenario, scheduler) {}

    void take(const journal::Event& event) override {
        story_.take(event);
        recordings_.take(event);
    }
    FollowedWorld finish() {
        FollowedWorld world{std::move(story_), {}};
        for (auto& recording : recordings_.finish()) {
            world.routers.push_back(replayed(std::move(recording)));
        }
        return world;
    }

private:
    static ReplayedRouter replayed(parity::RouterRecording recording) {
        ReplayedRouter router{std::move(recording), {}, {}};
        if (router.recording.not_replayable) {
            return router;
        }
        const auto read =
            conformance::read_recording(router.recording.text, router.recording.name + ".jsonl");
        router.diagnostics = read.diagnostics;
        if (read) {
            auto report = conformance::replay(*read);
            router.diagnostics.append(report.diagnostics);
            router.report = std::move(report.value);
        }
        return router;
    }

    parity::WorldStory story_;
    parity::RouterRecordings recordings_;
};

/// A journal that another world left.
std::optional<FollowedWorld> follow_journal(const std::string& path,
                                            const scenario::Scenario& scenario,
                                            std::string& reason) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), fclose);
    if (!file) {
        reason = fmt::format("{}: {}", path, std::strerror(errno));
        return std::nullopt;
    }
    journal::Reader reader([&](char* buffer, std::size_t capacity) {
        return std::fread(buffer, 1, capacity, file.get());
    });
    std::optional<Follower> follower;
    while (const auto event = reader.next()) {
        if (!follower) {
            const auto& scheduler = reader.run().scheduler;
            follower.emplace(scenario, scheduler.empty() ? std::nullopt : std::optional(scheduler));
        }
        follower->take(*event);
    }
    if (reader.error()) {
        reason = reader.error()->to_string(path);
        return std::nullopt;
    }
    if (reader.level() != journal::Level::all) {
        reason =
            fmt::format("{}: is not kept at level all, so that its packets are not in it", path);
        return std::nullopt;
    }
    return follower->finish();
}

/// The kernel world's run, as far as its journal.
int run_kernel(const ParityOptions& options, const scenario::Scenario& scenario,
               const fs::path& journal) {
    RunArguments arguments;
    arguments.scenario = options.paths.front();
    arguments.seed = options.seed;
    arguments.scheduler = options.scheduler;
    arguments.world = "kernel";
    arguments.virtual_time = options.virtual_time;
    arguments.segments = true;
    return leave_kernel_journal(arguments, scenario, journal);
}

/// Whose answer to ARP a gateway hears first is not in a plan.
std::optional<std::string> chance_in(const scenario::Scenario& scenario) {
    using scenario::VipGuard;
    if (scenario.config.network == config::NetworkType::nat) {
        return std::nullopt;
    }
    for (const auto& server : scenario.servers) {
        if (server.vip == VipGuard::unprotected || server.vip_at_boot == VipGuard::unprotected) {
            return fmt::format(
                "{} answers ARP for virtual addresses, and whose answer the gateway goes by is not "
                "in the plan",
                server.name);
        }
    }
    return std::nullopt;
}

/// One recording a router and world, for `lvslab conform`.
bool save(const ParityOptions& options, const ParityResult& result, std::string& reason) {
    std::error_code error;
    fs::create_directories(options.save, error);
    for (const auto* world : {&result.first, &result.second}) {
        for (const auto& router : world->routers) {
            const auto path =
                fs::path(options.save) /
                fmt::format("{}-{}.jsonl", world->story.run().world, router.recording.name);
            std::ofstream out(path, std::ios::binary);
            out << router.recording.text;
            out.close();
            if (!out.good()) {
                reason = fmt::format("{} cannot be written", path.string());
                return false;
            }
        }
    }
    return true;
}

FollowedWorld follow_run(const World& world, const scenario::Scenario& scenario, std::uint64_t seed,
                         const std::optional<std::string>& scheduler) {
    SimulatedRun run;
    run.seed = seed;
    run.scheduler = scheduler;
    run.segments = true;
    Follower follower(scenario, scheduler);
    world.run(scenario, run, follower);
    return follower.finish();
}

/// What the world beside the packet world did; an exit code if there is nothing to compare.
std::variant<FollowedWorld, int> follow_other(const ParityOptions& options,
                                              const scenario::Scenario& scenario) {
    if (options.journal.empty() && options.with != "kernel") {
        return follow_run(*find_world(options.with), scenario, options.seed.value_or(scenario.seed),
                          options.scheduler);
    }
    auto journal = options.journal;
    std::optional<TemporaryFolder> kernel;
    if (journal.empty()) {
        journal = (kernel.emplace("parity").path() / "kernel.lvsj").string();
        if (const int code = run_kernel(options, scenario, journal); code != held) {
            return code;
        }
    }
    std::string reason;
    auto other = follow_journal(journal, scenario, reason);
    if (!other) {
        return refuse(reason);
    }
    const auto& name = other->story.run().scenario;
    if (name != scenario.name) {
        return refuse(
            fmt::format("{}: is of scenario {}, not of {}", journal, name, scenario.name));
    }
    return std::move(*other);
}

/// Whether these worlds can run it, having said what they cannot or do otherwise.
bool supported(const scenario::Scenario& scenario, const std::vector<std::string>& worlds) {
    Diagnostics found;
    for (const auto& world : worlds) {
        found.append(unsupported_in(world, scenario));
    }
    fmt::print(stderr, "{}", found.to_string());
    return !found.has_errors();
}

int compare_one(const ParityOptions& options) {
    const auto* packet_world = find_world("packet");
    if (packet_world->run == nullptr) {
        return refuse("this lvslab was built without the packet world (LVSLAB_PACKET_WORLD=OFF)");
    }
    const auto scenario = load_scenario(options.paths.front());
    fmt::print(stderr, "{}", scenario.diagnostics.to_string());
    if (!scenario || !supported(*scenario, options.journal.empty()
                                               ? std::vector<std::string>{"packet", options.with}
                                               : std::vector<std::string>{"packet"})) {
        return bad_input;
    }
    auto followed = follow_other(options, *scenario);
    if (const auto* code = std::get_if<int>(&followed)) {
        return *code;
    }
    auto& other = std::get<FollowedWorld>(followed);
    const auto ran = other.story.run();
    const auto scheduler = ran.scheduler.empty() ? std::nullopt : std::optional(ran.scheduler);
    ParityResult result{
        scenario->name,   ran.seed, follow_run(*packet_world, *scenario, ran.seed, scheduler),
        std::move(other), {},       chance_in(*scenario)};
    result.comparison = parity::compare(result.first.story, result.second.story);
    std::string reason;
    if (!options.save.empty() && !save(options, result, reason)) {
        return refuse(reason);
    }
    const auto text = options.json ? parity_json(result) : parity_text(result);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return result.holds() ? held : failed;
}

/// One file is told of at length.
bool is_suite(const ParityOptions& options) {
    return options.paths.size() > 1 || fs::is_directory(options.paths.front());
}

int run_suite(const ParityOptions& options) {
    ParitySuiteOptions suite{options.paths, options.with, plugin_words(options.plugins),
                             options.jobs, options.json};
    if (options.virtual_time) {
        suite.options.emplace_back("--virtual-time");
    }
    if (options.seed) {
        suite.options.insert(suite.options.end(), {"--seed", std::to_string(*options.seed)});
    }
    if (options.scheduler) {
        suite.options.insert(suite.options.end(), {"--scheduler", *options.scheduler});
    }
    return run_parity_suite(suite);
}

/// What is wrong with the command line alone: better known before runs than after them.
std::vector<std::string> objections(const ParityOptions& options) {
    std::vector<std::string> found;
    if (options.virtual_time && options.with != "kernel") {
        found.emplace_back("--virtual-time is of the kernel world");
    }
    if (options.scheduler && ipvs::find_scheduler(*options.scheduler) == nullptr) {
        found.push_back(fmt::format("scheduler {} is unknown; known are {}", *options.scheduler,
                                    fmt::join(ipvs::scheduler_names(), ", ")));
    }
    if (is_suite(options) && (!options.journal.empty() || !options.save.empty())) {
        found.emplace_back("--journal and --save are of one scenario");
    }
    if (fs::exists(options.save) && !fs::is_directory(options.save)) {
        found.push_back(fmt::format("--save: {} is there and is not a folder", options.save));
    }
    return found;
}

int run_parity(const ParityOptions& options) {
    const auto found = objections(options);
    for (const auto& sentence : found) {
        refuse(sentence);
    }
    if (!found.empty()) {
        return bad_input;
    }
    return is_suite(options) ? run_suite(options) : compare_one(options);
}

}  // namespace

void add_parity_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ParityOptions>();
    auto* command = app.add_subcommand(
        "parity", "Run plans in the packet world and in another one, and compare them");
    command
        ->add_option("PATH", options->paths,
                     "scenario file (YAML); several, and folders to search for them, are told a "
                     "line each")
        ->required();
    auto* with = command
                     ->add_option("--with", options->with,
                                  "the world to compare with: kernel (lvsrouter on a real kernel) "
                                  "or flow (no packets)")
                     ->check(CLI::IsMember({"kernel", "flow"}))
                     ->capture_default_str();
    auto* journal =
        command
            ->add_option("--journal", options->journal,
                         "journal of another world's run, kept at level all with --segments "
                         "(default: run the world of --with)")
            ->excludes(with);
    command->add_option("--seed", options->seed, "seed instead of the scenario's")
        ->excludes(journal);
    command
        ->add_option("--scheduler", options->scheduler,
                     "scheduler of every virtual service instead of the lvs.cf's")
        ->excludes(journal);
    command
        ->add_flag("--virtual-time", options->virtual_time,
                   "the kernel world in a guest whose time is exact, even where this machine's "
                   "kernel has ip_vs")
        ->excludes(journal);
    add_plugin_option(*command, options->plugins);
    command->add_option("--save", options->save,
                        "folder for each router's packets, one recording each (lvslab conform)");
    command
        ->add_option("--jobs", options->jobs,
                     "of several scenarios, so many at one time (as many as there are cores)")
        ->check(CLI::Range(1U, 1024U));
    command->add_flag("--json", options->json, "print numbers as JSON");
    command->callback([options, &exit_code] {
        try {
            exit_code = run_parity(*options);
        } catch (const std::runtime_error& error) {
            exit_code = refuse(error.what());
        }
    });
}

}  // namespace lvslab::cli
