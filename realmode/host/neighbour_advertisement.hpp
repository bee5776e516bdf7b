// SPDX-License-Identifier: GPL-2.0-only
/// Unsolicited neighbour advertisement, as bytes on the wire. Pure.
#pragma once

#include <array>
#include <cstdint>

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

}  // namespace lvslab::realmode
