// SPDX-License-Identifier: GPL-2.0-only
#include "core/trace/link_layer.hpp"

#include "core/packet/bytes.hpp"

namespace lvslab::trace {
namespace {

constexpr std::uint16_t ipv4_type = 0x0800, ipv6_type = 0x86DD;
constexpr std::uint16_t vlan_type = 0x8100, provider_vlan_type = 0x88A8, old_vlan_type = 0x9100;

/// The packet behind an EtherType that stands at `type_at`, its payload beginning at `behind`.
std::span<const std::uint8_t> behind_type(std::span<const std::uint8_t> frame, std::size_t type_at,
                                          std::size_t behind) {
    while (frame.size() >= behind) {
        const auto type = packet::read16(frame, type_at);
        if (type == ipv4_type || type == ipv6_type) {
            return frame.subspan(behind);
        }
        if (type != vlan_type && type != provider_vlan_type && type != old_vlan_type) {
            return {};
        }
        type_at = behind + 2;
        behind += 4;
    }
    return {};
}

}  // namespace

std::optional<LinkLayer> link_layer_of(int datalink) {
    switch (datalink) {
        case 1:
            return LinkLayer::ethernet;
        case 12:   // DLT_RAW, on most systems
        case 14:   // DLT_RAW, on OpenBSD
        case 101:  // LINKTYPE_RAW
        case 228:  // DLT_IPV4
        case 229:  // DLT_IPV6
            return LinkLayer::raw;
        case 0:    // DLT_NULL
        case 108:  // DLT_LOOP
            return LinkLayer::loopback;
        case 113:
            return LinkLayer::linux_cooked;
        case 276:
            return LinkLayer::linux_cooked_2;
        default:
            return std::nullopt;
    }
}

std::span<const std::uint8_t> ip_of_frame(LinkLayer link, std::span<const std::uint8_t> frame) {
    constexpr std::size_t family_size = 4;
    switch (link) {
        case LinkLayer::ethernet:
            return behind_type(frame, 12, 14);
        case LinkLayer::linux_cooked:
            return behind_type(frame, 14, 16);
        case LinkLayer::linux_cooked_2:
            return behind_type(frame, 0, 20);
        case LinkLayer::loopback:
            // Numbers of families differ between systems; IP's version does not.
            return frame.size() > family_size ? frame.subspan(family_size) : frame.first(0);
        case LinkLayer::raw:
            break;
    }
    return frame;
}

}  // namespace lvslab::trace
