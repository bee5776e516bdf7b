// SPDX-License-Identifier: GPL-2.0-only
/// Runs of a comparison or a verification as processes of their own, several at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lvslab::cli {

/// One run: a scheduler and a seed.
struct Job {
    std::string scheduler;  ///< empty = as the lvs.cf says
    std::uint64_t seed = 0;
    std::filesystem::path folder;  ///< gets the run's output
    std::string scenario{};        ///< file; empty = the runner's
    std::string title{};           ///< for people; empty = the name

    /// "wlc-3", "configured-3"; also the folder's name.
    std::string name() const;
};

enum class JobState : std::uint8_t {
    waiting,  ///< never started
    finished,
    failed,   ///< ended badly
    stopped,  ///< by the user; its folder is gone
};

/// How a run went.
struct JobResult {
    Job job;
    JobState state = JobState::waiting;
    int exit_code = 0;
    std::string how;     ///< of a failed one: "exit code 2", "signal 11 (Segmentation fault)"
    std::string errors;  ///< what it wrote to its standard error
};

struct Runner {
    std::string program;  ///< the lvslab that is called: PROGRAM run SCENARIO ...
    std::string scenario;
    unsigned at_once = 1;
    std::vector<std::string> options{};  ///< more arguments of each run
    bool quiet = false;                  ///< tell no progress
    /// Called for each run that finished, as soon as it has.
    std::function<void(const JobResult&)> on_finished{};
};

struct RunsDone {
    std::vector<JobResult> results;  ///< in the order of the jobs
    bool interrupted = false;        ///< SIGINT or SIGTERM came
    /// A run called its input bad, so the others were stopped; what it said.
    std::optional<std::string> refused;
};

/// Runs all jobs; tells the progress on standard error, as a bar if that is a terminal. At a SIGINT
/// or SIGTERM it stops what is under way, removes its folders and returns what is finished.
RunsDone run_jobs(const Runner& runner, const std::vector<Job>& jobs);

}  // namespace lvslab::cli
