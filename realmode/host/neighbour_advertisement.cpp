// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/neighbour_advertisement.hpp"

#include <algorithm>
#include <span>

#include "core/packet/bytes.hpp"
#include "core/packet/checksum.hpp"

namespace lvslab::realmode {
namespace {

constexpr std::uint8_t icmpv6 = 58;
constexpr std::uint8_t solicitation = 135, advertisement = 136;
constexpr std::uint32_t router_flag = 0x80000000, override_flag = 0x20000000;
constexpr std::uint8_t target_hardware_option = 2;

constexpr Address all_nodes() {
    Address::Bytes bytes{};
    bytes[0] = 0xFF;
    bytes[1] = 0x02;
    bytes[15] = 0x01;
    return Address::v6(bytes);
}

/// ff02::1:ffXX:XXXX (RFC 4291, 2.7.1)
Address solicited_node(const Address& address) {
    Address::Bytes bytes{0xFF, 0x02};
    bytes[11] = 0x01;
    bytes[12] = 0xFF;
    std::ranges::copy(std::span(address.bytes()).last(3), bytes.begin() + 13);
    return Address::v6(bytes);
}

// Offsets: Ethernet II, IPv6, ICMPv6.
constexpr std::size_t source = 6, type = 12, ip = 14, icmp = ip + 40;
constexpr std::size_t checksum = icmp + 2, target = icmp + 8, option = icmp + 24;

}  // namespace

AdvertisementFrame unsolicited_advertisement(const Address& address, const HardwareAddress& owner,
                                             bool router) {
    AdvertisementFrame frame{};
    const auto length = static_cast<std::uint16_t>(frame.size() - icmp);
    constexpr HardwareAddress to_all_nodes{0x33, 0x33, 0, 0, 0, 1};
    std::ranges::copy(to_all_nodes, frame.begin());
    std::ranges::copy(owner, frame.begin() + source);
    packet::write16(frame, type, 0x86DD);

    frame[ip] = 0x60;
    packet::write16(frame, ip + 4, length);
    frame[ip + 6] = icmpv6;
    frame[ip + 7] = 255;  // or it counts as forged
    packet::write_address(frame, ip + 8, address);
    packet::write_address(frame, ip + 24, all_nodes());

    frame[icmp] = advertisement;
    packet::write32(frame, icmp + 4, override_flag | (router ? router_flag : 0));
    packet::write_address(frame, target, address);
    frame[option] = target_hardware_option;
    frame[option + 1] = 1;  // times 8 bytes
    std::ranges::copy(owner, frame.begin() + option + 2);

    packet::ChecksumSum sum;
    sum.add_pseudo_header(address, all_nodes(), icmpv6, length);
    sum.add(std::span(frame).subspan(icmp));
    packet::write16(frame, checksum, sum.checksum());
    return frame;
}

SolicitationFrame duplicate_address_solicitation(const Address& address,
                                                 const HardwareAddress& asks) {
    SolicitationFrame frame{};
    const auto length = static_cast<std::uint16_t>(frame.size() - icmp);
    const auto group = solicited_node(address);
    constexpr std::array<std::uint8_t, 2> multicast{0x33, 0x33};
    std::ranges::copy(multicast, frame.begin());
    std::ranges::copy(std::span(group.bytes()).last(4), frame.begin() + 2);
    std::ranges::copy(asks, frame.begin() + source);
    packet::write16(frame, type, 0x86DD);

    frame[ip] = 0x60;
    packet::write16(frame, ip + 4, length);
    frame[ip + 6] = icmpv6;
    frame[ip + 7] = 255;
    packet::write_address(frame, ip + 24, group);

    frame[icmp] = solicitation;
    packet::write_address(frame, target, address);

    packet::ChecksumSum sum;
    sum.add_pseudo_header(Address::v6({}), group, icmpv6, length);
    sum.add(std::span(frame).subspan(icmp));
    packet::write16(frame, checksum, sum.checksum());
    return frame;
}

std::optional<HardwareAddress> advertised_owner(std::span<const std::uint8_t> frame,
                                                const Address& address) {
    if (frame.size() < option || address.is_v4() || frame[type] != 0x86 ||
        frame[type + 1] != 0xDD || frame[ip + 6] != icmpv6 || frame[ip + 7] != 255 ||
        frame[icmp] != advertisement) {
        return std::nullopt;
    }
    Address::Bytes about{};
    std::ranges::copy(frame.subspan(target, about.size()), about.begin());
    if (Address::v6(about) != address) {
        return std::nullopt;
    }
    HardwareAddress owner{};
    const bool told = frame.size() >= option + 8 && frame[option] == target_hardware_option &&
                      frame[option + 1] == 1;
    std::ranges::copy(frame.subspan(told ? option + 2 : source, owner.size()), owner.begin());
    return owner;
}

}  // namespace lvslab::realmode
