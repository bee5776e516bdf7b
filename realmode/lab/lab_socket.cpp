// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/lab_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace lvslab::lab {
namespace {

using boost::asio::posix::descriptor_base;

sockaddr_in socket_address(const Endpoint& endpoint) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port.value());
    address.sin_addr.s_addr = htonl(endpoint.address.v4_host_order());
    return address;
}

Endpoint endpoint_of(const sockaddr_in& address) {
    return {Address::v4(ntohl(address.sin_addr.s_addr)), Port{ntohs(address.sin_port)}};
}

int open_socket(const NetworkNamespace& where, Protocol protocol) {
    const Inside inside(where);
    const bool udp = protocol == Protocol::udp;
    const int socket =
        ::socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        throw std::system_error(errno, std::generic_category(), "socket");
    }
    return socket;
}

void set_option(int socket, int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

LabSocket::LabSocket(boost::asio::io_context& loop, const NetworkNamespace& where,
                     Protocol protocol)
    : descriptor_(loop, open_socket(where, protocol)) {
    if (protocol == Protocol::tcp) {
        set_option(descriptor(), IPPROTO_TCP, TCP_NODELAY, 1);
    }
}

LabSocket::LabSocket(boost::asio::io_context& loop, int accepted) : descriptor_(loop, accepted) {
    set_option(accepted, IPPROTO_TCP, TCP_NODELAY, 1);
}

LabSocket::~LabSocket() {
    close();
}

bool LabSocket::bind(const Endpoint& local) {
    set_option(descriptor(), SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(descriptor(), IPPROTO_IP, IP_FREEBIND, 1);
    const auto address = socket_address(local);
    return ::bind(descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

int LabSocket::connect(const Endpoint& remote) {
    const auto address = socket_address(remote);
    return ::connect(descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
               ? 0
               : errno;
}

bool LabSocket::listen() {
    return ::listen(descriptor(), SOMAXCONN) == 0;
}

Endpoint LabSocket::local() {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(descriptor(), reinterpret_cast<sockaddr*>(&address), &size);
    return endpoint_of(address);
}

Endpoint LabSocket::peer() {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getpeername(descriptor(), reinterpret_cast<sockaddr*>(&address), &size);
    return endpoint_of(address);
}

int LabSocket::pending_error() {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void LabSocket::when_readable(std::function<void()> call) {
    watch(descriptor_base::wait_read, std::move(call));
}
void LabSocket::when_writable(std::function<void()> call) {
    watch(descriptor_base::wait_write, std::move(call));
}

void LabSocket::watch(descriptor_base::wait_type what, std::function<void()> call) {
    descriptor_.async_wait(what, [alive = alive_, call = std::move(call)](const auto& error) {
        if (!error && *alive) {
            call();
        }
    });
}

void LabSocket::close() {
    *alive_ = false;
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

void LabSocket::reset() {
    const linger at_once{1, 0};
    ::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

bool send_zeros_after(int socket, std::span<const std::uint8_t> header, std::uint64_t total,
                      std::uint64_t& sent) {
    static constexpr std::array<std::uint8_t, 65536> zeros{};
    while (sent < total) {
        const auto left = static_cast<std::size_t>(total - sent);
        std::array<iovec, 2> parts{};
        std::size_t count = 0;
        const auto unsent_header = sent < header.size() ? header.size() - sent : 0;
        if (unsent_header > 0) {
            parts[count++] = {const_cast<std::uint8_t*>(header.data() + sent), unsent_header};
        }
        if (left > unsent_header) {
            parts[count++] = {const_cast<std::uint8_t*>(zeros.data()),
                              std::min(zeros.size(), left - unsent_header)};
        }
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = count;
        const auto n = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        sent += static_cast<std::uint64_t>(n);
    }
    return true;
}

}  // namespace lvslab::lab
