// SPDX-License-Identifier: GPL-2.0-only
/// A view on an IPv6 header (RFC 8200) and the walk through its extension headers.
#pragma once

#include "core/packet/bytes.hpp"
#include "core/packet/parsed.hpp"

namespace lvslab::packet {

/// An IPv6 packet in a span of bytes; see BasicIpv4. There is no header checksum.
template <class Byte>
class BasicIpv6 {
public:
    static constexpr std::size_t header_size = 40;

    static Parsed<BasicIpv6> parse(std::span<Byte> bytes, Extent extent = Extent::whole) {
        if (bytes.size() < header_size) {
            return bytes.empty() || bytes[0] >> 4 == 6 ? Malformed::truncated
                                                       : Malformed::wrong_version;
        }
        if (bytes[0] >> 4 != 6) {
            return Malformed::wrong_version;
        }
        const BasicIpv6 view(bytes);
        const std::size_t total = header_size + view.payload_length();
        if (extent == Extent::whole && total > bytes.size()) {
            return Malformed::truncated;
        }
        return total <= bytes.size() ? BasicIpv6(bytes.first(total)) : view;
    }

    std::uint8_t traffic_class() const { return static_cast<std::uint8_t>(read16(bytes_, 0) >> 4); }
    std::uint32_t flow_label() const { return read32(bytes_, 0) & 0xFFFFFU; }
    /// In bytes, extension headers included. 0 also in a jumbogram (RFC 2675), which is not read.
    std::uint16_t payload_length() const { return read16(bytes_, 4); }
    /// The first extension header's number, or the transport's.
    std::uint8_t next_header() const { return bytes_[6]; }
    std::uint8_t hop_limit() const { return bytes_[7]; }
    Address source() const { return read_address(Family::ipv6, bytes_, 8); }
    Address destination() const { return read_address(Family::ipv6, bytes_, 24); }

    std::span<Byte> bytes() const { return bytes_; }
    /// What follows the fixed header, extension headers included.
    std::span<Byte> payload() const { return bytes_.subspan(header_size); }

    void set_hop_limit(std::uint8_t v) const requires Writable<Byte> { bytes_[7] = v; }
    /// `a` is an IPv6 address.
    void set_source(const Address& a) const requires Writable<Byte> { write_address(bytes_, 8, a); }
    void set_destination(const Address& a) const requires Writable<Byte> {
        write_address(bytes_, 24, a);
    }

private:
    explicit BasicIpv6(std::span<Byte> bytes) : bytes_(bytes) {}

    std::span<Byte> bytes_;
};

using Ipv6View = BasicIpv6<const std::uint8_t>;
using Ipv6Editor = BasicIpv6<std::uint8_t>;

/// What the walk through the extension headers found.
struct Ipv6Chain {
    std::uint8_t protocol = 0;        ///< the first header that is no extension (or ESP, or 59)
    std::size_t offset = 0;           ///< where it starts, from the start of the payload
    bool fragmented = false;          ///< a fragment header with an offset or more to come
    std::size_t fragment_offset = 0;  ///< in bytes
    bool more_fragments = false;
    /// A routing header with segments left: the pseudo header's destination is not the header's.
    bool source_routed = false;
};

/// Walks hop-by-hop, destination options, routing, fragment, authentication, mobility, HIP and
/// shim6 headers. Stops at the transport, at ESP (what follows is not readable), at "no next
/// header", and behind the fragment header of a later fragment, since what follows there is data.
Parsed<Ipv6Chain> walk_extension_headers(std::uint8_t next_header,
                                         std::span<const std::uint8_t> payload);

}  // namespace lvslab::packet
