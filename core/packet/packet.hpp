// SPDX-License-Identifier: GPL-2.0-only
/// A whole IP packet: its addresses, its transport header, its flow.
#pragma once

#include <optional>
#include <span>
#include <variant>

#include "core/base/quantities.hpp"
#include "core/packet/icmp.hpp"
#include "core/packet/ipv4.hpp"
#include "core/packet/ipv6.hpp"
#include "core/packet/parsed.hpp"
#include "core/packet/tcp.hpp"
#include "core/packet/udp.hpp"

namespace lvslab::packet {

/// The 5-tuple of a packet and its TCP flags: what IPVS looks at.
struct Flow {
    Protocol protocol = Protocol::tcp;
    Endpoint source;
    Endpoint destination;
    std::uint8_t tcp_flags = 0;  ///< see tcp_flag; 0 for other protocols

    friend bool operator==(const Flow&, const Flow&) = default;
};

enum class Fragment : std::uint8_t {
    none,   ///< a whole datagram
    first,  ///< its beginning, with the transport header
    later,  ///< bytes from its middle or end: no transport header, no ports
};

/// An IP packet in a span of bytes, read (`PacketView`) or written too (`PacketEditor`).
///
/// Fragments are not put together here. The first one has its transport header and its flow; a
/// later one has neither: `flow()`, `tcp()`, `udp()`, `icmp()` are empty and whoever needs the
/// ports has to reassemble first, as Linux does before IPVS sees a packet.
template <class Byte>
class BasicPacket {
public:
    using Ip = std::variant<BasicIpv4<Byte>, BasicIpv6<Byte>>;
    using Transport = std::variant<std::monostate, BasicTcp<Byte>, BasicUdp<Byte>, BasicIcmp<Byte>>;

    /// Malformed if any header up to the transport's is. A transport that is none of TCP, UDP and
    /// ICMP is left unread.
    static Parsed<BasicPacket> parse(std::span<Byte> bytes, Extent extent = Extent::whole);

    Family family() const { return ip_.index() == 0 ? Family::ipv4 : Family::ipv6; }
    Address source() const {
        return std::visit([](const auto& ip) { return ip.source(); }, ip_);
    }
    Address destination() const {
        return std::visit([](const auto& ip) { return ip.destination(); }, ip_);
    }
    /// The IP header.
    const Ip& ip() const { return ip_; }
    std::optional<BasicIpv4<Byte>> ipv4() const { return get_if<BasicIpv4<Byte>>(ip_); }
    std::optional<BasicIpv6<Byte>> ipv6() const { return get_if<BasicIpv6<Byte>>(ip_); }
    Fragment fragment() const { return fragment_; }
    /// Of what the IP packet carries, behind IPv6's extension headers.
    std::uint8_t protocol_number() const { return protocol_number_; }
    /// IPv6 with a routing header that has segments left: the destination here is not the last.
    bool source_routed() const { return source_routed_; }
    /// Do the bytes hold all of the packet? Not with a shorter Extent::headers.
    bool complete() const { return complete_; }

    const Transport& transport() const { return transport_; }
    std::optional<BasicTcp<Byte>> tcp() const { return get_if<BasicTcp<Byte>>(transport_); }
    std::optional<BasicUdp<Byte>> udp() const { return get_if<BasicUdp<Byte>>(transport_); }
    std::optional<BasicIcmp<Byte>> icmp() const { return get_if<BasicIcmp<Byte>>(transport_); }
    /// What the IP packet carries: transport header and all, or a fragment's bytes.
    std::span<Byte> transport_bytes() const { return transport_bytes_; }

    /// TCP and UDP, but no later fragment.
    std::optional<Flow> flow() const;

private:
    BasicPacket(Ip ip) : ip_(ip) {}

    template <class T, class Variant>
    static std::optional<T> get_if(const Variant& v) {
        const auto* found = std::get_if<T>(&v);
        return found != nullptr ? std::optional<T>(*found) : std::nullopt;
    }
    static Parsed<BasicPacket> from_ipv4(std::span<Byte> bytes, Extent extent);
    static Parsed<BasicPacket> from_ipv6(std::span<Byte> bytes, Extent extent);
    Malformed read_transport();

    Ip ip_;
    Transport transport_;
    std::span<Byte> transport_bytes_;
    Fragment fragment_ = Fragment::none;
    std::uint8_t protocol_number_ = 0;
    bool source_routed_ = false;
    bool complete_ = true;
};

extern template class BasicPacket<const std::uint8_t>;
extern template class BasicPacket<std::uint8_t>;

using PacketView = BasicPacket<const std::uint8_t>;
using PacketEditor = BasicPacket<std::uint8_t>;

/// The flow of the packet in `bytes`; empty if it is malformed, has no ports, or is a later
/// fragment.
std::optional<Flow> flow_of(std::span<const std::uint8_t> bytes, Extent extent = Extent::whole);

}  // namespace lvslab::packet
