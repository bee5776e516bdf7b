// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/kernel_run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/journal/reader.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt_guard.hpp"
#include "sim/cli/log_lines.hpp"
#include "sim/cli/run_keeper.hpp"
#include "sim/cli/run_output.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* no_lab =
    "the kernel world's lvslab-lab is not beside lvslab: this was built with LVSLAB_REAL_MODE=OFF";

/// The kernel's module is loaded, and this process may use it.
bool has_ipvs() {
    return ::geteuid() == 0 && fs::exists("/proc/net/ip_vs");
}

fs::path beside_this_program(const char* name) {
    return fs::read_symlink("/proc/self/exe").parent_path() / name;
}

/// A child's exit code; 128 + n if a signal ended it.
int wait_for(pid_t child) {
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// SIGINT and SIGTERM come only while somebody waits for them.
class SignalsHeldBack {
public:
    SignalsHeldBack() {
        sigset_t both;
        ::sigemptyset(&both);
        ::sigaddset(&both, SIGINT);
        ::sigaddset(&both, SIGTERM);
        ::sigprocmask(SIG_BLOCK, &both, &before_);
    }
    ~SignalsHeldBack() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
    SignalsHeldBack(const SignalsHeldBack&) = delete;
    SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;
    const sigset_t& before() const { return before_; }

private:
    sigset_t before_{};
};

/// A pipe that a child writes into instead of standard error.
class Complaints {
public:
    Complaints() {
        if (::pipe2(ends_, O_CLOEXEC) != 0) {
            throw std::system_error(errno, std::generic_category(), "pipe");
        }
        ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    }
    ~Complaints() {
        ::close(ends_[0]);
        close_writing();
    }
    Complaints(const Complaints&) = delete;
    Complaints& operator=(const Complaints&) = delete;

    int reading() const { return ends_[0]; }
    int writing() const { return ends_[1]; }
    void close_writing() {
        if (ends_[1] >= 0) {
            ::close(std::exchange(ends_[1], -1));
        }
    }
    /// All that is there. False: nobody writes any more.
    bool read(ErrorLines& lines) const {
        std::array<char, 4096> block{};
        ssize_t size = 0;
        while ((size = ::read(ends_[0], block.data(), block.size())) > 0) {
            lines.take({block.data(), static_cast<std::size_t>(size)});
        }
        return size != 0;
    }

private:
    int ends_[2] = {-1, -1};
};

/// Waits for a child, and hands a signal on that asks this program to stop: a terminal sends it to
/// both, `kill` does not. What it complains of is said unless it is no error.
void await(pid_t child, const SignalsHeldBack& signals, const Complaints* complaints) {
    std::array<pollfd, 2> ready{{{static_cast<int>(::syscall(SYS_pidfd_open, child, 0)), POLLIN, 0},
                                 {complaints != nullptr ? complaints->reading() : -1, POLLIN, 0}}};
    ErrorLines lines([](std::string_view line) {
        std::fwrite(line.data(), 1, line.size(), stderr);
        std::fflush(stderr);
    });
    bool told = false;
    do {
        if (interrupted != 0 && !told) {
            ::kill(child, SIGTERM);
            told = true;
        }
        if (::ppoll(ready.data(), ready.size(), nullptr, &signals.before()) < 0) {
            continue;
        }
        if (ready[1].revents != 0 && !complaints->read(lines)) {
            ready[1].fd = -1;
        }
    } while (ready[0].revents == 0);
    if (complaints != nullptr) {
        complaints->read(lines);
        lines.finish();
    }
    ::close(ready[0].fd);
}

/// As execv() wants them; they point into `words`.
std::vector<char*> argument_pointers(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (auto& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// The program's exit code; 128 + n if a signal ended it. However this program ends, the other one
/// is told to stop. `quiet`: it says nothing but errors.
int run_and_wait(std::vector<std::string> words, bool quiet) {
    const SignalsHeldBack signals;
    const pid_t parent = ::getpid();
    auto argv = argument_pointers(words);
    std::optional<Complaints> complaints;
    if (quiet) {
        complaints.emplace();
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        ::sigprocmask(SIG_SETMASK, &signals.before(), nullptr);
        if (complaints) {
            ::dup2(complaints->writing(), STDERR_FILENO);
        }
        if (::getppid() == parent) {
            ::execv(argv[0], argv.data());
        }
        ::_exit(127);
    }
    if (child > 0) {
        if (complaints) {
            complaints->close_writing();
        }
        await(child, signals, complaints ? &*complaints : nullptr);
    }
    return wait_for(child);
}

std::vector<std::string> server_program_words(const RunArguments& arguments) {
    return {"--web-server", arguments.web_server, "--ftp-server", arguments.ftp_server};
}

std::vector<std::string> words_for(const RunArguments& arguments,
                                   const scenario::Scenario& scenario, const fs::path& journal,
                                   const fs::path& servers) {
    const bool here = has_ipvs() && !arguments.virtual_time;
    std::vector<std::string> words{beside_this_program("lvslab-lab").string(),
                                   here ? "run" : "guest-run",
                                   arguments.scenario,
                                   "--seed",
                                   fmt::format("{}", arguments.seed.value_or(scenario.seed)),
                                   "--journal",
                                   journal.string(),
                                   "--lvsrouter",
                                   beside_this_program("lvsrouter").string(),
                                   "--warnings",
                                   "new"};
    if (arguments.scheduler) {
        words.insert(words.end(), {"--scheduler", *arguments.scheduler});
    }
    if (arguments.segments) {
        words.emplace_back("--segments");
    }
    if (!servers.empty()) {
        const auto programs = server_program_words(arguments);
        words.insert(words.end(), programs.begin(), programs.end());
        words.insert(words.end(), {"--server-folder", servers.string()});
    }
    return words;
}

/// The runner's journal to the sink; why it cannot be read, or nothing.
std::string hand_on(const fs::path& path, journal::Sink& sink) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               std::fclose);
    if (!file) {
        return "lvslab-lab left no journal";
    }
    journal::Reader reader([&](char* buffer, std::size_t capacity) {
        return std::fread(buffer, 1, capacity, file.get());
    });
    while (const auto event = reader.next()) {
        sink.take(*event);
    }
    return reader.error() ? reader.error()->to_string(path.string()) : std::string();
}

int check_for_kernel_world(const RunArguments& arguments) {
    try {
        const auto refused =
            kernel_world_refuses(arguments.scenario, server_program_words(arguments));
        fmt::print(stderr, "{}", refused.value_or(""));
        return refused ? bad_input : held;
    } catch (const std::runtime_error& error) {
        return refuse_run(error.what());
    }
}

}  // namespace

