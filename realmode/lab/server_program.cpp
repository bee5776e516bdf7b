// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/server_program.hpp"

#include <signal.h>

#include <fstream>
#include <string>
#include <system_error>

#include <fmt/format.h>

namespace lvslab::lab {

namespace fs = std::filesystem;

void ServerProgram::start(const NetworkNamespace& where) {
    if (!running_ || !running_->running()) {
        running_.reset();
        running_.emplace(where, arguments_, std::vector<int>{},
                         RunningProgram::Offspring::contained);
    }
}

void ServerProgram::signal_all(int number) const {
    if (!running_) {
        return;
    }
    std::error_code error;
    const auto namespace_of = [&](const std::string& pid) {
        return fs::read_symlink("/proc/" + pid + "/ns/pid", error);
    };
    const auto own = namespace_of(std::to_string(running_->pid()));
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const auto pid = entry.path().filename().string();
        if (pid.find_first_not_of("0123456789") == std::string::npos && !own.empty() &&
            namespace_of(pid) == own) {
            ::kill(std::stoi(pid), number);
        }
    }
}

void ServerProgram::freeze() {
    signal_all(SIGSTOP);
}

void ServerProgram::thaw() {
    signal_all(SIGCONT);
}

std::optional<std::string> ServerProgram::failure() {
    if (!running_ || running_->running()) {
        return std::nullopt;
    }
    std::ifstream log(log_);
    std::string last;
    for (std::string line; std::getline(log, line);) {
        last = line;
    }
    return fmt::format("{} has ended by itself{}{}", arguments_.front(), last.empty() ? "" : ": ",
                       last);
}

}  // namespace lvslab::lab
