// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/process_log.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace lvslab::realmode {
namespace {

/// systemd.exec(5), JOURNAL_STREAM: device and inode of the journal's socket.
bool is_journal(int descriptor) {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat file {};
    return stream != nullptr && ::fstat(descriptor, &file) == 0 &&
           fmt::format("{}:{}", file.st_dev, file.st_ino) == stream;
}

int syslog_level(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::err:
            return 3;
        case spdlog::level::warn:
            return 4;
        default:
            return 6;
    }
}

class StandardError final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    StandardError() : journal_(is_journal(STDERR_FILENO)) {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t text;
        if (journal_) {
            fmt::format_to(std::back_inserter(text), "<{}>{}\n", syslog_level(message.level),
                           std::string_view(message.payload.data(), message.payload.size()));
        } else {
            formatter_->format(message, text);
        }
        if (lost_ > 0 && write(fmt::format("{} lines of this log were lost\n", lost_))) {
            lost_ = 0;
        }
        if (!write({text.data(), text.size()})) {
            ++lost_;
        }
    }
    void flush_() override {}

    /// A pipe that has room takes up to PIPE_BUF bytes without waiting (pipe(7)).
    static bool write(std::string_view text) {
        constexpr std::size_t most = 4096;
        while (!text.empty()) {
            pollfd ready{STDERR_FILENO, POLLOUT, 0};
            if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) {
                return false;
            }
            const auto n = ::write(STDERR_FILENO, text.data(), std::min(text.size(), most));
            if (n < 0 && errno != EINTR) {
                return false;
            }
            text.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
        }
        return true;
    }

    bool journal_;
    std::uint64_t lost_ = 0;
};

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::info:
            break;
    }
    return spdlog::level::info;
}

}  // namespace

void open_log(std::string_view name) {
    auto log =
        std::make_shared<spdlog::logger>(std::string(name), std::make_shared<StandardError>());
    log->set_pattern("%Y-%m-%d %H:%M:%S.%e %n[%P]: %l: %v");
    spdlog::set_default_logger(std::move(log));
}

void log(LogLevel level, std::string_view text) {
    spdlog::default_logger_raw()->log(level_of(level),
                                      spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace lvslab::realmode