std::optional<std::string> kernel_world_refuses(const std::string& scenario_file,
                                                const std::vector<std::string>& options) {
    const auto program = beside_this_program("lvslab-lab").string();
    std::vector<std::string> words{program, "fits", scenario_file};
    words.insert(words.end(), options.begin(), options.end());
    auto argv = argument_pointers(words);
    int ends[2] = {-1, -1};
    if (!fs::exists(program) || ::pipe2(ends, O_CLOEXEC) != 0) {
        throw std::runtime_error(no_lab);
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string told;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
        told.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ::close(ends[0]);
    const int code = wait_for(child);
    if (code != held && code != bad_input) {
        throw std::runtime_error(fmt::format("lvslab-lab fits ended with {}", code));
    }
    return code == held ? std::nullopt : std::optional(told);
}

int leave_kernel_journal(const RunArguments& arguments, const scenario::Scenario& scenario,
                         const std::filesystem::path& journal,
                         const std::filesystem::path& servers) {
    if (!fs::exists(beside_this_program("lvslab-lab"))) {
        return refuse_run(no_lab);
    }
    const InterruptGuard guard;
    const int code =
        run_and_wait(words_for(arguments, scenario, journal, servers), arguments.quiet);
    if (interrupted != 0) {
        return interrupted_run;
    }
    if (code > 128 && code != interrupted_run) {
        return refuse_run(fmt::format("lvslab-lab was ended by signal {}", code - 128));
    }
    if (code != held) {
        return code == interrupted_run ? interrupted_run : bad_input;  // it has said why
    }
    return held;
}

int run_kernel_world(const RunArguments& arguments, const scenario::Scenario& scenario) {
    const auto found = objections(arguments, scenario);
    for (const auto& sentence : found) {
        refuse_run(sentence);
    }
    if (!found.empty()) {
        return bad_input;
    }
    if (arguments.check) {
        return check_for_kernel_world(arguments);
    }
    const auto folder = output_folder(arguments, scenario, arguments.seed.value_or(scenario.seed));
    std::string reason;
    auto output = RunOutput::open(folder, arguments.force, reason);
    if (!output) {
        return refuse_run(fmt::format("{}: {}", folder.string(), reason));
    }
    const auto told = output->partial() / "kernel.lvsj";
    const auto servers =
        has_server_programs(arguments) ? output->partial() / "servers" : fs::path();
    if (const int code = leave_kernel_journal(arguments, scenario, told, servers); code != held) {
        return code;
    }
    RunKeeper keeper(arguments, scenario, *output);
    reason = hand_on(told, keeper.sink());
    if (!reason.empty()) {
        return refuse_run(reason);
    }
    fs::remove(told);
    return keeper.finish();
}

}  // namespace lvslab::cli
