// SPDX-License-Identifier: GPL-2.0-only
#include "tests/real/oracle/frame.hpp"

#include <algorithm>
#include <iterator>

namespace lvslab::oracle {
namespace {

constexpr std::uint16_t ether_ipv4 = 0x0800;
constexpr std::uint16_t ether_ipv6 = 0x86DD;
constexpr std::size_t ether_header = 14;
constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv6_header = 40;
constexpr std::uint8_t protocol_icmp = 1;
constexpr std::uint8_t protocol_ipip = 4;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint8_t protocol_udp = 17;
constexpr std::uint8_t protocol_ipv6_in = 41;
constexpr std::uint8_t protocol_icmpv6 = 58;

struct FlagLetter {
    char letter;
    std::uint8_t bit;
};
constexpr std::array<FlagLetter, 5> flag_letters{
    {{'S', 0x02}, {'F', 0x01}, {'R', 0x04}, {'P', 0x08}, {'A', 0x10}}};

using Bytes = std::vector<std::uint8_t>;

void put16(Bytes& out, std::uint32_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put32(Bytes& out, std::uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xFFFFU);
}

void put_address(Bytes& out, const Address& address) {
    const std::size_t length = address.is_v4() ? 4 : 16;
    out.insert(out.end(), address.bytes().begin(),
               std::next(address.bytes().begin(), static_cast<std::ptrdiff_t>(length)));
}

std::uint16_t get16(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>((bytes[at] << 8) | bytes[at + 1]);
}

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : std::uint32_t{bytes[i]};
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xFFFFU) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

void store16(Bytes& out, std::size_t at, std::uint16_t value) {
    out[at] = static_cast<std::uint8_t>(value >> 8);
    out[at + 1] = static_cast<std::uint8_t>(value);
}

Bytes transport_of(const Packet& packet) {
    Bytes out;
    put16(out, packet.source.port);
    put16(out, packet.destination.port);
    if (packet.udp) {
        put16(out, 8);
        put16(out, 0);
    } else {
        put32(out, 1000);
        put32(out, (packet.tcp_flags & 0x10U) != 0 ? 2000 : 0);
        out.push_back(5U << 4);
        out.push_back(packet.tcp_flags);
        put16(out, 64000);
        put32(out, 0);
    }
    Bytes pseudo;
    put_address(pseudo, packet.source.address);
    put_address(pseudo, packet.destination.address);
    put16(pseudo, packet.udp ? protocol_udp : protocol_tcp);
    put16(pseudo, static_cast<std::uint32_t>(out.size()));
    pseudo.insert(pseudo.end(), out.begin(), out.end());
    store16(out, packet.udp ? 6 : 16, internet_checksum(pseudo));
    return out;
}

Bytes network_header_of(const Packet& packet, std::size_t payload) {
    const std::uint8_t protocol = packet.udp ? protocol_udp : protocol_tcp;
    Bytes out;
    if (packet.source.address.is_v4()) {
        put16(out, 0x4500);
        put16(out, static_cast<std::uint32_t>(ipv4_header + payload));
        put32(out, 0x00014000);
        out.push_back(64);
        out.push_back(protocol);
        put16(out, 0);
        put_address(out, packet.source.address);
        put_address(out, packet.destination.address);
        store16(out, 10, internet_checksum(out));
    } else {
        put32(out, 0x60000000);
        put16(out, static_cast<std::uint32_t>(payload));
        out.push_back(protocol);
        out.push_back(64);
        put_address(out, packet.source.address);
        put_address(out, packet.destination.address);
    }
    return out;
}

Address address_at(std::span<const std::uint8_t> bytes, std::size_t at, bool v6) {
    if (!v6) {
        return Address::v4((std::uint32_t{get16(bytes, at)} << 16) | get16(bytes, at + 2));
    }
    Address::Bytes value{};
    std::copy_n(std::next(bytes.begin(), static_cast<std::ptrdiff_t>(at)), value.size(),
                value.begin());
    return Address::v6(value);
}

/// Fills in what the transport header says; false if it is nothing of IPVS's.
bool read_transport(std::span<const std::uint8_t> bytes, std::uint8_t protocol, SeenFrame& seen) {
    if (protocol == protocol_icmp || protocol == protocol_icmpv6) {
        constexpr std::uint8_t icmpv6_errors_end = 128;
        if (bytes.size() < 2 || (protocol == protocol_icmpv6 && bytes[0] >= icmpv6_errors_end)) {
            return false;
        }
        seen.kind = SeenFrame::Kind::icmp;
        seen.icmp_type = bytes[0];
        seen.icmp_code = bytes[1];
        return true;
    }
    if ((protocol != protocol_tcp || bytes.size() < 20) &&
        (protocol != protocol_udp || bytes.size() < 8)) {
        return false;
    }
    seen.kind = protocol == protocol_tcp ? SeenFrame::Kind::tcp : SeenFrame::Kind::udp;
    seen.source.port = get16(bytes, 0);
    seen.destination.port = get16(bytes, 2);
    seen.tcp_flags = protocol == protocol_tcp ? bytes[13] : std::uint8_t{0};
    return true;
}

bool read_network(std::span<const std::uint8_t> bytes, SeenFrame& seen) {
    if (bytes.size() < ipv4_header) {
        return false;
    }
    const bool v6 = bytes[0] >> 4 == 6;
    const std::size_t header = v6 ? ipv6_header : std::size_t{bytes[0] & 0x0FU} * 4;
    if (bytes.size() < header) {
        return false;
    }
    const std::uint8_t protocol = v6 ? bytes[6] : bytes[9];
    seen.source.address = address_at(bytes, v6 ? 8 : 12, v6);
    seen.destination.address = address_at(bytes, v6 ? 24 : 16, v6);
    if (protocol == protocol_ipip || protocol == protocol_ipv6_in) {
        if (seen.tunnel) {
            return false;
        }
        seen.tunnel = seen.destination.address;
        return read_network(bytes.subspan(header), seen);
    }
    return read_transport(bytes.subspan(header), protocol, seen);
}

}  // namespace

