// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt_guard.hpp"
#include "sim/cli/kernel_run.hpp"
#include "sim/cli/plugin_option.hpp"
#include "sim/cli/refusals.hpp"
#include "sim/cli/run_arguments.hpp"
#include "sim/cli/run_keeper.hpp"
#include "sim/cli/run_output.hpp"
#include "sim/cli/scenario_file.hpp"
#include "sim/cli/worlds.hpp"
#ifdef LVSLAB_PACKET_WORLD
#include "sim/packet/world.hpp"
#endif

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;
using scenario::Scenario;

/// Tells how far the run is: a line for each percent to --progress-fd ("PERCENT SECONDS END"), and
/// the same in place on a terminal.
class ProgressTeller {
public:
    ProgressTeller(int fd, bool terminal, Time end) : fd_(fd), terminal_(terminal), end_(end) {}

    void at(Time now) {
        const double whole = std::max(to_seconds(end_), 1e-9);
        const int percent = static_cast<int>(100 * to_seconds(now) / whole);
        if (percent <= told_) {
            return;
        }
        told_ = percent;
        if (fd_ >= 0) {
            const auto line =
                fmt::format("{} {:.3f} {:.3f}\n", percent, to_seconds(now), to_seconds(end_));
            if (::write(fd_, line.data(), line.size()) < 0) {
                fd_ = -1;  // nobody listens any more
            }
        }
        if (terminal_) {
            fmt::print(stderr, "\r{:3} % ({:.1f} of {:.1f} s)", percent, to_seconds(now),
                       to_seconds(end_));
        }
    }
    void clear() const {
        if (terminal_) {
            fmt::print(stderr, "\r\033[K");
        }
    }

private:
    int fd_;
    bool terminal_;
    Time end_;
    int told_ = -1;
};

using Run = std::function<SimulatedResult(std::function<bool(Time)>, journal::Sink&)>;

int simulate(const RunArguments& arguments, const Scenario& scenario, RunOutput& output,
             const Run& run) {
    RunKeeper keeper(arguments, scenario, output);
    ProgressTeller progress(arguments.progress_fd, !arguments.quiet && ::isatty(STDERR_FILENO) == 1,
                            scenario.end());
    const InterruptGuard guard;
    const auto result = run(
        [&](Time now) {
            progress.at(now);
            return interrupted == 0;
        },
        keeper.sink());
    progress.clear();
    if (!result.complete) {
        fmt::print(stderr,
                   "lvslab run: stopped at {:.1f} s of {:.1f} s; nothing of this run is kept\n",
                   to_seconds(result.end), to_seconds(scenario.end()));
        return interrupted_run;
    }
    return keeper.finish();
}

/// Tells what of scenario and arguments does not fit the world; false = it does not run.
bool fits(const RunArguments& arguments, const Scenario& scenario) {
    const auto unsupported = unsupported_in(arguments.world, scenario);
    fmt::print(stderr, "{}", unsupported.to_string());
    const auto found = objections(arguments, scenario);
    for (const auto& sentence : found) {
        refuse_run(sentence);
    }
    return found.empty() && !unsupported.has_errors();
}

/// A place for the result, or nothing and why not.
std::optional<RunOutput> open_output(const RunArguments& arguments, const Scenario& scenario) {
    const auto folder = output_folder(arguments, scenario, arguments.seed.value_or(scenario.seed));
    std::string reason;
    auto output = RunOutput::open(folder, arguments.force, reason);
    if (!output) {
        refuse_run(fmt::format("{}: {}", folder.string(), reason));
    }
    return output;
}

int run_flow_world(const RunArguments& arguments, const Scenario& scenario) {
    if (!fits(arguments, scenario)) {
        return bad_input;
    }
    if (arguments.check) {
        return held;
    }
    auto output = open_output(arguments, scenario);
    if (!output) {
        return bad_input;
    }
    return simulate(arguments, scenario, *output, [&](auto progress, journal::Sink& sink) {
        return find_world("flow")->run(scenario,
                                       {.seed = arguments.seed.value_or(scenario.seed),
                                        .scheduler = arguments.scheduler,
                                        .segments = arguments.segments,
                                        .progress = std::move(progress)},
                                       sink);
    });
}

#ifdef LVSLAB_PACKET_WORLD

int run_packet_world(const RunArguments& arguments, const Scenario& scenario) {
    if (!fits(arguments, scenario)) {
        return bad_input;
    }
    if (arguments.check) {
        return held;
    }
    packet_world::RunOptions options;
    options.seed = arguments.seed.value_or(scenario.seed);
    options.scheduler = arguments.scheduler;
    options.segments = arguments.segments;
    options.pcap = arguments.pcap.empty() ? scenario.outputs.pcap : arguments.pcap;
    auto output = open_output(arguments, scenario);
    if (!output) {
        return bad_input;
    }
    if (!options.pcap.empty()) {
        const auto pcap = output->partial() / "pcap";
        fs::create_directory(pcap);
        options.pcap_folder = pcap.string();
    }
    return simulate(arguments, scenario, *output, [&](auto progress, journal::Sink& sink) {
        options.progress = std::move(progress);
        const auto result = packet_world::run(scenario, options, sink);
        return SimulatedResult{result.complete, result.end};
    });
}

