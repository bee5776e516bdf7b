// SPDX-License-Identifier: GPL-2.0-only
/// A view on an ICMP (RFC 792) or ICMPv6 (RFC 4443) header: they have the same shape.
#pragma once

#include "core/packet/bytes.hpp"
#include "core/packet/parsed.hpp"

namespace lvslab::packet {

inline constexpr std::uint8_t icmp_protocol_number = 1;
inline constexpr std::uint8_t icmpv6_protocol_number = 58;

/// An ICMP message in a span of bytes; see BasicIpv4.
template <class Byte>
class BasicIcmp {
public:
    static constexpr std::size_t header_size = 8;

    static Parsed<BasicIcmp> parse(Family family, std::span<Byte> bytes) {
        if (bytes.size() < header_size) {
            return Malformed::truncated;
        }
        return BasicIcmp(family, bytes);
    }

    std::uint8_t type() const { return bytes_[0]; }
    std::uint8_t code() const { return bytes_[1]; }
    std::uint16_t checksum() const { return read16(bytes_, 2); }
    /// The second word: identifier and sequence of an echo, MTU of "packet too big", else 0.
    std::uint32_t rest_of_header() const { return read32(bytes_, 4); }

    /// Does it quote the beginning of a packet (an error message)?
    bool is_error() const {
        if (family_ == Family::ipv6) {
            return type() < 128;
        }
        // Destination unreachable, source quench, redirect, time exceeded, parameter problem.
        return type() == 3 || type() == 4 || type() == 5 || type() == 11 || type() == 12;
    }
    std::span<Byte> bytes() const { return bytes_; }
    /// For an error the quoted packet: read it with Extent::headers.
    std::span<Byte> payload() const { return bytes_.subspan(header_size); }

    void set_checksum(std::uint16_t v) const requires Writable<Byte> { write16(bytes_, 2, v); }

private:
    BasicIcmp(Family family, std::span<Byte> bytes) : family_(family), bytes_(bytes) {}

    Family family_;
    std::span<Byte> bytes_;
};

using IcmpView = BasicIcmp<const std::uint8_t>;
using IcmpEditor = BasicIcmp<std::uint8_t>;

}  // namespace lvslab::packet
