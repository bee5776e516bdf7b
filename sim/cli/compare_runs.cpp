// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/compare_runs.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/compare_progress.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

/// Child's ends and the user's Ctrl-C, as something to wait for. While it lives, the signals are
/// blocked; children get the mask of before.
class Signals {
public:
    Signals() {
        sigemptyset(&set_);
        for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
            sigaddset(&set_, signal);
        }
        sigprocmask(SIG_BLOCK, &set_, &before_);
    }
    ~Signals() {
        // What came late has been dealt with.
        const timespec no_time{};
        while (sigtimedwait(&set_, nullptr, &no_time) > 0) {
        }
        sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// The next signal, or 0 after half a second.
    int wait() const {
        const timespec half_a_second{0, 500'000'000};
        return std::max(sigtimedwait(&set_, nullptr, &half_a_second), 0);
    }
    /// For a child: the mask of before, and the signals that end it let through.
    void restore() const {
        sigprocmask(SIG_SETMASK, &before_, nullptr);
        sigprocmask(SIG_UNBLOCK, &set_, nullptr);
    }

private:
    sigset_t set_{}, before_{};
};

fs::path log_of(const Job& job) {
    return job.folder.string() + ".log";
}

std::string text_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> arguments_of(const Runner& runner, const Job& job) {
    std::vector<std::string> words{runner.program, "run",
                                   job.scenario.empty() ? runner.scenario : job.scenario};
    if (!job.scheduler.empty()) {
        words.insert(words.end(), {"--scheduler", job.scheduler});
    }
    words.insert(words.end(),
                 {"--seed", std::to_string(job.seed), "--output", job.folder.string()});
    words.insert(words.end(), runner.options.begin(), runner.options.end());
    return words;
}

std::string title_of(const Job& job) {
    return job.title.empty() ? job.name() : job.title;
}

[[noreturn]] void become(const Runner& runner, const Job& job, const Signals& signals) {
    // Ctrl-C at the terminal is for us alone; when we die, so does the child.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signals.restore();
    std::signal(SIGPIPE, SIG_DFL);
    const auto log = log_of(job).string();
    const int err = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    std::vector<std::string> words = arguments_of(runner, job);
    std::vector<char*> arguments;
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    execv(runner.program.c_str(), arguments.data());
    const auto message =
        fmt::format("{}: cannot be run: {}\n", runner.program, std::strerror(errno));
    [[maybe_unused]] const auto written = write(STDERR_FILENO, message.data(), message.size());
    _exit(127);
}

class Pool {
public:
    Pool(const Runner& runner, const std::vector<Job>& jobs)
        : runner_(runner), progress_(jobs.size(), runner.at_once, runner.quiet) {
        for (const auto& job : jobs) {
            done_.results.push_back({job, JobState::waiting, 0, {}, {}});
        }
    }

    RunsDone run() {
        while (next_ < done_.results.size() || !children_.empty()) {
            while (children_.size() < runner_.at_once && next_ < done_.results.size()) {
                start(next_++);
            }
            progress_.show(children_.size());
            const int signal = signals_.wait();
            if (signal == SIGINT || signal == SIGTERM) {
                done_.interrupted = true;
                stop();
                break;
            }
            reap(WNOHANG);
            if (done_.refused) {
                stop();
                break;
            }
        }
        progress_.end();
        return std::move(done_);
    }

private:
    void start(std::size_t index) {
        auto& result = done_.results[index];
        const auto child = fork();
        if (child == 0) {
            become(runner_, result.job, signals_);
        }
        if (child < 0) {
            result.state = JobState::failed;
            result.how = fmt::format("no process: {}", std::strerror(errno));
            progress_.count(title_of(result.job), result.how);
            return;
        }
        children_[child] = index;
        progress_.started(index);
    }

    /// Signals of one kind merge into one: reap all there are.
    void reap(int options) {
        for (auto child = children_.begin(); child != children_.end();) {
            int status = 0;
            if (waitpid(child->first, &status, options) == child->first) {
                ended(done_.results[child->second], status, child->second);
                child = children_.erase(child);
            } else {
                ++child;
            }
        }
    }

    void ended(JobResult& result, int status, std::size_t index) {
        result.errors = text_of(log_of(result.job));
        fs::remove(log_of(result.job));
        if (WIFSIGNALED(status)) {
            result.how =
                fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
        } else {
            result.exit_code = WEXITSTATUS(status);
            result.how = fmt::format("exit code {}", result.exit_code);
        }
        // A run whose expectations failed is a whole run all the same.
        const bool whole =
            WIFEXITED(status) && (result.exit_code == held || result.exit_code == failed);
        const bool has_summary = fs::exists(result.job.folder / "summary.json");
        if (whole && !has_summary) {
            result.how += ", without a summary.json";
        }
        result.state = whole && has_summary ? JobState::finished : JobState::failed;
        progress_.ended(index);
        if (result.exit_code == bad_input) {
            // Wrong for every run, or for those of one scheduler: what is left is no comparison.
            if (!done_.refused) {
                done_.refused = result.errors;
            }
            return;
        }
        if (result.state == JobState::finished && runner_.on_finished) {
            runner_.on_finished(result);
        }
        progress_.count(title_of(result.job),
                        result.state == JobState::finished ? "finished" : "FAILED: " + result.how);
    }

    void stop() {
        // Who has ended by now is finished all the same.
        reap(WNOHANG);
        for (const auto& [child, index] : children_) {
            // Nothing of it is kept, so it need not tidy up.
            kill(child, SIGKILL);
        }
        for (const auto& [child, index] : children_) {
            int status = 0;
            waitpid(child, &status, 0);
            auto& result = done_.results[index];
            result.state = JobState::stopped;
            std::error_code ignored;
            fs::remove_all(result.job.folder, ignored);
            fs::remove(log_of(result.job), ignored);
        }
        children_.clear();
    }

    const Runner& runner_;
    Signals signals_;
    Progress progress_;
    RunsDone done_;
    std::map<pid_t, std::size_t> children_;  ///< process -> index of its job
    std::size_t next_ = 0;
};

}  // namespace

std::string Job::name() const {
    return fmt::format("{}-{}", scheduler.empty() ? "configured" : scheduler, seed);
}

RunsDone run_jobs(const Runner& runner, const std::vector<Job>& jobs) {
    return Pool(runner, jobs).run();
}

}  // namespace lvslab::cli
