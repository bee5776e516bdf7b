// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/spawn.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lvslab::realmode {
namespace {

/// The descriptors of the child: nothing to read, its output into the pipe, no other.
class ChildFiles {
public:
    ChildFiles(int output, bool keep_errors) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        if (keep_errors) {
            posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
        } else {
            posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        }
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    }
    ~ChildFiles() { posix_spawn_file_actions_destroy(&actions_); }
    ChildFiles(const ChildFiles&) = delete;
    ChildFiles& operator=(const ChildFiles&) = delete;
    const posix_spawn_file_actions_t* get() const { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

/// A process group of its own, no blocked signal, none ignored but perhaps SIGPIPE.
class ChildAttributes {
public:
    explicit ChildAttributes(bool leave_sigpipe) {
        posix_spawnattr_init(&attributes_);
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        sigfillset(&signals);
        if (leave_sigpipe) {
            sigdelset(&signals, SIGPIPE);
        }
        posix_spawnattr_setsigdefault(&attributes_, &signals);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~ChildAttributes() { posix_spawnattr_destroy(&attributes_); }
    ChildAttributes(const ChildAttributes&) = delete;
    ChildAttributes& operator=(const ChildAttributes&) = delete;
    const posix_spawnattr_t* get() const { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

/// SIGPIPE is ignored while it lives, and by children that are started then: a program that
/// outlives the reader of its output must not be killed by its next line.
class SigpipeIgnored {
public:
    explicit SigpipeIgnored(bool wanted) : wanted_(wanted) {
        if (wanted_) {
            struct sigaction ignore {};
            ignore.sa_handler = SIG_IGN;
            sigaction(SIGPIPE, &ignore, &before_);
        }
    }
    ~SigpipeIgnored() {
        if (wanted_) {
            sigaction(SIGPIPE, &before_, nullptr);
        }
    }
    SigpipeIgnored(const SigpipeIgnored&) = delete;
    SigpipeIgnored& operator=(const SigpipeIgnored&) = delete;

private:
    bool wanted_;
    struct sigaction before_ {};
};

int start(const Program& program, int output, pid_t& pid) {
    std::vector<char*> arguments;
    for (const auto& word : program.arguments) {
        arguments.push_back(const_cast<char*>(word.c_str()));  // execve changes nothing
    }
    arguments.push_back(nullptr);
    const bool may_outlive_us = !program.group_ends_with_it;
    const ChildFiles files(output, program.keep_errors);
    const ChildAttributes attributes(may_outlive_us);
    const SigpipeIgnored ignored(may_outlive_us);
    const auto spawn_it = program.search_path ? posix_spawnp : posix_spawn;
    return spawn_it(&pid, arguments.front(), files.get(), attributes.get(), arguments.data(),
                    environ);
}

}  // namespace

Spawned spawn(const Program& program) {
    Spawned child;
    if (program.arguments.empty()) {
        child.error = ENOENT;
        return child;
    }
    std::array<int, 2> pipe{-1, -1};
    if (pipe2(pipe.data(), O_CLOEXEC) != 0) {
        child.error = errno;
        return child;
    }
    child.error = start(program, pipe[1], child.pid);
    close(pipe[1]);
    if (child.error == 0) {
        // glibc 2.36 has pidfd_open, but not for C++. The descriptor is close-on-exec.
        child.pidfd = static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0));
        if (child.pidfd < 0) {
            child.error = errno;
            kill(-child.pid, SIGKILL);
            waitpid(child.pid, nullptr, 0);
        }
    }
    if (child.error != 0) {
        close(pipe[0]);
        child.pid = -1;
        return child;
    }
    fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    child.output = pipe[0];
    return child;
}

}  // namespace lvslab::realmode
