// SPDX-License-Identifier: GPL-2.0-only
/// A view on a TCP header (RFC 9293).
#pragma once

#include "core/base/quantities.hpp"
#include "core/packet/bytes.hpp"
#include "core/packet/parsed.hpp"

namespace lvslab::packet {

/// TCP's flags at the places where the header has them.
namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10,
                              urg = 0x20, ece = 0x40, cwr = 0x80;
}

/// A TCP segment in a span of bytes; see BasicIpv4.
template <class Byte>
class BasicTcp {
public:
    static constexpr std::uint8_t protocol_number = 6;
    static constexpr std::size_t minimum_size = 20;

    /// Options may be cut off by Extent::headers, the fixed 20 bytes may not.
    static Parsed<BasicTcp> parse(std::span<Byte> bytes, Extent extent = Extent::whole) {
        if (bytes.size() < minimum_size) {
            return Malformed::truncated;
        }
        const BasicTcp view(bytes);
        if (view.header_length() < minimum_size) {
            return Malformed::bad_header_length;
        }
        if (extent == Extent::whole && view.header_length() > bytes.size()) {
            return Malformed::truncated;
        }
        return view;
    }

    Port source_port() const { return Port{read16(bytes_, 0)}; }
    Port destination_port() const { return Port{read16(bytes_, 2)}; }
    std::uint32_t sequence() const { return read32(bytes_, 4); }
    std::uint32_t acknowledgement() const { return read32(bytes_, 8); }
    /// In bytes, options included (20..60).
    std::size_t header_length() const { return std::size_t{bytes_[12]} / 16 * 4; }
    /// See tcp_flag.
    std::uint8_t flags() const { return bytes_[13]; }
    std::uint16_t window() const { return read16(bytes_, 14); }
    std::uint16_t checksum() const { return read16(bytes_, 16); }
    std::uint16_t urgent_pointer() const { return read16(bytes_, 18); }

    std::span<Byte> bytes() const { return bytes_; }
    std::span<Byte> payload() const {
        return bytes_.subspan(std::min(header_length(), bytes_.size()));
    }

    void set_source_port(Port p) const requires Writable<Byte> { write16(bytes_, 0, p.value()); }
    void set_destination_port(Port p) const requires Writable<Byte> {
        write16(bytes_, 2, p.value());
    }
    void set_sequence(std::uint32_t v) const requires Writable<Byte> { write32(bytes_, 4, v); }
    void set_acknowledgement(std::uint32_t v) const requires Writable<Byte> {
        write32(bytes_, 8, v);
    }
    void set_flags(std::uint8_t v) const requires Writable<Byte> { bytes_[13] = v; }
    void set_window(std::uint16_t v) const requires Writable<Byte> { write16(bytes_, 14, v); }
    /// Every value is valid, 0 too.
    void set_checksum(std::uint16_t v) const requires Writable<Byte> { write16(bytes_, 16, v); }

private:
    explicit BasicTcp(std::span<Byte> bytes) : bytes_(bytes) {}

    std::span<Byte> bytes_;
};

using TcpView = BasicTcp<const std::uint8_t>;
using TcpEditor = BasicTcp<std::uint8_t>;

}  // namespace lvslab::packet
