// SPDX-License-Identifier: GPL-2.0-only
/// What the command line of `lvslab run` says, and what of it does not fit a scenario.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/scenario/scenario.hpp"

namespace lvslab::cli {

struct RunArguments {
    std::string scenario;
    std::optional<std::uint64_t> seed;
    std::optional<std::string> scheduler;
    std::string output;
    std::string world = "packet";
    std::string journal;
    std::vector<std::string> pcap;
    std::vector<std::string> plugins{};
    int progress_fd = -1;
    bool virtual_time = false;  ///< of the kernel world: in a guest, even where ip_vs is there
    std::string web_server = "own", ftp_server = "own";  ///< what real servers run there
    bool segments = false;  ///< the journal tells each packet that a router's IPVS meets
    bool force = false;
    bool quiet = false;
    bool check = false;  ///< read and check everything, run nothing
};

/// Whether real servers are to run other programs than the worlds' own.
bool has_server_programs(const RunArguments& arguments);

/// Tells the sentence on stderr; the exit code for bad input.
int refuse_run(const std::string& message);

/// What of the command line does not fit the scenario, one sentence each.
std::vector<std::string> objections(const RunArguments& arguments,
                                    const scenario::Scenario& scenario);

/// Runs what was read, in the world that the arguments name; the exit code.
int run_scenario(const RunArguments& arguments, const scenario::Scenario& scenario);

/// --output, or results/NAME/SCHEDULER-SEED.
std::filesystem::path output_folder(const RunArguments& arguments,
                                    const scenario::Scenario& scenario, std::uint64_t seed);

}  // namespace lvslab::cli
