// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/program.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lvslab::lab {
namespace {

constexpr int cannot_start = 127;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// A file without a name that holds `text` and is read from its beginning.
int file_of(const std::string& text) {
    const int file = ::memfd_create("lvslab-lab", MFD_CLOEXEC);
    if (file < 0 || ::write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::lseek(file, 0, SEEK_SET) != 0) {
        fail("memfd_create");
    }
    return file;
}

std::string text_of(int file) {
    std::string text;
    std::array<char, 4096> block;
    ::lseek(file, 0, SEEK_SET);
    for (ssize_t n; (n = ::read(file, block.data(), block.size())) > 0;) {
        text.append(block.data(), static_cast<std::size_t>(n));
    }
    return text;
}

/// In the child: becomes the program. What it may call here is what signal-safety(7) allows.
[[noreturn]] void become(const NetworkNamespace& where, const std::vector<char*>& arguments) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::setns(where.descriptor(), CLONE_NEWNET) == 0) {
        ::execvp(arguments[0], arguments.data());
    }
    ::_exit(cannot_start);
}

/// fork(), the child being the first process of a PID namespace (clone(2)).
pid_t fork_contained() {
    return static_cast<pid_t>(::syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0));
}

/// In that first process: goes on as its child, and stays behind as what takes orphans in, until
/// the child ends. A program need not know what to do with children that it has not made (vsftpd
/// does not).
void leave_an_init_behind() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const pid_t child = ::fork();
    if (child == 0) {
        return;
    }
    ::close_range(0, ~0U, 0);
    int status = 0;
    for (pid_t ended = 0; child > 0 && ended != child;) {
        ended = ::wait(&status);
        if (ended < 0 && errno != EINTR) {
            break;
        }
    }
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

std::vector<char*> pointers(std::vector<std::string>& arguments) {
    std::vector<char*> found;
    for (auto& argument : arguments) {
        found.push_back(argument.data());
    }
    found.push_back(nullptr);
    return found;
}

}  // namespace

void run_program(const NetworkNamespace& where, const std::vector<std::string>& arguments,
                 const std::string& input) {
    auto words = arguments;
    const auto argv = pointers(words);
    const int in = file_of(input), out = file_of({});
    const pid_t child = ::fork();
    if (child == 0) {
        // Ctrl-C reaches it too; this process decides what becomes of the run.
        ::signal(SIGINT, SIG_IGN);
        ::dup2(in, STDIN_FILENO);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(out, STDERR_FILENO);
        become(where, argv);
    }
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    const auto said = text_of(out);
    ::close(in);
    ::close(out);
    if (child < 0) {
        fail("fork");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        const bool missing = WIFEXITED(status) && WEXITSTATUS(status) == cannot_start;
        throw std::runtime_error(
            missing ? fmt::format("{} cannot be started", arguments.front())
                    : fmt::format("{} failed: {}\n{}", fmt::join(arguments, " "), said, input));
    }
}

RunningProgram::RunningProgram(const NetworkNamespace& where,
                               const std::vector<std::string>& arguments,
                               const std::vector<int>& keep, Offspring offspring) {
    auto words = arguments;
    const auto argv = pointers(words);
    pid_ = offspring == Offspring::free ? ::fork() : fork_contained();
    if (pid_ < 0) {
        fail("fork");
    }
    if (pid_ == 0) {
        ::setpgid(0, 0);
        for (const int descriptor : keep) {
            ::fcntl(descriptor, F_SETFD, 0);
        }
        if (offspring == Offspring::contained) {
            leave_an_init_behind();
        }
        become(where, argv);
    }
    ::setpgid(pid_, pid_);
}

RunningProgram::~RunningProgram() {
    kill();
}

void RunningProgram::signal(int number) const {
    if (pid_ > 0) {
        ::kill(-pid_, number);
    }
}

bool RunningProgram::running() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) {
        pid_ = -1;
    }
    return pid_ > 0;
}

bool RunningProgram::ended_well() const {
    return WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
}

std::string RunningProgram::end() const {
    if (WIFSIGNALED(status_)) {
        return fmt::format("was ended by signal {}", WTERMSIG(status_));
    }
    return fmt::format("ended with exit code {}{}", WEXITSTATUS(status_),
                       WEXITSTATUS(status_) == cannot_start ? " (cannot be started)" : "");
}

void RunningProgram::kill() {
    if (pid_ > 0) {
        signal(SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
}

}  // namespace lvslab::lab
