// SPDX-License-Identifier: GPL-2.0-only
/// `lvslab run --world kernel`: the lab's runner as a process of its own, and its journal judged.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/scenario/scenario.hpp"
#include "sim/cli/run_arguments.hpp"

namespace lvslab::cli {

/// Runs `lvslab-lab`, found beside this program: here if this is root on a kernel with ip_vs, else
/// (and with --virtual-time) in a guest. The result and the exit code are those of the packet
/// world.
int run_kernel_world(const RunArguments& arguments, const scenario::Scenario& scenario);

/// The same as far as the journal, kept at level all; nothing is judged. `servers`: where programs
/// that real servers run leave configurations and logs; empty = they run the lab's own.
int leave_kernel_journal(const RunArguments& arguments, const scenario::Scenario& scenario,
                         const std::filesystem::path& journal,
                         const std::filesystem::path& servers = {});

/// What of the scenario file the kernel world cannot do, a line each with its place (`lvslab-lab
/// fits`, with its options); nothing if it can do all. Throws std::runtime_error if it cannot be
/// asked.
std::optional<std::string> kernel_world_refuses(const std::string& scenario_file,
                                                const std::vector<std::string>& options = {});

}  // namespace lvslab::cli