std::optional<std::uint8_t> tcp_flags_of(const std::string& letters) {
    std::uint8_t bits = 0;
    for (const char c : letters) {
        const auto* found = std::find_if(flag_letters.begin(), flag_letters.end(),
                                         [c](const FlagLetter& f) { return f.letter == c; });
        if (found == flag_letters.end()) {
            return std::nullopt;
        }
        bits |= found->bit;
    }
    return bits;
}

std::string letters_of(std::uint8_t tcp_flags) {
    std::string out;
    for (const auto& f : flag_letters) {
        if ((tcp_flags & f.bit) != 0) {
            out += f.letter;
        }
    }
    return out;
}

std::vector<std::uint8_t> frame_of(const Packet& packet, const Mac& from, const Mac& to) {
    Bytes out;
    out.insert(out.end(), to.begin(), to.end());
    out.insert(out.end(), from.begin(), from.end());
    put16(out, packet.source.address.is_v4() ? ether_ipv4 : ether_ipv6);
    const Bytes transport = transport_of(packet);
    const Bytes network = network_header_of(packet, transport.size());
    out.insert(out.end(), network.begin(), network.end());
    out.insert(out.end(), transport.begin(), transport.end());
    return out;
}

std::optional<SeenFrame> parse_frame(std::span<const std::uint8_t> frame) {
    SeenFrame seen;
    if (frame.size() < ether_header) {
        return std::nullopt;
    }
    const auto type = get16(frame, 12);
    if (type != ether_ipv4 && type != ether_ipv6) {
        return std::nullopt;
    }
    std::copy_n(frame.begin(), seen.next_hop.size(), seen.next_hop.begin());
    if (!read_network(frame.subspan(ether_header), seen)) {
        return std::nullopt;
    }
    return seen;
}

}  // namespace lvslab::oracle
