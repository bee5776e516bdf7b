// SPDX-License-Identifier: GPL-2.0-only
/// Sockets of the lab's clients and servers, opened in a namespace and watched by the one loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/base/quantities.hpp"
#include "realmode/lab/network_namespace.hpp"

namespace lvslab::lab {

/// A non-blocking IPv4 socket. Watches tell once each; none comes after close().
class LabSocket {
public:
    /// Throws std::system_error if there are no more sockets.
    LabSocket(boost::asio::io_context& loop, const NetworkNamespace& where, Protocol protocol);
    /// One that accept4() gave.
    LabSocket(boost::asio::io_context& loop, int accepted);
    ~LabSocket();
    LabSocket(const LabSocket&) = delete;
    LabSocket& operator=(const LabSocket&) = delete;

    int descriptor() { return descriptor_.native_handle(); }
    /// Binds, also to an address that is not there (IP_FREEBIND), and to a port in TIME_WAIT
    /// (SO_REUSEADDR). False with errno set if it cannot be.
    bool bind(const Endpoint& local);
    /// 0, EINPROGRESS or another errno.
    int connect(const Endpoint& remote);
    bool listen();
    /// This side's endpoint, and the other's; empty if there is none.
    Endpoint local();
    Endpoint peer();
    /// The error of a connect that is over; 0 = none.
    int pending_error();

    void when_readable(std::function<void()> call);
    void when_writable(std::function<void()> call);

    /// In order: what is unsent is sent, then a FIN.
    void close();
    /// With a RST, if there is a connection (SO_LINGER with no time, socket(7)).
    void reset();
    bool is_open() const { return descriptor_.is_open(); }

private:
    void watch(boost::asio::posix::descriptor_base::wait_type what, std::function<void()> call);

    boost::asio::posix::stream_descriptor descriptor_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Sends `header` (as far as `sent` has not passed it) and zeros up to `total` bytes, as much as
/// there is room for. False: the connection is broken.
bool send_zeros_after(int socket, std::span<const std::uint8_t> header, std::uint64_t total,
                      std::uint64_t& sent);

}  // namespace lvslab::lab
