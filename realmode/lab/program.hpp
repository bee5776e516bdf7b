// SPDX-License-Identifier: GPL-2.0-only
/// Programs that the lab runs: to their end (ip, tc, iptables-restore), or beside it (lvsrouter).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "realmode/lab/network_namespace.hpp"

namespace lvslab::lab {

/// Runs a program in a namespace with `input` as its standard input and waits for it. Throws
/// std::runtime_error with what it said if it does not end with 0.
void run_program(const NetworkNamespace& where, const std::vector<std::string>& arguments,
                 const std::string& input = {});

/// A program that runs beside this one in a process group of its own. It is killed when this
/// process ends, however it does.
class RunningProgram {
public:
    /// What becomes of processes that it starts, when it ends: they go on, or (in a PID namespace
    /// of its own, pid_namespaces(7)) they are killed too, whatever they have done since.
    enum class Offspring : std::uint8_t { free, contained };

    /// `keep`: descriptors that the program inherits under their own numbers. Throws
    /// std::system_error.
    RunningProgram(const NetworkNamespace& where, const std::vector<std::string>& arguments,
                   const std::vector<int>& keep, Offspring offspring = Offspring::free);
    /// kill().
    ~RunningProgram();
    RunningProgram(const RunningProgram&) = delete;
    RunningProgram& operator=(const RunningProgram&) = delete;

    /// To the program and all that it has started (its process group).
    void signal(int number) const;
    /// SIGKILL to all of them, and waits for it.
    void kill();
    pid_t pid() const { return pid_; }
    /// It has not ended by itself.
    bool running();
    /// Once it has ended by itself: how ("ended with exit code 1", "was ended by signal 11").
    std::string end() const;
    /// Once it has ended by itself: with exit code 0.
    bool ended_well() const;

private:
    pid_t pid_ = -1;
    int status_ = 0;  ///< wait(2)'s, of one that has ended by itself
};

}  // namespace lvslab::lab