#else

int run_packet_world(const RunArguments&, const Scenario&) {
    return refuse_run("this lvslab was built without the packet world (LVSLAB_PACKET_WORLD=OFF)");
}

#endif

/// CLI11 reads -1 as 2^64 - 1 and takes what is too large for the largest number.
CLI::Validator whole_number() {
    return {[](const std::string& text) {
                std::uint64_t value = 0;
                const auto [end, error] =
                    std::from_chars(text.data(), text.data() + text.size(), value);
                return error == std::errc{} && end == text.data() + text.size()
                           ? std::string()
                           : fmt::format("\"{}\" is no whole number from 0 to 2^64 - 1", text);
            },
            ""};
}

/// What of the command line is wrong for any scenario.
std::vector<std::string> misplaced_options(const RunArguments& arguments) {
    std::vector<std::string> found;
    if (arguments.virtual_time && arguments.world != "kernel") {
        found.emplace_back("--virtual-time is of the kernel world (--world kernel)");
    }
    if (has_server_programs(arguments) && arguments.world != "kernel") {
        found.emplace_back(
            "--web-server and --ftp-server are of the kernel world (--world kernel)");
    }
    if (!arguments.pcap.empty() && arguments.world != "packet") {
        found.emplace_back(arguments.world == "flow"
                               ? "--pcap is of the packet world: the flow world has no packets"
                               : "--pcap is of the packet world: the kernel world keeps no pcap");
    }
    return found;
}

int run(const RunArguments& arguments) {
    const auto misplaced = misplaced_options(arguments);
    for (const auto& sentence : misplaced) {
        refuse_run(sentence);
    }
    const auto scenario = load_scenario(arguments.scenario);
    fmt::print(stderr, "{}", scenario.diagnostics.to_string());
    if (!scenario || !misplaced.empty()) {
        return bad_input;
    }
    return run_scenario(arguments, *scenario);
}

}  // namespace

int run_scenario(const RunArguments& arguments, const scenario::Scenario& scenario) {
    try {
        return arguments.world == "kernel" ? run_kernel_world(arguments, scenario)
               : arguments.world == "flow" ? run_flow_world(arguments, scenario)
                                           : run_packet_world(arguments, scenario);
    } catch (const std::runtime_error& error) {
        return refuse_run(error.what());
    }
}

void add_run_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<RunArguments>();
    auto* command = app.add_subcommand("run", "Run a scenario once");
    command->add_option("SCENARIO", arguments->scenario, "scenario file (YAML)")->required();
    command->add_option("--seed", arguments->seed, "seed instead of the scenario's")
        ->check(whole_number());
    command->add_option("--scheduler", arguments->scheduler,
                        "scheduler of every virtual service instead of the lvs.cf's");
    add_plugin_option(*command, arguments->plugins);
    command->add_option("--output", arguments->output,
                        "folder of the result (default: results/NAME/SCHEDULER-SEED)");
    add_world_option(*command, arguments->world);
    command->add_flag("--virtual-time", arguments->virtual_time,
                      "the kernel world in a guest whose time is exact, even where this machine's "
                      "kernel has ip_vs");
    command
        ->add_option("--web-server", arguments->web_server,
                     "what the kernel world's real servers run for the web: own, nginx")
        ->check(CLI::IsMember({"own", "nginx"}));
    command->add_option("--ftp-server", arguments->ftp_server, "what they run for FTP: own, vsftpd")
        ->check(CLI::IsMember({"own", "vsftpd"}));
    command
        ->add_option("--journal", arguments->journal,
                     "events that are kept: none, decisions, all (default: as the scenario says)")
        ->check(CLI::IsMember({"none", "decisions", "all"}));
    command->add_flag("--segments", arguments->segments,
                      "tell the journal each packet that a router's IPVS meets (kept at level all; "
                      "for lvslab parity)");
    command
        ->add_option("--pcap", arguments->pcap,
                     "capture the links of these nodes (all = of every node)")
        ->allow_extra_args(false);
    command->add_option(
        "--progress-fd", arguments->progress_fd,
        "write a line for each percent to this file descriptor: PERCENT SECONDS END");
    command->add_flag("--force", arguments->force,
                      "write into a folder that holds other files too");
    command->add_flag("--quiet", arguments->quiet, "print nothing but errors");
    command->add_flag("--check", arguments->check,
                      "read and check the scenario and what it names, run and write nothing");
    command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace lvslab::cli
