// SPDX-License-Identifier: GPL-2.0-only
/// A program that serves in a real server's namespace in place of the lab's own server.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "realmode/lab/network_namespace.hpp"
#include "realmode/lab/program.hpp"

namespace lvslab::lab {

/// One such program with its configuration. Faults meet it here; it is killed with all that it has
/// started when this is destroyed or this process ends.
class ServerProgram {
public:
    /// `arguments`: of the program; `log`: where it says why it could not start, if it does.
    ServerProgram(std::vector<std::string> arguments, std::filesystem::path log)
        : arguments_(std::move(arguments)), log_(std::move(log)) {}

    /// It starts in that namespace. No error if it runs.
    void start(const NetworkNamespace& where);
    /// SIGKILL: the kernel closes its sockets.
    void stop() { running_.reset(); }
    /// SIGSTOP and SIGCONT, to all of its processes.
    void freeze();
    void thaw();

    /// It was started and has ended by itself: what it said last. Nothing while all is well.
    std::optional<std::string> failure();

private:
    /// Sessions of vsftpd are process groups of their own: what is in the program's PID namespace.
    void signal_all(int number) const;

    std::vector<std::string> arguments_;
    std::filesystem::path log_;
    std::optional<RunningProgram> running_;
};

}  // namespace lvslab::lab
