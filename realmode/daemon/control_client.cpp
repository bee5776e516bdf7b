// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/control_client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

std::string why_not(int error) {
    switch (error) {
        case ENOENT:
        case ECONNREFUSED:
            return "no lvsrouter runs here";
        case EACCES:
        case EPERM:
            return "only root and the router's own user may ask";
        default:
            return std::strerror(error);
    }
}

bool send_all(int socket, std::string_view text) {
    while (!text.empty()) {
        const auto n = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    return true;
}

}  // namespace

Checked<ControlClient> ControlClient::connect(const std::string& path) {
    Checked<ControlClient> result;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        result.diagnostics.error({path}, "the path is too long for a socket");
        return result;
    }
    std::memcpy(address.sun_path, path.c_str(), path.size());
    ControlClient client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), path);
    // NOLINTNEXTLINE: the socket API takes every address so
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (client.socket_ < 0 || ::connect(client.socket_, generic, sizeof address) != 0) {
        result.diagnostics.error({path}, why_not(errno));
        return result;
    }
    result.value.emplace(std::move(client));
    return result;
}

ControlClient::ControlClient(ControlClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      path_(std::move(other.path_)),
      read_(std::move(other.read_)) {}

ControlClient::~ControlClient() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

Checked<ControlAnswer> ControlClient::ask(const ControlRequest& request) {
    Checked<ControlAnswer> nothing;
    if (send_all(socket_, to_line(request))) {
        if (const auto line = read_line()) {
            return parse_answer(*line);
        }
    }
    nothing.diagnostics.error({path_}, "the router gave no answer");
    return nothing;
}

std::optional<std::string> ControlClient::read_line() {
    while (true) {
        if (const auto end = read_.find('\n'); end != std::string::npos) {
            auto line = read_.substr(0, end);
            read_.erase(0, end + 1);
            return line;
        }
        std::array<char, 65536> block;
        const auto n = ::recv(socket_, block.data(), block.size(), 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return std::nullopt;
        }
        read_.append(block.data(), static_cast<std::size_t>(n));
    }
}

std::optional<ControlAnswer> ask_router(const std::string& path, const ControlRequest& request) {
    auto client = ControlClient::connect(path);
    if (!client) {
        std::fputs(client.diagnostics.to_string().c_str(), stderr);
        return std::nullopt;
    }
    auto answer = client->ask(request);
    if (!answer) {
        std::fputs(answer.diagnostics.to_string().c_str(), stderr);
        return std::nullopt;
    }
    for (const auto& finding : answer->findings) {
        std::fputs((finding + '\n').c_str(), stderr);
    }
    if (!answer->ok) {
        std::fputs(fmt::format("lvsrouter: {}\n", answer->error).c_str(), stderr);
    }
    if (answer->ok && request.command == ControlCommand::stop) {
        while (client->read_line()) {
        }
    }
    return *std::move(answer.value);
}

}  // namespace lvslab::realmode
