// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
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
#include <fmt/ranges.h>

#include "core/ipvs/schedulers.hpp"
#include "core/journal/metrics.hpp"
#include "core/journal/summary.hpp"
#include "core/journal/writer.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/expectation_report.hpp"
#include "sim/cli/run_output.hpp"
#include "sim/cli/run_table.hpp"
#include "sim/cli/scenario_file.hpp"
#ifdef LVSLAB_PACKET_WORLD
#include "sim/packet/world.hpp"
#endif

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;
using scenario::Scenario;

struct RunArguments {
    std::string scenario;
    std::optional<std::uint64_t> seed;
    std::optional<std::string> scheduler;
    std::string output;
    std::string world = "packet";
    std::string journal;
    std::vector<std::string> pcap;
    int progress_fd = -1;
    bool force = false;
    bool quiet = false;
};

volatile std::sig_atomic_t interrupted = 0;

/// While it lives, Ctrl-C and SIGTERM only ask the run to stop, and a reader of the progress who
/// has gone does not end it.
class InterruptGuard {
public:
    InterruptGuard() {
        struct sigaction action = {};
        action.sa_handler = [](int) { interrupted = 1; };
        // A second Ctrl-C ends the program at once.
        action.sa_flags = static_cast<int>(SA_RESETHAND);
        sigaction(SIGINT, &action, &before_int_);
        sigaction(SIGTERM, &action, &before_term_);
        struct sigaction ignore = {};
        ignore.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &ignore, &before_pipe_);
    }
    ~InterruptGuard() {
        sigaction(SIGINT, &before_int_, nullptr);
        sigaction(SIGTERM, &before_term_, nullptr);
        sigaction(SIGPIPE, &before_pipe_, nullptr);
    }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

private:
    struct sigaction before_int_ = {}, before_term_ = {}, before_pipe_ = {};
};

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

/// Events to the reducers and, if one is kept, the journal.
class Fork final : public journal::Sink {
public:
    Fork(journal::Metrics& metrics, JudgedRun& judged, journal::Writer* writer)
        : metrics_(metrics), judged_(judged), writer_(writer) {}
    void take(const journal::Event& event) override {
        metrics_.take(event);
        judged_.take(event);
        if (writer_ != nullptr) {
            writer_->take(event);
        }
    }

private:
    journal::Metrics& metrics_;
    JudgedRun& judged_;
    journal::Writer* writer_;
};

/// The file behind a journal; remembers the first error.
class JournalFile {
public:
    explicit JournalFile(const fs::path& path) : file_(std::fopen(path.c_str(), "wb"), fclose) {}
    void write(std::string_view bytes) {
        good_ = file_ && std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size() &&
                good_;
    }
    /// False if any byte did not arrive.
    bool close() { return file_ && std::fclose(file_.release()) == 0 && good_; }

private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    bool good_ = true;
};

int refuse(const std::string& message) {
    fmt::print(stderr, "lvslab run: {}\n", message);
    return bad_input;
}

#ifdef LVSLAB_PACKET_WORLD

scenario::Outputs::Journal kept_journal(const RunArguments& arguments, const Scenario& scenario) {
    using Journal = scenario::Outputs::Journal;
    if (arguments.journal.empty()) {
        return scenario.outputs.journal;
    }
    return arguments.journal == "none"  ? Journal::none
           : arguments.journal == "all" ? Journal::all
                                        : Journal::decisions;
}

fs::path output_folder(const RunArguments& arguments, const Scenario& scenario,
                       std::uint64_t seed) {
    if (!arguments.output.empty()) {
        return arguments.output;
    }
    return fs::path("results") / scenario.name /
           fmt::format("{}-{}", arguments.scheduler.value_or("configured"), seed);
}

bool names_a_node(const std::string& name, const Scenario& scenario) {
    const auto is = [&](const auto& thing) { return thing.name == name; };
    if (name == "all" || name == "gateway" || std::ranges::any_of(scenario.routers, is) ||
        std::ranges::any_of(scenario.servers, is) || std::ranges::any_of(scenario.clients, is)) {
        return true;
    }
    return std::ranges::any_of(scenario.clients, [&](const scenario::ClientGroup& group) {
        for (unsigned i = 0; i < group.count; ++i) {
            if (name == fmt::format("{}-{}", group.name, i)) {
                return true;
            }
        }
        return false;
    });
}

/// What of the command line does not fit the scenario, one sentence each.
std::vector<std::string> objections(const RunArguments& arguments, const Scenario& scenario) {
    std::vector<std::string> found;
    if (arguments.scheduler && ipvs::find_scheduler(*arguments.scheduler) == nullptr) {
        std::vector<std::string_view> known;
        for (const auto& entry : ipvs::scheduler_table()) {
            known.push_back(entry.name);
        }
        found.push_back(fmt::format("scheduler {} is unknown; known are {}", *arguments.scheduler,
                                    fmt::join(known, ", ")));
    }
    for (const auto& name : arguments.pcap) {
        if (!names_a_node(name, scenario)) {
            found.push_back(
                fmt::format("pcap: there is no node {}; a router, a server, a client "
                            "group, one of its clients (GROUP-NUMBER), gateway or all",
                            name));
        }
    }
    return found;
}

