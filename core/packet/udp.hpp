// SPDX-License-Identifier: GPL-2.0-only
/// A view on a UDP header (RFC 768).
#pragma once

#include "core/base/quantities.hpp"
#include "core/packet/bytes.hpp"
#include "core/packet/parsed.hpp"

namespace lvslab::packet {

/// A UDP datagram in a span of bytes; see BasicIpv4.
template <class Byte>
class BasicUdp {
public:
    static constexpr std::uint8_t protocol_number = 17;
    static constexpr std::size_t header_size = 8;

    /// The view ends where the length field says (what IP carries behind it is left out), or where
    /// the bytes do (Extent::headers, and the first fragment of a datagram).
    static Parsed<BasicUdp> parse(std::span<Byte> bytes, Extent extent = Extent::whole) {
        if (bytes.size() < header_size) {
            return Malformed::truncated;
        }
        const BasicUdp view(bytes);
        if (view.length() < header_size) {
            return Malformed::bad_length;
        }
        if (view.length() > bytes.size()) {
            return extent == Extent::whole ? Parsed<BasicUdp>(Malformed::bad_length) : view;
        }
        return BasicUdp(bytes.first(view.length()));
    }

    Port source_port() const { return Port{read16(bytes_, 0)}; }
    Port destination_port() const { return Port{read16(bytes_, 2)}; }
    /// In bytes, header included.
    std::uint16_t length() const { return read16(bytes_, 4); }
    /// 0 = the sender made none.
    std::uint16_t checksum() const { return read16(bytes_, 6); }

    std::span<Byte> bytes() const { return bytes_; }
    std::span<Byte> payload() const { return bytes_.subspan(header_size); }

    void set_source_port(Port p) const requires Writable<Byte> { write16(bytes_, 0, p.value()); }
    void set_destination_port(Port p) const requires Writable<Byte> {
        write16(bytes_, 2, p.value());
    }
    /// As it shall stand there: a sum of 0 is written as 0xFFFF by those who compute it.
    void set_checksum(std::uint16_t v) const requires Writable<Byte> { write16(bytes_, 6, v); }

private:
    explicit BasicUdp(std::span<Byte> bytes) : bytes_(bytes) {}

    std::span<Byte> bytes_;
};

using UdpView = BasicUdp<const std::uint8_t>;
using UdpEditor = BasicUdp<std::uint8_t>;

}  // namespace lvslab::packet
