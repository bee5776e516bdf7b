// SPDX-License-Identifier: GPL-2.0-only
#include "core/packet/rewrite.hpp"

namespace lvslab::packet {
namespace {

template <class Byte>
bool is_icmp(const BasicPacket<Byte>& packet) {
    return packet.protocol_number() ==
           (packet.family() == Family::ipv4 ? icmp_protocol_number : icmpv6_protocol_number);
}

/// Is the checksum of this transport over (or known not to be over) the addresses?
bool checksum_known(const PacketEditor& packet) {
    return packet.protocol_number() == TcpEditor::protocol_number ||
           packet.protocol_number() == UdpEditor::protocol_number || is_icmp(packet);
}

/// A UDP checksum as it goes on the wire: 0 would say that there is none (RFC 768).
std::uint16_t udp_on_wire(std::uint16_t checksum) {
    return checksum == 0 ? std::uint16_t{0xFFFF} : checksum;
}

void apply_to_transport(const PacketEditor& packet, const ChecksumChange& change) {
    if (const auto tcp = packet.tcp()) {
        tcp->set_checksum(change.applied_to(tcp->checksum()));
    } else if (const auto udp = packet.udp()) {
        if (udp->checksum() != 0) {
            udp->set_checksum(udp_on_wire(change.applied_to(udp->checksum())));
        }
    } else if (const auto icmp = packet.icmp(); icmp && packet.family() == Family::ipv6) {
        // ICMPv6 has a pseudo header, ICMP has none.
        icmp->set_checksum(change.applied_to(icmp->checksum()));
    }
}

struct Side {
    bool source;

    Address address(const PacketEditor& p) const { return source ? p.source() : p.destination(); }
    template <class Transport>
    Port port(const Transport& t) const {
        return source ? t.source_port() : t.destination_port();
    }
    void set_address(const PacketEditor& packet, const Address& a) const {
        std::visit([&](const auto& ip) { source ? ip.set_source(a) : ip.set_destination(a); },
                   packet.ip());
    }
    template <class Transport>
    void set_port(const Transport& t, Port p) const {
        source ? t.set_source_port(p) : t.set_destination_port(p);
    }
};

template <class Transport>
void rewrite_port(const Transport& transport, Side side, Port port, ChecksumChange& change) {
    change.replace16(side.port(transport).value(), port.value());
    side.set_port(transport, port);
}

bool rewrite(const PacketEditor& packet, Side side, const Endpoint& endpoint) {
    if (packet.family() != endpoint.address.family() || packet.source_routed() ||
        !checksum_known(packet)) {
        return false;
    }
    ChecksumChange change;
    change.replace(side.address(packet), endpoint.address);
    side.set_address(packet, endpoint.address);
    if (const auto ipv4 = packet.ipv4()) {
        ipv4->set_checksum(change.applied_to(ipv4->checksum()));
    }
    if (const auto tcp = packet.tcp()) {
        rewrite_port(*tcp, side, endpoint.port, change);
    } else if (const auto udp = packet.udp()) {
        rewrite_port(*udp, side, endpoint.port, change);
    }
    apply_to_transport(packet, change);
    return true;
}

}  // namespace

bool rewrite_source(const PacketEditor& packet, const Endpoint& source) {
    return rewrite(packet, Side{true}, source);
}

bool rewrite_destination(const PacketEditor& packet, const Endpoint& destination) {
    return rewrite(packet, Side{false}, destination);
}

bool decrement_hop_limit(const PacketEditor& packet) {
    if (const auto ipv6 = packet.ipv6()) {
        if (ipv6->hop_limit() == 0) {
            return false;
        }
        ipv6->set_hop_limit(static_cast<std::uint8_t>(ipv6->hop_limit() - 1));
        return true;
    }
    const auto ipv4 = *packet.ipv4();
    if (ipv4.time_to_live() == 0) {
        return false;
    }
    const auto word = [&] { return read16(ipv4.bytes(), 8); };
    const auto before = word();
    ipv4.set_time_to_live(static_cast<std::uint8_t>(ipv4.time_to_live() - 1));
    ChecksumChange change;
    change.replace16(before, word());
    ipv4.set_checksum(change.applied_to(ipv4.checksum()));
    return true;
}

template <class Byte>
std::optional<std::uint16_t> full_transport_checksum(const BasicPacket<Byte>& packet) {
    if (!packet.complete() || packet.fragment() != Fragment::none || packet.source_routed()) {
        return std::nullopt;
    }
    std::span<const std::uint8_t> bytes = packet.transport_bytes();
    std::size_t field = 0;
    if (packet.tcp()) {
        field = 16;
    } else if (const auto udp = packet.udp()) {
        field = 6;
        bytes = udp->bytes();
    } else if (packet.icmp()) {
        field = 2;
    } else {
        return std::nullopt;
    }
    ChecksumSum sum;
    sum.add(bytes.first(field));
    sum.add(bytes.subspan(field + 2));
    if (!packet.icmp() || packet.family() == Family::ipv6) {
        sum.add_pseudo_header(packet.source(), packet.destination(), packet.protocol_number(),
                              static_cast<std::uint32_t>(bytes.size()));
    }
    const auto checksum = sum.checksum();
    return packet.udp() ? udp_on_wire(checksum) : checksum;
}

template <class Byte>
ChecksumState transport_checksum_state(const BasicPacket<Byte>& packet) {
    const auto full = full_transport_checksum(packet);
    if (!full) {
        return ChecksumState::unknown;
    }
    if (const auto udp = packet.udp()) {
        if (udp->checksum() == 0) {
            // IPv6 has no header checksum to fall back on: it must not be 0 (RFC 8200, 8.1).
            return packet.family() == Family::ipv4 ? ChecksumState::none : ChecksumState::wrong;
        }
        return udp->checksum() == *full ? ChecksumState::valid : ChecksumState::wrong;
    }
    const auto carried = packet.tcp() ? packet.tcp()->checksum() : packet.icmp()->checksum();
    // 0xFFFF is the other zero: a receiver's sum takes both.
    return carried == *full || (*full == 0 && carried == 0xFFFF) ? ChecksumState::valid
                                                                 : ChecksumState::wrong;
}

void fill_checksums(const PacketEditor& packet) {
    if (const auto ipv4 = packet.ipv4()) {
        ipv4->update_checksum();
    }
    const auto full = full_transport_checksum(packet);
    if (!full) {
        return;
    }
    if (const auto tcp = packet.tcp()) {
        tcp->set_checksum(*full);
    } else if (const auto udp = packet.udp()) {
        udp->set_checksum(*full);
    } else if (const auto icmp = packet.icmp()) {
        icmp->set_checksum(*full);
    }
}

template std::optional<std::uint16_t> full_transport_checksum(const PacketView&);
template std::optional<std::uint16_t> full_transport_checksum(const PacketEditor&);
template ChecksumState transport_checksum_state(const PacketView&);
template ChecksumState transport_checksum_state(const PacketEditor&);

}  // namespace lvslab::packet
