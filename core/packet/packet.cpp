// SPDX-License-Identifier: GPL-2.0-only
#include "core/packet/packet.hpp"

namespace lvslab::packet {
namespace {

Fragment fragment_kind(std::size_t offset, bool more) {
    return offset != 0 ? Fragment::later : more ? Fragment::first : Fragment::none;
}

}  // namespace

template <class Byte>
Parsed<BasicPacket<Byte>> BasicPacket<Byte>::parse(std::span<Byte> bytes, Extent extent) {
    if (bytes.empty()) {
        return Malformed::truncated;
    }
    switch (bytes[0] >> 4) {
        case 4:
            return from_ipv4(bytes, extent);
        case 6:
            return from_ipv6(bytes, extent);
        default:
            return Malformed::wrong_version;
    }
}

template <class Byte>
Parsed<BasicPacket<Byte>> BasicPacket<Byte>::from_ipv4(std::span<Byte> bytes, Extent extent) {
    const auto ip = BasicIpv4<Byte>::parse(bytes, extent);
    if (!ip) {
        return ip.reason();
    }
    BasicPacket packet{Ip(*ip)};
    packet.protocol_number_ = ip->protocol();
    packet.fragment_ = fragment_kind(ip->fragment_offset(), ip->more_fragments());
    packet.complete_ = ip->bytes().size() == ip->total_length();
    packet.transport_bytes_ = ip->payload();
    const auto reason = packet.read_transport();
    return reason == Malformed::none ? Parsed<BasicPacket>(packet) : reason;
}

template <class Byte>
Parsed<BasicPacket<Byte>> BasicPacket<Byte>::from_ipv6(std::span<Byte> bytes, Extent extent) {
    const auto ip = BasicIpv6<Byte>::parse(bytes, extent);
    if (!ip) {
        return ip.reason();
    }
    const auto chain = walk_extension_headers(ip->next_header(), ip->payload());
    if (!chain) {
        return chain.reason();
    }
    BasicPacket packet{Ip(*ip)};
    packet.protocol_number_ = chain->protocol;
    packet.fragment_ = fragment_kind(chain->fragment_offset, chain->more_fragments);
    packet.source_routed_ = chain->source_routed;
    packet.complete_ = ip->payload().size() == ip->payload_length();
    packet.transport_bytes_ = ip->payload().subspan(chain->offset);
    const auto reason = packet.read_transport();
    return reason == Malformed::none ? Parsed<BasicPacket>(packet) : reason;
}

template <class Byte>
Malformed BasicPacket<Byte>::read_transport() {
    if (fragment_ == Fragment::later) {
        return Malformed::none;
    }
    const auto keep = [this](const auto& parsed) {
        if (parsed) {
            transport_ = *parsed;
        }
        return parsed.reason();
    };
    // A first fragment ends before the lengths in its transport header do.
    const bool whole = complete_ && fragment_ == Fragment::none;
    const Extent extent = whole ? Extent::whole : Extent::headers;
    switch (protocol_number_) {
        case BasicTcp<Byte>::protocol_number:
            return keep(BasicTcp<Byte>::parse(transport_bytes_, extent));
        case BasicUdp<Byte>::protocol_number:
            return keep(BasicUdp<Byte>::parse(transport_bytes_, extent));
        case icmp_protocol_number:
        case icmpv6_protocol_number:
            // ICMP over IPv6 or ICMPv6 over IPv4 is a number without meaning: left unread.
            if ((protocol_number_ == icmp_protocol_number) == (family() == Family::ipv4)) {
                return keep(BasicIcmp<Byte>::parse(family(), transport_bytes_));
            }
            return Malformed::none;
        default:
            return Malformed::none;
    }
}

template <class Byte>
std::optional<Flow> BasicPacket<Byte>::flow() const {
    if (const auto segment = tcp()) {
        return Flow{Protocol::tcp,
                    {source(), segment->source_port()},
                    {destination(), segment->destination_port()},
                    segment->flags()};
    }
    if (const auto datagram = udp()) {
        return Flow{Protocol::udp,
                    {source(), datagram->source_port()},
                    {destination(), datagram->destination_port()}};
    }
    return std::nullopt;
}

template class BasicPacket<const std::uint8_t>;
template class BasicPacket<std::uint8_t>;

std::optional<Flow> flow_of(std::span<const std::uint8_t> bytes, Extent extent) {
    const auto packet = PacketView::parse(bytes, extent);
    return packet ? packet->flow() : std::nullopt;
}

}  // namespace lvslab::packet