/// Summary, tables and verdicts into the output, which is put in place.
bool keep(RunOutput& output, const journal::Summary& summary, const JudgedRun& judged,
          std::string& reason) {
    for (const auto& table : journal::summary_tables(summary)) {
        if (!output.write(table.name, table.text, reason)) {
            return false;
        }
    }
    return output.write("expectations.json", judged.json(), reason) &&
           output.write("summary.json", journal::summary_json(summary), reason) &&
           output.finish(reason);
}

int simulate(const RunArguments& arguments, const Scenario& scenario, RunOutput& output,
             packet_world::RunOptions options) {
    const auto level = kept_journal(arguments, scenario);
    journal::Metrics metrics;
    std::optional<JournalFile> file;
    std::optional<journal::Writer> writer;
    if (level != scenario::Outputs::Journal::none) {
        file.emplace(output.partial() / "journal.lvsj");
        writer.emplace([&](std::string_view bytes) { file->write(bytes); },
                       level == scenario::Outputs::Journal::all ? journal::Level::all
                                                                : journal::Level::decisions);
    }
    JudgedRun judged(expectations_for(scenario, arguments.scheduler));
    Fork sink(metrics, judged, writer ? &*writer : nullptr);
    ProgressTeller progress(arguments.progress_fd, !arguments.quiet && ::isatty(STDERR_FILENO) == 1,
                            scenario.end());
    const InterruptGuard guard;
    options.progress = [&](Time now) {
        progress.at(now);
        return interrupted == 0;
    };
    const auto result = packet_world::run(scenario, options, sink);
    progress.clear();
    if (!result.complete) {
        fmt::print(stderr,
                   "lvslab run: stopped at {:.1f} s of {:.1f} s; nothing of this run is kept\n",
                   to_seconds(result.end), to_seconds(scenario.end()));
        return interrupted_run;
    }
    std::string reason = "journal.lvsj cannot be written whole";
    if (writer) {
        writer->finish();
    }
    if ((file && !file->close()) || !keep(output, metrics.summary(), judged, reason)) {
        return refuse(fmt::format("{}: {}", output.folder().string(), reason));
    }
    if (!arguments.quiet) {
        // The result is there, whether or not its table can be told.
        const auto verdicts = judged.text();
        const auto table =
            fmt::format("{}{}{}\n  result: {}\n", run_table(metrics.summary()),
                        verdicts.empty() ? "" : "\n", verdicts, output.folder().string());
        std::fwrite(table.data(), 1, table.size(), stdout);
        std::fflush(stdout);
    }
    return judged.holds() ? held : failed;
}

int run_packet_world(const RunArguments& arguments, const Scenario& scenario) {
    const auto unsupported = packet_world::unsupported(scenario);
    fmt::print(stderr, "{}", unsupported.to_string());
    const auto found = objections(arguments, scenario);
    for (const auto& sentence : found) {
        refuse(sentence);
    }
    if (!found.empty() || unsupported.has_errors()) {
        return bad_input;
    }
    packet_world::RunOptions options;
    options.seed = arguments.seed.value_or(scenario.seed);
    options.scheduler = arguments.scheduler;
    options.pcap = arguments.pcap.empty() ? scenario.outputs.pcap : arguments.pcap;
    const auto folder = output_folder(arguments, scenario, options.seed);
    std::string reason;
    auto output = RunOutput::open(folder, arguments.force, reason);
    if (!output) {
        return refuse(fmt::format("{}: {}", folder.string(), reason));
    }
    if (!options.pcap.empty()) {
        const auto pcap = output->partial() / "pcap";
        fs::create_directory(pcap);
        options.pcap_folder = pcap.string();
    }
    return simulate(arguments, scenario, *output, std::move(options));
}

#else

int run_packet_world(const RunArguments&, const Scenario&) {
    return refuse("this lvslab was built without the packet world (LVSLAB_PACKET_WORLD=OFF)");
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

int run(const RunArguments& arguments) {
    if (arguments.world != "packet") {
        return refuse(
            fmt::format("the {} world is not built yet; the packet world is", arguments.world));
    }
    const auto scenario = load_scenario(arguments.scenario);
    fmt::print(stderr, "{}", scenario.diagnostics.to_string());
    if (!scenario) {
        return bad_input;
    }
    try {
        return run_packet_world(arguments, *scenario);
    } catch (const std::runtime_error& error) {
        return refuse(error.what());
    }
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<RunArguments>();
    auto* command = app.add_subcommand("run", "Run a scenario once");
    command->add_option("SCENARIO", arguments->scenario, "scenario file (YAML)")->required();
    command->add_option("--seed", arguments->seed, "seed instead of the scenario's")
        ->check(whole_number());
    command->add_option("--scheduler", arguments->scheduler,
                        "scheduler of every virtual service instead of the lvs.cf's");
    command->add_option("--output", arguments->output,
                        "folder of the result (default: results/NAME/SCHEDULER-SEED)");
    command->add_option("--world", arguments->world, "what runs it: packet (ns-3), flow, kernel")
        ->check(CLI::IsMember({"packet", "flow", "kernel"}))
        ->capture_default_str();
    command
        ->add_option("--journal", arguments->journal,
                     "events that are kept: none, decisions, all (default: as the scenario says)")
        ->check(CLI::IsMember({"none", "decisions", "all"}));
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
    command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace lvslab::cli
