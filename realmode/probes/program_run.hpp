// SPDX-License-Identifier: GPL-2.0-only
/// Runs a program beside the loop: without a shell, in a process group of its own, until a
/// deadline.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/health/probe.hpp"
#include "realmode/host/event_loop.hpp"

namespace lvslab::realmode {

/// Bytes of a program's output that are kept; what follows is read and dropped.
inline constexpr std::size_t longest_program_output = 65536;
/// The exit status that stands for a program that could not be started, as a shell has it.
inline constexpr int not_started = 127;

struct Program {
    std::vector<std::string> arguments;  ///< begin with its name
    bool search_path = true;             ///< a name without a slash is looked for in PATH
    /// When it has ended, what it started is ended too (SIGKILL to its process group). Without it,
    /// what it started lives on, and it may itself live longer than its starter, unheard.
    bool group_ends_with_it = true;
    bool keep_errors = false;  ///< its standard error is part of its output
    /// Of its whole run; then its process group is ended, whatever it does.
    std::optional<Duration> limit;
};

struct ProgramEnd {
    /// A death by signal N has the exit status 128 + N.
    health::ProgramResult result;
    std::string trouble;  ///< why it could not be started; empty if it was
};

/// A program that runs. Its input is empty; it inherits no descriptor of ours, no blocked signal
/// and no ignored one but SIGPIPE where it may outlive us. Its end is seen by a pidfd, so other
/// children of this process, and whoever waits for them, are not concerned. A child of it that
/// holds its output open is not waited for. Starting it stops the loop until its image is loaded
/// (posix_spawn).
class ProgramRun {
public:
    /// `ended` is called once from the loop, never from within start(); also if it cannot be
    /// started (status 127).
    ProgramRun(EventLoop& loop, const Program& program, std::function<void(ProgramEnd)> ended);
    /// Ends the process group unless it may outlive us; `ended` is not called any more.
    ~ProgramRun();
    ProgramRun(const ProgramRun&) = delete;
    ProgramRun& operator=(const ProgramRun&) = delete;

private:
    class Running;
    std::shared_ptr<Running> running_;
};

}  // namespace lvslab::realmode
