// SPDX-License-Identifier: GPL-2.0-only
/// Packets of a header and zeros.
#pragma once

#include <cstdint>
#include <span>

#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// `bytes` in all, the header included. (Packet::AddPaddingAtEnd would leave them as the memory
/// was: other checksums and captures in every run.)
inline ns3::Ptr<ns3::Packet> zeros_after(std::span<const std::uint8_t> header,
                                         std::uint32_t bytes) {
    const auto packet =
        ns3::Create<ns3::Packet>(header.data(), static_cast<std::uint32_t>(header.size()));
    if (bytes > header.size()) {
        packet->AddAtEnd(
            ns3::Create<ns3::Packet>(bytes - static_cast<std::uint32_t>(header.size())));
    }
    return packet;
}

}  // namespace lvslab::packet_world
