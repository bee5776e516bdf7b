// SPDX-License-Identifier: GPL-2.0-only
/// Neighbour discovery, as bytes on the wire: who has an address, and "it is mine". Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/address.hpp"
#include "realmode/host/arp_frame.hpp"

namespace lvslab::realmode {

/// Ethernet, IPv6 and ICMPv6 with one option.
using AdvertisementFrame = std::array<std::uint8_t, 86>;

/// What gratuitous ARP is under IPv6 (RFC 4861, 4.4 and 7.2.6): to all nodes, from the address and
/// about it, override flag set, the owner's hardware address as the target's. `router`: the node
/// forwards; a neighbour that has the address as its router drops it if the flag goes (7.2.5).
AdvertisementFrame unsolicited_advertisement(const Address& address, const HardwareAddress& owner,
                                             bool router);

/// Ethernet, IPv6 and ICMPv6 without options.
using SolicitationFrame = std::array<std::uint8_t, 78>;

/// The frame that asks whether somebody has the address, and changes nobody's table: a solicitation
/// from the unspecified address, as duplicate address detection sends it (RFC 4862, 5.4.2).
SolicitationFrame duplicate_address_solicitation(const Address& address,
                                                 const HardwareAddress& asks);

/// Who says in an advertisement of a whole Ethernet frame that `address` is its own: the hardware
/// address of its option, or the frame's own. Nothing if the frame says no such thing.
std::optional<HardwareAddress> advertised_owner(std::span<const std::uint8_t> frame,
                                                const Address& address);

}  // namespace lvslab::realmode
