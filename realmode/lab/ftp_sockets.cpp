// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/ftp_sockets.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace lvslab::lab {

FtpChannel::FtpChannel(std::unique_ptr<LabSocket> socket, Events events)
    : socket_(std::move(socket)), events_(std::move(events)) {}

void FtpChannel::await_data() {
    socket_->when_readable([this] { read(); });
}

void FtpChannel::read() {
    std::array<char, 4096> block;
    while (!over_) {
        const auto n = ::recv(socket_->descriptor(), block.data(), block.size(), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            await_data();
            return;
        }
        if (n <= 0) {
            events_.ended();
            return;
        }
        for (const auto& line : lines_.take({block.data(), static_cast<std::size_t>(n)})) {
            if (!over_) {
                events_.hear(line);
            }
        }
    }
}

void FtpChannel::say(std::string_view line) {
    const bool waits = !unsaid_.empty();
    unsaid_.append(line).append("\r\n");
    if (!waits) {
        send();
    }
}

void FtpChannel::send() {
    const auto n = ::send(socket_->descriptor(), unsaid_.data(), unsaid_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        unsaid_.clear();  // the read that is under way says what broke it
        return;
    }
    unsaid_.erase(0, n > 0 ? static_cast<std::size_t>(n) : 0);
    if (!unsaid_.empty()) {
        socket_->when_writable([this] { send(); });
    }
}

void FtpChannel::leave(bool in_order) {
    over_ = true;
    if (in_order) {
        socket_->close();
    } else {
        socket_->reset();
    }
}

FtpData::FtpData(std::unique_ptr<LabSocket> socket, Events events)
    : socket_(std::move(socket)), events_(std::move(events)) {}

bool FtpData::connect(const Endpoint& local, const Endpoint& remote) {
    if (!socket_->bind(local)) {
        return false;
    }
    const int error = socket_->connect(remote);
    if (error != 0 && error != EINPROGRESS) {
        return false;
    }
    socket_->when_writable([this] { connected(); });
    return true;
}

void FtpData::connected() {
    if (socket_->pending_error() != 0) {
        end(false);
        return;
    }
    await_data();
    if (events_.stands) {
        const auto call = events_.stands;
        call();
    }
}

void FtpData::await_data() {
    socket_->when_readable([this] { read(); });
}

void FtpData::read() {
    std::array<char, 65536> block;
    for (;;) {
        const auto n = ::recv(socket_->descriptor(), block.data(), block.size(), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            await_data();
            return;
        }
        if (n <= 0) {
            end(n == 0);
            return;
        }
        if (events_.received) {
            events_.received(static_cast<std::uint64_t>(n));
        }
    }
}

void FtpData::end(bool by_fin) {
    if (!std::exchange(over_, true)) {
        const auto call = events_.ended;  // it may destroy this connection
        call(by_fin);
    }
}

std::uint64_t FtpData::send(std::uint64_t bytes) {
    std::uint64_t sent = 0;
    if (!send_zeros_after(socket_->descriptor(), {}, bytes, sent)) {
        return sent;  // the read that is under way says what broke it
    }
    if (sent < bytes) {
        socket_->when_writable([this] {
            const auto call = events_.room;
            call();
        });
    }
    return sent;
}

void FtpData::finish() {
    ::shutdown(socket_->descriptor(), SHUT_WR);
}

void FtpData::leave(bool in_order) {
    over_ = true;
    if (in_order) {
        socket_->close();
    } else {
        socket_->reset();
    }
}

}  // namespace lvslab::lab
