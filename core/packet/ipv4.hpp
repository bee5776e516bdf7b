// SPDX-License-Identifier: GPL-2.0-only
/// A view on an IPv4 header (RFC 791).
#pragma once

#include "core/packet/bytes.hpp"
#include "core/packet/checksum.hpp"
#include "core/packet/parsed.hpp"

namespace lvslab::packet {

/// An IPv4 packet in a span of bytes: read with Byte = const std::uint8_t (`Ipv4View`), also
/// written with std::uint8_t (`Ipv4Editor`). Numbers in host order. A setter changes its field
/// alone: `update_checksum` afterwards, or use rewrite.hpp.
template <class Byte>
class BasicIpv4 {
public:
    static constexpr std::size_t minimum_size = 20;

    /// The view ends where total_length says (padding is left out), or where the bytes do
    /// (Extent::headers). Any header checksum is taken; see `checksum_valid`.
    static Parsed<BasicIpv4> parse(std::span<Byte> bytes, Extent extent = Extent::whole) {
        if (bytes.size() < minimum_size) {
            return bytes.empty() || bytes[0] >> 4 == 4 ? Malformed::truncated
                                                       : Malformed::wrong_version;
        }
        if (bytes[0] >> 4 != 4) {
            return Malformed::wrong_version;
        }
        const BasicIpv4 view(bytes);
        if (view.header_length() < minimum_size) {
            return Malformed::bad_header_length;
        }
        if (view.total_length() < view.header_length()) {
            return Malformed::bad_length;
        }
        const bool all_there = view.total_length() <= bytes.size();
        if (view.header_length() > bytes.size() || (extent == Extent::whole && !all_there)) {
            return Malformed::truncated;
        }
        return all_there ? BasicIpv4(bytes.first(view.total_length())) : view;
    }

    /// In bytes, options included (20..60).
    std::size_t header_length() const { return std::size_t{bytes_[0] & 0x0FU} * 4; }
    /// In bytes, header included.
    std::uint16_t total_length() const { return read16(bytes_, 2); }
    /// Differentiated services and ECN (RFC 2474, 3168).
    std::uint8_t traffic_class() const { return bytes_[1]; }
    std::uint16_t identification() const { return read16(bytes_, 4); }
    bool dont_fragment() const { return (bytes_[6] & 0x40) != 0; }
    bool more_fragments() const { return (bytes_[6] & 0x20) != 0; }
    /// Where the payload stands in the datagram, in bytes.
    std::size_t fragment_offset() const { return std::size_t{read16(bytes_, 6) & 0x1FFFU} * 8; }
    std::uint8_t time_to_live() const { return bytes_[8]; }
    std::uint8_t protocol() const { return bytes_[9]; }
    std::uint16_t checksum() const { return read16(bytes_, 10); }
    Address source() const { return read_address(Family::ipv4, bytes_, 12); }
    Address destination() const { return read_address(Family::ipv4, bytes_, 16); }

    std::span<Byte> bytes() const { return bytes_; }
    std::span<Byte> header() const { return bytes_.first(header_length()); }
    /// What follows the header; with Extent::headers perhaps only its beginning.
    std::span<Byte> payload() const { return bytes_.subspan(header_length()); }
    bool checksum_valid() const { return internet_checksum(header()) == 0; }

    void set_traffic_class(std::uint8_t v) const requires Writable<Byte> { bytes_[1] = v; }
    void set_identification(std::uint16_t v) const requires Writable<Byte> {
        write16(bytes_, 4, v);
    }
    void set_time_to_live(std::uint8_t v) const requires Writable<Byte> { bytes_[8] = v; }
    void set_protocol(std::uint8_t v) const requires Writable<Byte> { bytes_[9] = v; }
    void set_checksum(std::uint16_t v) const requires Writable<Byte> { write16(bytes_, 10, v); }
    /// `a` is an IPv4 address.
    void set_source(const Address& a) const requires Writable<Byte> {
        write_address(bytes_, 12, a);
    }
    void set_destination(const Address& a) const requires Writable<Byte> {
        write_address(bytes_, 16, a);
    }
    /// Writes the full sum over the header.
    void update_checksum() const requires Writable<Byte> {
        set_checksum(0);
        set_checksum(internet_checksum(header()));
    }

private:
    explicit BasicIpv4(std::span<Byte> bytes) : bytes_(bytes) {}

    std::span<Byte> bytes_;
};

using Ipv4View = BasicIpv4<const std::uint8_t>;
using Ipv4Editor = BasicIpv4<std::uint8_t>;

}  // namespace lvslab::packet
