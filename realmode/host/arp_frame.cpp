// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/arp_frame.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/packet/bytes.hpp"

namespace lvslab::realmode {
namespace {

// Offsets: Ethernet II, then RFC 826 for Ethernet and IPv4.
constexpr std::size_t source = 6, type = 12, arp = 14;
constexpr std::size_t sender_hardware = arp + 8, sender = arp + 14;
constexpr std::size_t target_hardware = arp + 18, target = arp + 24;
constexpr std::uint16_t request = 1, reply = 2;

/// From `from` to all, all of its fields but addresses.
ArpFrame to_all(const HardwareAddress& from, std::uint16_t operation) {
    ArpFrame frame{};
    std::ranges::fill_n(frame.begin(), 6, std::uint8_t{0xFF});
    std::ranges::copy(from, frame.begin() + source);
    packet::write16(frame, type, 0x0806);
    packet::write16(frame, arp, 1);           // Ethernet
    packet::write16(frame, arp + 2, 0x0800);  // IPv4
    frame[arp + 4] = 6;
    frame[arp + 5] = 4;
    packet::write16(frame, arp + 6, operation);
    std::ranges::copy(from, frame.begin() + sender_hardware);
    return frame;
}

}  // namespace

ArpFrame gratuitous_arp(const Address& address, const HardwareAddress& owner) {
    auto frame = to_all(owner, reply);
    packet::write_address(frame, sender, address);
    std::ranges::copy(owner, frame.begin() + target_hardware);
    packet::write_address(frame, target, address);
    return frame;
}

ArpFrame arp_probe(const Address& address, const HardwareAddress& asks) {
    auto frame = to_all(asks, request);
    packet::write_address(frame, target, address);
    return frame;
}

std::optional<HardwareAddress> arp_owner(std::span<const std::uint8_t> frame,
                                         const Address& address) {
    constexpr std::array<std::uint8_t, 8> begins{0x08, 0x06, 0, 1, 0x08, 0, 6, 4};
    if (frame.size() < target + 4 || !address.is_v4() ||
        !std::ranges::equal(frame.subspan(type, begins.size()), begins)) {
        return std::nullopt;
    }
    std::array<std::uint8_t, 4> bytes{};
    packet::write_address(bytes, 0, address);
    if (!std::ranges::equal(frame.subspan(sender, bytes.size()), bytes)) {
        return std::nullopt;
    }
    HardwareAddress owner{};
    std::ranges::copy(frame.subspan(sender_hardware, owner.size()), owner.begin());
    return owner;
}

std::string to_string(const HardwareAddress& address) {
    return fmt::format("{:02x}", fmt::join(address, ":"));
}

}  // namespace lvslab::realmode
