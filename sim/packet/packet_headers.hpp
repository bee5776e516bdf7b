// SPDX-License-Identifier: GPL-2.0-only
/// An ns-3 packet's headers in the form that core/packet reads and writes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/packet/packet.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// The IP header and the fixed part of the TCP or UDP header of a packet that ns-3 is routing
/// (its IP header already taken off). Neither copied nor moved: views point into it.
class PacketHeaders {
public:
    PacketHeaders(const ns3::Ipv4Header& header, ns3::Ptr<const ns3::Packet> packet);
    PacketHeaders(const PacketHeaders&) = delete;
    PacketHeaders& operator=(const PacketHeaders&) = delete;

    /// Empty unless it is a whole TCP or UDP packet with good headers.
    const std::optional<packet::Flow>& flow() const { return flow_; }
    /// Only if there is a flow.
    const packet::PacketEditor& editor() const { return *editor_; }

    /// The packet with the headers as they were rewritten, payload untouched; and its IP header.
    ns3::Ptr<ns3::Packet> rewritten_packet() const;
    ns3::Ipv4Header rewritten_header() const;

private:
    static constexpr std::size_t ip_bytes = 20;

    const ns3::Ipv4Header& header_;
    ns3::Ptr<const ns3::Packet> packet_;
    std::array<std::uint8_t, ip_bytes + 20> bytes_{};
    std::optional<packet::PacketEditor> editor_;
    std::optional<packet::Flow> flow_;
};

}  // namespace lvslab::packet_world
