// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/reassembly.hpp"

namespace lvslab::packet_world {

std::optional<Datagram> Reassembler::add(const ns3::Ptr<const ns3::Packet>& packet,
                                         const ns3::Ipv4Header& header, Time now) {
    std::erase_if(datagrams_, [&](const auto& entry) {
        return entry.second.since + std::chrono::seconds(30) <= now;
    });
    const Key key{header.GetSource().Get(), header.GetDestination().Get(),
                  header.GetIdentification(), header.GetProtocol()};
    auto& parts = datagrams_.try_emplace(key, Parts{now, {}, {}}).first->second;
    const std::uint32_t offset = header.GetFragmentOffset();
    parts.by_offset.try_emplace(offset, packet);
    if (header.IsLastFragment()) {
        parts.size = offset + packet->GetSize();
    }
    const auto whole = joined(parts);
    if (!whole) {
        return std::nullopt;
    }
    datagrams_.erase(key);
    Datagram datagram{whole, header};
    datagram.header.SetFragmentOffset(0);
    datagram.header.SetLastFragment();
    datagram.header.SetPayloadSize(static_cast<std::uint16_t>(whole->GetSize()));
    return datagram;
}

/// Null while something is missing.
ns3::Ptr<ns3::Packet> Reassembler::joined(const Parts& parts) {
    std::uint32_t end = 0;
    for (const auto& [offset, part] : parts.by_offset) {
        if (offset != end) {
            return nullptr;
        }
        end += part->GetSize();
    }
    if (parts.size != end) {
        return nullptr;
    }
    auto whole = ns3::Create<ns3::Packet>();
    for (const auto& [offset, part] : parts.by_offset) {
        whole->AddAtEnd(part);
    }
    return whole;
}

}  // namespace lvslab::packet_world
