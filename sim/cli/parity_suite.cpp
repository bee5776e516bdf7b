// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/parity_suite.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt_guard.hpp"
#include "sim/cli/parity_summary.hpp"
#include "sim/cli/refusals.hpp"
#include "sim/cli/scenario_file.hpp"
#include "sim/cli/temporary_folder.hpp"
#include "sim/cli/verify_plan.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;
using State = ParityOfScenario::State;

/// Why one of the worlds cannot do all of it.
std::optional<std::string> refusal(const std::string& with, const std::string& path,
                                   const scenario::Scenario& scenario) {
    for (const auto& name : {std::string("packet"), with}) {
        if (const auto told = world_refuses(name, path, scenario)) {
            return shortened_refusal(*told);
        }
    }
    return std::nullopt;
}

class Suite {
public:
    Suite(const ParitySuiteOptions& options, std::vector<ParityOfScenario> all)
        : options_(options), all_(std::move(all)), done_(all_.size()) {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            done_[i] = all_[i].state == State::refused;
        }
    }

    /// False if it was stopped.
    bool run() {
        const InterruptGuard guard;
        const unsigned at_once =
            options_.jobs > 0 ? options_.jobs : std::max(1U, std::thread::hardware_concurrency());
        std::size_t next = 0;
        for (tell(); next < all_.size() || !children_.empty();) {
            while (interrupted == 0 && children_.size() < at_once && next < all_.size()) {
                if (!done_[next]) {
                    start(next);
                }
                ++next;
            }
            if (interrupted != 0) {
                stop();
                return false;
            }
            int status = 0;
            const pid_t child = children_.empty() ? 0 : ::waitpid(-1, &status, 0);
            if (const auto found = children_.find(child); found != children_.end()) {
                ended(found->second, status);
                children_.erase(found);
                tell();
            }
        }
        return true;
    }

    const std::vector<ParityOfScenario>& all() const { return all_; }

private:
    fs::path file(std::size_t index, const char* kind) const {
        return folder_.path() / fmt::format("{}.{}", index, kind);
    }

    void start(std::size_t index) {
        const auto program = fs::read_symlink("/proc/self/exe").string();
        std::vector<std::string> words{program,  "parity", all_[index].path,
                                       "--json", "--with", options_.with};
        words.insert(words.end(), options_.options.begin(), options_.options.end());
        const auto out = file(index, "out").string(), err = file(index, "err").string();
        const pid_t child = ::fork();
        if (child == 0) {
            std::signal(SIGINT, SIG_DFL);
            std::signal(SIGTERM, SIG_DFL);
            ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
            ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
            std::vector<char*> arguments;
            for (auto& word : words) {
                arguments.push_back(word.data());
            }
            arguments.push_back(nullptr);
            ::execv(program.c_str(), arguments.data());
            ::_exit(127);
        }
        if (child < 0) {
            all_[index].reason = "no process";
            done_[index] = true;
            return;
        }
        children_[child] = index;
    }

    void ended(std::size_t index, int status) {
        auto& one = all_[index];
        done_[index] = true;
        std::string ignored;
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        const auto text = read_whole_file(file(index, "out").string(), ignored).value_or("");
        one.numbers = nlohmann::json::parse(text, nullptr, false);
        if ((code == held || code == failed) && one.numbers.is_object()) {
            one.state = code == held ? State::same : State::differs;
            return;
        }
        const auto errors = read_whole_file(file(index, "err").string(), ignored).value_or("");
        one.reason = fmt::format("exit code {}\n{}", code, errors);
    }

    /// What is finished, in the order of the files.
    void tell() {
        for (; told_ < all_.size() && done_[told_]; ++told_) {
            if (!options_.json) {
                const auto line = parity_line(all_[told_]);
                std::fwrite(line.data(), 1, line.size(), stdout);
                std::fflush(stdout);
            }
        }
    }

    void stop() {
        for (const auto& [child, index] : children_) {
            ::kill(child, SIGTERM);
        }
        for (const auto& [child, index] : children_) {
            while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
        children_.clear();
    }

    const ParitySuiteOptions& options_;
    std::vector<ParityOfScenario> all_;
    std::vector<bool> done_;
    const TemporaryFolder folder_{"parity"};
    std::map<pid_t, std::size_t> children_;
    std::size_t told_ = 0;
};

int exit_code_of(const std::vector<ParityOfScenario>& all) {
    const auto any = [&](State state) {
        return std::ranges::find(all, state, &ParityOfScenario::state) != all.end();
    };
    if (any(State::differs) || any(State::no_run)) {
        return failed;
    }
    return any(State::same) ? held : bad_input;
}

}  // namespace

int run_parity_suite(const ParitySuiteOptions& options) {
    auto found = find_scenarios(options.paths);
    std::vector<std::pair<std::string, scenario::Scenario>> read;
    for (const auto& path : *found.value) {
        auto scenario = load_scenario(path.string());
        if (scenario) {
            read.emplace_back(path.string(), std::move(*scenario));
        } else {
            found.diagnostics.append(scenario.diagnostics);
        }
    }
    // What is wrong with a file is wrong whether or not the worlds can be asked.
    if (found.diagnostics.has_errors()) {
        fmt::print(stderr, "{}", found.diagnostics.to_string());
        return bad_input;
    }
    std::vector<ParityOfScenario> all;
    for (const auto& [path, scenario] : read) {
        const auto reason = refusal(options.with, path, scenario);
        all.push_back({path, reason ? State::refused : State::no_run, reason.value_or(""), {}});
    }
    Suite suite(options, std::move(all));
    if (!suite.run()) {
        fmt::print(stderr, "lvslab parity: stopped\n");
        return interrupted_run;
    }
    const auto text = options.json ? parity_summary_json(suite.all()) : parity_summary(suite.all());
    std::fwrite(text.data(), 1, text.size(), stdout);
    return exit_code_of(suite.all());
}

}  // namespace lvslab::cli
