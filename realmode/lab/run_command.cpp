// SPDX-License-Identifier: GPL-2.0-only
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/journal/writer.hpp"
#include "realmode/lab/commands.hpp"
#include "realmode/lab/lab_world.hpp"
#include "realmode/lab/scenario_files.hpp"

namespace lvslab::lab {
namespace {

struct RunArguments {
    std::string scenario;
    std::optional<std::uint64_t> seed;
    std::optional<std::string> scheduler;
    std::string journal;
    std::string lvsrouter = "lvsrouter";
    std::string warnings = all_warnings;
    bool segments = false;
    ServerProgramWords servers;
};

int refuse(const std::string& message) {
    fmt::print(stderr, "lvslab-lab: {}\n", message);
    return bad_input;
}

/// The journal's file; gone again unless it was kept.
class JournalFile {
public:
    explicit JournalFile(std::string path)
        : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wb")) {}
    ~JournalFile() {
        if (file_ != nullptr) {
            std::fclose(file_);
            std::remove(path_.c_str());
        }
    }
    JournalFile(const JournalFile&) = delete;
    JournalFile& operator=(const JournalFile&) = delete;

    bool is_open() const { return file_ != nullptr; }
    void write(std::string_view bytes) {
        good_ = std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() && good_;
    }
    bool keep() { return std::fclose(std::exchange(file_, nullptr)) == 0 && good_; }

private:
    std::string path_;
    std::FILE* file_;
    bool good_ = true;
};

/// Clients and servers are one process: each connection is two descriptors of it.
void allow_many_sockets() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlimit more{std::max<rlim_t>(limit.rlim_max, 1 << 18),
                      std::max<rlim_t>(limit.rlim_max, 1 << 18)};
    if (::setrlimit(RLIMIT_NOFILE, &more) != 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int run_scenario(const RunArguments& arguments, const scenario::Scenario& scenario) {
    allow_many_sockets();
    JournalFile file(arguments.journal);
    if (!file.is_open()) {
        return refuse(fmt::format("{} cannot be written", arguments.journal));
    }
    const RunOptions options{arguments.seed.value_or(scenario.seed),
                             arguments.scheduler,
                             arguments.lvsrouter,
                             arguments.segments,
                             arguments.servers.programs(),
                             arguments.servers.folder};
    journal::Writer writer([&](std::string_view bytes) { file.write(bytes); });
    if (!run(scenario, options, writer)) {
        fmt::print(stderr, "lvslab-lab: stopped; nothing of this run is kept\n");
        return interrupted_run;
    }
    writer.finish();
    return file.keep() ? done
                       : refuse(fmt::format("{} cannot be written whole", arguments.journal));
}

int run_command(const RunArguments& arguments) {
    const auto files = read_scenario_files(arguments.scenario);
    if (!files.scenario || arguments.warnings == all_warnings) {
        fmt::print(stderr, "{}", files.scenario.diagnostics.to_string());
    }
    if (!files.scenario) {
        return bad_input;
    }
    if (!fits(*files.scenario, arguments.servers.programs(), arguments.warnings)) {
        return bad_input;
    }
    try {
        return run_scenario(arguments, *files.scenario);
    } catch (const std::exception& error) {
        return refuse(error.what());
    }
}

}  // namespace

void add_warnings_option(CLI::App& command, std::string& warnings) {
    command
        .add_option("--warnings", warnings,
                    "which to print: all, new (not those of the files, which the caller has "
                    "printed), none")
        ->check(CLI::IsMember({all_warnings, "new", no_warnings}))
        ->capture_default_str();
}

void add_run_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<RunArguments>();
    auto* command =
        app.add_subcommand("run", "Run a scenario on this machine's kernel (root, ip_vs)");
    command->add_option("SCENARIO", arguments->scenario, "scenario file (YAML)")->required();
    command->add_option("--seed", arguments->seed, "seed instead of the scenario's");
    command->add_option("--scheduler", arguments->scheduler,
                        "scheduler of every virtual service instead of the lvs.cf's");
    command->add_option("--journal", arguments->journal, "where the journal goes")->required();
    command->add_option("--lvsrouter", arguments->lvsrouter, "the daemon's program")
        ->capture_default_str();
    add_warnings_option(*command, arguments->warnings);
    command->add_flag("--segments", arguments->segments,
                      "tell each packet that a router's IPVS meets");
    add_server_program_options(*command, arguments->servers);
    command->callback([arguments, &exit_code] { exit_code = run_command(*arguments); });
}

}  // namespace lvslab::lab
