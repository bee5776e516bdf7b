// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/program_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(10);
constexpr std::size_t most_bytes = std::size_t{64} << 20;

[[noreturn]] void fail(int error, const char* what) {
    throw std::system_error(error, std::generic_category(), what);
}

class Pipe {
public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
            fail(errno, "pipe");
        }
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_write_end();
        ::close(ends_[0]);
    }
    int read_end() const { return ends_[0]; }
    int write_end() const { return ends_[1]; }
    void close_write_end() {
        if (ends_[1] >= 0) {
            ::close(ends_[1]);
            ends_[1] = -1;
        }
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

/// Where the program is; users' paths often lack the folders of the superuser.
std::string path_of(const std::string& program) {
    const char* path = std::getenv("PATH");
    std::string_view folders = path == nullptr ? "" : path;
    const std::string all = std::string(folders) + ":/usr/sbin:/sbin:/usr/bin:/bin";
    folders = all;
    while (!folders.empty()) {
        const auto end = std::min(folders.find(':'), folders.size());
        const auto candidate = std::string(folders.substr(0, end)) + "/" + program;
        if (candidate.front() == '/' && end > 0 && ::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    return "";
}

pid_t start(const std::string& path, const std::vector<std::string>& command, const Pipe& output,
            const Pipe& errors) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, output.write_end(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, errors.write_end(), STDERR_FILENO);
    std::vector<char*> arguments;
    for (const auto& word : command) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    pid_t pid = 0;
    const int error =
        ::posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        fail(error, path.c_str());
    }
    return pid;
}

/// Reads both streams to their ends; what is wrong, or nothing.
std::string read_all(const Pipe& output, const Pipe& errors, std::string& text,
                     std::string& error_text) {
    const auto deadline = SteadyClock::now() + patience;
    std::array<pollfd, 2> streams{{{output.read_end(), POLLIN, 0}, {errors.read_end(), POLLIN, 0}}};
    std::array<std::string*, 2> texts{&text, &error_text};
    while (streams[0].fd >= 0 || streams[1].fd >= 0) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
        if (left <= 0 || ::poll(streams.data(), streams.size(), static_cast<int>(left)) == 0) {
            return fmt::format("no end after {} s", patience.count());
        }
        for (std::size_t i = 0; i < streams.size(); ++i) {
            if (streams[i].fd < 0 || streams[i].revents == 0) {
                continue;
            }
            std::array<char, 65536> bytes;
            const auto got = ::read(streams[i].fd, bytes.data(), bytes.size());
            if (got <= 0) {
                streams[i].fd = got < 0 && errno == EINTR ? streams[i].fd : -1;
                continue;
            }
            texts[i]->append(bytes.data(), static_cast<std::size_t>(got));
            if (texts[i]->size() > most_bytes) {
                return fmt::format("more than {} bytes", most_bytes);
            }
        }
    }
    return "";
}

std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

std::string ending(int status, const std::string& errors) {
    if (WIFSIGNALED(status)) {
        return fmt::format("ended by signal {}", WTERMSIG(status));
    }
    return WEXITSTATUS(status) == 0
               ? ""
               : fmt::format("ended with code {}: {}", WEXITSTATUS(status), first_line(errors));
}

}  // namespace

ProgramOutput output_of(const std::vector<std::string>& command) {
    ProgramOutput result;
    const auto path = path_of(command.front());
    if (path.empty()) {
        result.failure = "not installed";
        return result;
    }
    Pipe output, errors;
    const auto pid = start(path, command, output, errors);
    output.close_write_end();
    errors.close_write_end();
    std::string error_text;
    result.failure = read_all(output, errors, result.text, error_text);
    if (!result.failure.empty()) {
        ::kill(pid, SIGKILL);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (result.failure.empty()) {
        result.failure = ending(status, error_text);
    }
    return result;
}

}  // namespace lvslab::realmode
