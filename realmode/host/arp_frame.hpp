// SPDX-License-Identifier: GPL-2.0-only
/// Gratuitous ARP and ARP probes, as bytes on the wire. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/base/address.hpp"

namespace lvslab::realmode {

/// An Ethernet address.
using HardwareAddress = std::array<std::uint8_t, 6>;

/// An Ethernet frame of the least length, without its checksum.
using ArpFrame = std::array<std::uint8_t, 60>;

/// The frame that says "this address is mine" (send_arp.c, main): an ARP reply (operation 2) to
/// all, sender and target address the same, both hardware addresses the owner's (RFC 5944, 4.6).
/// `address` is an IPv4 address.
ArpFrame gratuitous_arp(const Address& address, const HardwareAddress& owner);

/// The frame that asks all whether somebody has the address, and changes nobody's table: a request
/// with the sender address 0.0.0.0 (RFC 5227, 2.1.1).
ArpFrame arp_probe(const Address& address, const HardwareAddress& asks);

/// Who says in an ARP packet of a whole Ethernet frame that `address` is its own (RFC 5227, 2.1.1:
/// any packet whose sender address it is). Nothing if the frame says no such thing.
std::optional<HardwareAddress> arp_owner(std::span<const std::uint8_t> frame,
                                         const Address& address);

/// "02:00:00:00:00:99"
std::string to_string(const HardwareAddress& address);

}  // namespace lvslab::realmode
