// SPDX-License-Identifier: GPL-2.0-only
/// Puts IPv4 fragments together before IPVS sees them, as Linux does (ip_defrag): only the first
/// fragment of a datagram has the ports.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>

#include "core/base/time.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// A datagram without its IP header, and that header.
struct Datagram {
    ns3::Ptr<const ns3::Packet> packet;
    ns3::Ipv4Header header;
};

class Reassembler {
public:
    static bool is_fragment(const ns3::Ipv4Header& header) {
        return !header.IsLastFragment() || header.GetFragmentOffset() != 0;
    }

    /// The whole datagram, once its last missing fragment has come. A repeated fragment is left
    /// out; a datagram whose fragments overlap never becomes whole. What is not whole 30 s after
    /// its first fragment is forgotten (net.ipv4.ipfrag_time).
    std::optional<Datagram> add(const ns3::Ptr<const ns3::Packet>& packet,
                                const ns3::Ipv4Header& header, Time now);

private:
    struct Key {
        std::uint32_t source, destination;
        std::uint16_t identification;
        std::uint8_t protocol;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Parts {
        Time since;
        std::map<std::uint32_t, ns3::Ptr<const ns3::Packet>> by_offset;
        std::optional<std::uint32_t> size;  ///< known once the last fragment is here
    };

    static ns3::Ptr<ns3::Packet> joined(const Parts& parts);

    std::map<Key, Parts> datagrams_;
};

}  // namespace lvslab::packet_world
