// SPDX-License-Identifier: GPL-2.0-only
/// Text as a packet's payload, and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// The payload's bytes.
inline std::string text_of(const ns3::Packet& packet) {
    std::string text(packet.GetSize(), '\0');
    packet.CopyData(reinterpret_cast<std::uint8_t*>(text.data()), packet.GetSize());
    return text;
}

/// A packet of these bytes; at the most 4 GiB, as ns-3 counts a packet's bytes in 32 bits.
inline ns3::Ptr<ns3::Packet> packet_of(std::string_view text) {
    return ns3::Create<ns3::Packet>(reinterpret_cast<const std::uint8_t*>(text.data()),
                                    static_cast<std::uint32_t>(text.size()));
}

}  // namespace lvslab::packet_world
