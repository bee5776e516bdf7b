// SPDX-License-Identifier: GPL-2.0-only
/// The IP packet in a captured frame.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace lvslab::trace {

/// What stands before IP in a capture's frames.
enum class LinkLayer : std::uint8_t {
    ethernet,        ///< with any number of VLAN tags (802.1Q, 802.1ad)
    raw,             ///< nothing
    loopback,        ///< 4 bytes with an address family (BSD's)
    linux_cooked,    ///< SLL: 16 bytes, as captured on "any"
    linux_cooked_2,  ///< SLL2: 20 bytes
};

/// The link layer by libpcap's number (DLT_* as pcap_datalink() gives it); nothing for others.
std::optional<LinkLayer> link_layer_of(int datalink);

/// The bytes from the IP header on, trailer included; empty if the frame carries no IP or ends
/// before it. VLAN tags are stepped over on every link layer that has an EtherType.
std::span<const std::uint8_t> ip_of_frame(LinkLayer link, std::span<const std::uint8_t> frame);

}  // namespace lvslab::trace
