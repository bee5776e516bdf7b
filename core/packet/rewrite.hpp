// SPDX-License-Identifier: GPL-2.0-only
/// What NAT does to a packet, and the checksums that go with it.
#pragma once

#include "core/base/quantities.hpp"
#include "core/packet/packet.hpp"

namespace lvslab::packet {

/// Writes another source (address and port) and brings the checksums along by the change alone
/// (RFC 1624), so that damage on the way stays visible to the receiver.
///
/// - TCP, UDP: address and port. A UDP checksum of 0 (none was made) stays 0; one that becomes 0
///   is written as 0xFFFF, the other zero. TCP's 0 is a checksum like any other.
/// - ICMP: the address; the port is ignored. What an ICMP error quotes is not touched.
/// - A later fragment: the address; the ports and the transport checksum of its datagram stand in
///   the first one and are rewritten there.
///
/// False, and nothing is changed, if the address is of the other family, the packet is IPv6 with
/// a routing header on its way, or its transport is one whose checksum is not known here.
[[nodiscard]] bool rewrite_source(const PacketEditor& packet, const Endpoint& source);
/// The same for the destination.
[[nodiscard]] bool rewrite_destination(const PacketEditor& packet, const Endpoint& destination);

/// Takes one from IPv4's time to live or IPv6's hop limit; false, and unchanged, if none is left.
[[nodiscard]] bool decrement_hop_limit(const PacketEditor& packet);

/// A packet's transport checksum against the full sum over its bytes.
enum class ChecksumState : std::uint8_t {
    valid,
    wrong,
    none,     ///< UDP over IPv4 without one
    unknown,  ///< fragments, cut packets, source routes, other transports: cannot be told here
};
template <class Byte>
ChecksumState transport_checksum_state(const BasicPacket<Byte>& packet);

/// The transport checksum that the packet should carry, by the full sum over pseudo header, header
/// and payload; for UDP never 0. Empty where ChecksumState would be unknown.
template <class Byte>
std::optional<std::uint16_t> full_transport_checksum(const BasicPacket<Byte>& packet);

/// Writes all full checksums: IPv4's header and the transport's (where it can be told).
void fill_checksums(const PacketEditor& packet);

}  // namespace lvslab::packet
