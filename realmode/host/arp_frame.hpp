// SPDX-License-Identifier: GPL-2.0-only
/// Gratuitous ARP, as bytes on the wire. Pure.
#pragma once

#include <array>
#include <cstdint>

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

}  // namespace lvslab::realmode
