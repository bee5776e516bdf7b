// SPDX-License-Identifier: GPL-2.0-only
/// Ethernet frames of single TCP and UDP packets: what the oracle sends to the director, and what
/// it reads back.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "tests/real/oracle/endpoint.hpp"

namespace lvslab::oracle {

using Mac = std::array<std::uint8_t, 6>;

/// One packet without data. `tcp_flags` are the header's own bits.
struct Packet {
    Endpoint source;
    Endpoint destination;
    bool udp = false;
    std::uint8_t tcp_flags = 0;
};

/// "S", "FA", "R" ... to the TCP header's bits; nothing on an unknown letter.
std::optional<std::uint8_t> tcp_flags_of(const std::string& letters);
/// The bits back to letters, in the order S F R P A.
std::string letters_of(std::uint8_t tcp_flags);

/// The packet with correct checksums in a frame between the two stations.
std::vector<std::uint8_t> frame_of(const Packet& packet, const Mac& from, const Mac& to);

/// A frame that the director sent.
struct SeenFrame {
    enum class Kind { tcp, udp, icmp };

    Kind kind = Kind::tcp;
    Mac next_hop{};                 ///< the station that the frame was sent to
    std::optional<Address> tunnel;  ///< the far end, if the packet came inside another
    Endpoint source;                ///< ports 0 with ICMP
    Endpoint destination;
    std::uint8_t tcp_flags = 0;
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
};

/// Nothing if the frame is none of IPVS's doing (ARP, neighbour discovery, multicast).
std::optional<SeenFrame> parse_frame(std::span<const std::uint8_t> frame);

}  // namespace lvslab::oracle
