// SPDX-License-Identifier: GPL-2.0-only
/// Datagrams that are answered from the very address that they were sent to.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <span>

namespace lvslab::lab {

/// Where a datagram came from, and the address that it came for.
struct DatagramWay {
    sockaddr_in from{};
    in_addr to{};
};

/// Has the kernel say where datagrams came for (IP_PKTINFO, ip(7)).
void tell_where_datagrams_came(int socket);
/// The size of the next datagram that waits; nothing if none does.
std::optional<std::size_t> receive_datagram(int socket, std::span<std::uint8_t> block,
                                            DatagramWay& way);
/// Sends `head` and zeros up to `size` bytes back along the way. One that finds no room is lost.
void send_datagram(int socket, const DatagramWay& way, std::span<const std::uint8_t> head,
                   std::uint64_t size);

}  // namespace lvslab::lab
