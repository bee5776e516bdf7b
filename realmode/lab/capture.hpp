// SPDX-License-Identifier: GPL-2.0-only
/// Listens on a router's cards.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "realmode/lab/decisions.hpp"
#include "realmode/lab/network_namespace.hpp"
#include "realmode/lab/run_timers.hpp"

namespace lvslab::lab {

/// A packet socket (packet(7)) with a filter on each card of a namespace but its loopback. One on
/// all cards would cost every card of the machine a copy of each frame, whatever its namespace.
class Capture {
public:
    enum class What : std::uint8_t {
        openings,      ///< SYN segments, datagrams, ICMP destination unreachable, IP in IP
        every_packet,  ///< every TCP segment too
    };
    using Take = std::function<void(const CapturedFrame&)>;

    /// Throws std::system_error; std::runtime_error if libpcap refuses the filter.
    Capture(boost::asio::io_context& loop, const RunTimers& timers, const NetworkNamespace& where,
            What what, Take take);
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    /// Hands on what has been seen and not been read yet, in the order of time.
    void read();

private:
    using Socket = boost::asio::posix::stream_descriptor;
    struct Seen;
    void await(Socket& socket);
    /// False: nothing was there.
    bool read(Socket& socket, std::vector<Seen>& seen);

    const RunTimers& timers_;
    Take take_;
    std::vector<Socket> sockets_;
    Duration clock_offset_;  ///< CLOCK_REALTIME, which the kernel stamps with, less CLOCK_MONOTONIC
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lvslab::lab
