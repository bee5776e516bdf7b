// SPDX-License-Identifier: GPL-2.0-only
// The same run on a Debian kernel in qemu.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "realmode/lab/commands.hpp"
#include "realmode/lab/lab_world.hpp"
#include "realmode/lab/network_plan.hpp"
#include "realmode/lab/scenario_files.hpp"

namespace lvslab::lab {
namespace {

namespace fs = std::filesystem;

struct GuestRunArguments {
    std::string scenario;
    std::optional<std::uint64_t> seed;
    std::optional<std::string> scheduler;
    std::string journal;
    std::string lvsrouter = "lvsrouter";
    std::string guest = LVSLAB_GUEST_SCRIPT;
    unsigned timeout = 1800;
    std::string warnings = all_warnings;
    bool segments = false;
    bool wall_time = false;
    ServerProgramWords servers;
};

/// guest.sh takes numbers of nine digits.
constexpr std::uint64_t guest_seeds = 1'000'000'000;
constexpr const char* folder_in_guest = "/scenario";
constexpr const char* folder_of_servers = "/out/servers";

int refuse(const std::string& message) {
    fmt::print(stderr, "lvslab-lab: {}\n", message);
    return bad_input;
}

/// The folder that holds all of them.
fs::path common_folder(const std::vector<std::string>& files) {
    fs::path common = fs::canonical(files.front()).parent_path();
    for (const auto& file : files) {
        const auto path = fs::canonical(file).parent_path();
        const auto [end, ignored] =
            std::mismatch(common.begin(), common.end(), path.begin(), path.end());
        fs::path shared;
        for (auto part = common.begin(); part != end; ++part) {
            shared /= *part;
        }
        common = shared;
    }
    return common;
}

/// What the run needs besides ip and tc.
std::vector<std::string> rule_programs(const scenario::Scenario& scenario) {
    const NetworkPlan plan(scenario);
    bool iptables = std::ranges::any_of(scenario.faults, [](const scenario::Fault& f) {
        return f.target.kind == scenario::FaultTarget::Kind::heartbeat;
    });
    bool arptables = false;
    const auto look = [&](const PlannedMachine& machine) {
        iptables = iptables || !machine.iptables.empty();
        arptables = arptables || !machine.arptables.empty();
    };
    for (const auto boot : {Boot::as_running, Boot::at_boot}) {
        for (unsigned i = 0; i < scenario.routers.size(); ++i) {
            look(plan.router(i, boot));
        }
        for (unsigned i = 0; i < scenario.servers.size(); ++i) {
            look(plan.server(i, boot));
        }
    }
    std::vector<std::string> programs;
    if (iptables) {
        programs.emplace_back("iptables-restore");
    }
    if (arptables) {
        programs.emplace_back("arptables-restore");
    }
    return programs;
}

/// Where guest.sh puts what the guest wrote: it makes the folder at the end, so that a run that is
/// killed leaves none.
class ResultsFolder {
public:
    explicit ResultsFolder(fs::path path) : path_(fs::absolute(path)) {}
    ~ResultsFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    ResultsFolder(const ResultsFolder&) = delete;
    ResultsFolder& operator=(const ResultsFolder&) = delete;
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

volatile std::sig_atomic_t guest_process = 0;
volatile std::sig_atomic_t stopped = 0;

/// Hands SIGINT, SIGTERM and SIGHUP to the guest's script, which takes the guest down; this program
/// then goes on to clean up after itself.
void pass_signals_on() {
    struct sigaction action = {};
    action.sa_handler = [](int number) {
        stopped = 1;
        if (guest_process > 0) {
            ::kill(guest_process, number);
        }
    };
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGHUP, &action, nullptr);
}

/// Becomes the child's program and waits for it; its exit code, 128 + n after a signal.
int run_and_wait(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        // Also a SIGKILL of this program ends the guest, and what it has made.
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        ::signal(SIGINT, SIG_DFL);
        ::signal(SIGTERM, SIG_DFL);
        ::signal(SIGHUP, SIG_DFL);
        if (::getppid() == parent) {
            ::execvp(arguments[0], arguments.data());
        }
        ::_exit(127);
    }
    guest_process = child;
    if (stopped != 0 && child > 0) {
        ::kill(child, SIGTERM);
    }
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<std::string> guest_words(const GuestRunArguments& arguments, const ScenarioFiles& files,
                                     const fs::path& out) {
    const auto& scenario = *files.scenario;
    const auto seed = arguments.seed.value_or(scenario.seed);
    const auto base = common_folder(files.read);
    std::vector<std::string> words{arguments.guest,
                                   // All machines share its one CPU: their packets' costs add up.
                                   "--fast", "--seed", fmt::format("{}", seed % guest_seeds),
                                   "--timeout", fmt::format("{}", arguments.timeout), "--program",
                                   fs::canonical("/proc/self/exe").string(), "--program",
                                   arguments.lvsrouter, "--module", "ip_vs", "--program", "ip",
                                   "--program", "tc", "--out", out.string()};
    if (scenario.routers.front().running.ftp_helper) {
        words.insert(words.end(), {"--module", "ip_vs_ftp"});
    }
    for (const auto& program : rule_programs(scenario)) {
        words.insert(words.end(), {"--program", program});
    }
    const auto servers = arguments.servers.programs();
    if (servers.nginx) {
        words.insert(words.end(), {"--program", program_path("nginx")});
    }
    if (servers.vsftpd) {
        words.insert(words.end(), {"--program", program_path("vsftpd")});
    }
    if (arguments.wall_time) {
        words.emplace_back("--wall-time");
    }
    const auto in_guest = [&](const std::string& file) {
        return (folder_in_guest / fs::canonical(file).lexically_relative(base)).string();
    };
    for (const auto& file : files.read) {
        words.insert(words.end(), {"--file", fmt::format("{}:{}", fs::canonical(file).string(),
                                                         in_guest(file))});
    }
    words.insert(words.end(),
                 {"--", "lvslab-lab", "run", in_guest(files.read.front()), "--seed",
                  fmt::format("{}", seed), "--journal", "/out/journal.lvsj", "--lvsrouter",
                  fs::path(arguments.lvsrouter).filename().string(), "--warnings", no_warnings});
    if (arguments.scheduler) {
        words.insert(words.end(), {"--scheduler", *arguments.scheduler});
    }
    if (arguments.segments) {
        words.emplace_back("--segments");
    }
    if (servers.any()) {
        words.insert(words.end(), {"--web-server", arguments.servers.web, "--ftp-server",
                                   arguments.servers.ftp, "--server-folder", folder_of_servers});
    }
    return words;
}

int run_in_guest(const GuestRunArguments& arguments) {
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
    pass_signals_on();
    const ResultsFolder out(arguments.journal + ".guest");
    const int code = run_and_wait(guest_words(arguments, files, out.path()));
    if (code != done) {
        return code == bad_input ? bad_input
               : code == interrupted_run || code == 128 + SIGTERM
                   ? interrupted_run
                   : refuse(fmt::format("the guest ended with {}", code));
    }
    std::error_code error;
    if (!arguments.servers.folder.empty() && fs::exists(out.path() / "servers")) {
        fs::copy(out.path() / "servers", arguments.servers.folder,
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
    }
    if (error) {
        return refuse(fmt::format("{}: {}", arguments.servers.folder, error.message()));
    }
    fs::copy_file(out.path() / "journal.lvsj", arguments.journal,
                  fs::copy_options::overwrite_existing, error);
    return error ? refuse(fmt::format("{}: {}", arguments.journal, error.message())) : done;
}

int guest_run_command(const GuestRunArguments& arguments) {
    try {
        return run_in_guest(arguments);
    } catch (const std::exception& error) {
        return refuse(error.what());
    }
}

}  // namespace

void add_guest_run_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<GuestRunArguments>();
    auto* command = app.add_subcommand(
        "guest-run", "Run a scenario on a Debian kernel in qemu, in virtual time");
    command->add_option("SCENARIO", arguments->scenario, "scenario file (YAML)")->required();
    command->add_option("--seed", arguments->seed,
                        "seed instead of the scenario's; the guest's kernel draws by it too");
    command->add_option("--scheduler", arguments->scheduler,
                        "scheduler of every virtual service instead of the lvs.cf's");
    command->add_option("--journal", arguments->journal, "where the journal goes")->required();
    command->add_option("--lvsrouter", arguments->lvsrouter, "the daemon's program")
        ->capture_default_str();
    command->add_option("--guest", arguments->guest, "guest.sh, which boots the kernel");
    command
        ->add_option("--timeout", arguments->timeout,
                     "seconds of wall time for all of it; 0 = no limit")
        ->capture_default_str();
    add_warnings_option(*command, arguments->warnings);
    command->add_flag("--segments", arguments->segments,
                      "tell each packet that a router's IPVS meets");
    command->add_flag("--wall-time", arguments->wall_time,
                      "let the guest's clock follow this machine's, instead of virtual time");
    add_server_program_options(*command, arguments->servers);
    command->callback([arguments, &exit_code] { exit_code = guest_run_command(*arguments); });
}

}  // namespace lvslab::lab
