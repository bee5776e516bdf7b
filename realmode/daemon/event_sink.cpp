// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/event_sink.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

constexpr std::size_t most_waiting = 1 << 20;
constexpr std::size_t atomic_write = 4096;  ///< PIPE_BUF: a pipe that polls writable takes it

std::optional<int> number_of(const std::string& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
}

}  // namespace

Checked<std::unique_ptr<EventSink>> EventSink::open(EventLoop& loop, const std::string& where) {
    Checked<std::unique_ptr<EventSink>> result;
    const auto number = number_of(where);
    const int descriptor =
        number
            ? ::fcntl(*number, F_DUPFD_CLOEXEC, 3)
            : ::open(where.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
    if (descriptor < 0) {
        result.diagnostics.error(
            {where}, fmt::format("events cannot be written there: {}", std::strerror(errno)));
    } else {
        result.value = std::make_unique<EventSink>(loop, descriptor);
    }
    return result;
}

EventSink::EventSink(EventLoop& loop, int descriptor) : descriptor_(descriptor) {
    struct stat file {};
    regular_ = ::fstat(descriptor, &file) == 0 && S_ISREG(file.st_mode);
    if (!regular_) {
        writable_.emplace(loop, descriptor);
    }
}

EventSink::~EventSink() {
    flush();
    if (!writable_) {
        ::close(descriptor_);
    }
}

void EventSink::write(const std::string& line) {
    if (broken_ || waiting_.size() + line.size() > most_waiting) {
        ++lost_;
        return;
    }
    waiting_ += line;
    waiting_ += '\n';
    flush();
}

void EventSink::flush() {
    std::size_t written = 0;
    bool refused = false;  // a full disk: it is tried again with the next line
    while (written < waiting_.size()) {
        pollfd ready{descriptor_, POLLOUT, 0};
        if (!regular_ && (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)) {
            broken_ = (ready.revents & POLLERR) != 0;
            break;
        }
        const auto n = ::write(descriptor_, waiting_.data() + written,
                               std::min(waiting_.size() - written, atomic_write));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            refused = errno != EAGAIN;
            break;
        }
        written += static_cast<std::size_t>(n);
    }
    waiting_.erase(0, written);
    if (!waiting_.empty() && writable_ && !asked_ && !broken_ && !refused) {
        asked_ = true;
        writable_->async_wait(boost::asio::posix::descriptor_base::wait_write,
                              [this, alive = std::weak_ptr(alive_)](const auto& error) {
                                  if (!alive.expired()) {
                                      asked_ = false;
                                      if (!error) {
                                          flush();
                                      }
                                  }
                              });
    }
}

}  // namespace lvslab::realmode
