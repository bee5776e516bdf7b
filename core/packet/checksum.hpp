// SPDX-License-Identifier: GPL-2.0-only
/// The Internet checksum (RFC 1071) in full, and its update after a change (RFC 1624).
#pragma once

#include <cstdint>
#include <span>

#include "core/base/address.hpp"

namespace lvslab::packet {

/// A running ones' complement sum of 16-bit words in network order.
class ChecksumSum {
public:
    constexpr void add16(std::uint16_t word) { sum_ += word; }
    constexpr void add32(std::uint32_t word) { sum_ += (word >> 16) + (word & 0xFFFFU); }
    void add(const Address& address);
    /// Bytes that start on a word's boundary; an odd last byte is padded with a zero.
    void add(std::span<const std::uint8_t> bytes);
    /// The pseudo header of TCP and UDP over IPv4 (RFC 9293, 3.1) or of IPv6 (RFC 8200, 8.1).
    void add_pseudo_header(const Address& source, const Address& destination, std::uint8_t protocol,
                           std::uint32_t length);

    /// The checksum of what was added: the complement of the folded sum.
    std::uint16_t checksum() const;

private:
    std::uint64_t sum_ = 0;
};

/// The checksum over `bytes` alone, as IPv4's header and ICMP carry it.
std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes);

/// A change of words that a checksum covers, collected and then applied at once
/// (RFC 1624, equation 3: HC' = ~(~HC + ~m + m')). A checksum that was wrong stays wrong.
class ChecksumChange {
public:
    constexpr void replace16(std::uint16_t before, std::uint16_t after) {
        sum_ += static_cast<std::uint16_t>(~before);
        sum_ += after;
    }
    /// Addresses of one family.
    void replace(const Address& before, const Address& after);

    /// The new checksum of a header that carried `checksum`. The update of an unchanged header is
    /// the identity, but for 0xFFFF, the other zero, which becomes 0 as a full sum has it.
    std::uint16_t applied_to(std::uint16_t checksum) const;

private:
    std::uint64_t sum_ = 0;
};

}  // namespace lvslab::packet
