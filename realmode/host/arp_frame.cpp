// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/arp_frame.hpp"

#include <algorithm>

#include "core/packet/bytes.hpp"

namespace lvslab::realmode {
namespace {

// Offsets: Ethernet II, then RFC 826 for Ethernet and IPv4.
constexpr std::size_t source = 6, type = 12, arp = 14;
constexpr std::size_t sender_hardware = arp + 8, sender = arp + 14;
constexpr std::size_t target_hardware = arp + 18, target = arp + 24;

}  // namespace

ArpFrame gratuitous_arp(const Address& address, const HardwareAddress& owner) {
    ArpFrame frame{};
    const auto put = [&](std::size_t at) { std::ranges::copy(owner, frame.begin() + at); };
    std::ranges::fill_n(frame.begin(), 6, std::uint8_t{0xFF});
    put(source);
    packet::write16(frame, type, 0x0806);
    packet::write16(frame, arp, 1);           // Ethernet
    packet::write16(frame, arp + 2, 0x0800);  // IPv4
    frame[arp + 4] = 6;
    frame[arp + 5] = 4;
    packet::write16(frame, arp + 6, 2);  // reply
    put(sender_hardware);
    packet::write_address(frame, sender, address);
    put(target_hardware);
    packet::write_address(frame, target, address);
    return frame;
}

}  // namespace lvslab::realmode
