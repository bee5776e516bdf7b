// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/sync_watch.hpp"

#include "core/ipvs/sync.hpp"
#include "core/packet/packet.hpp"

namespace lvslab::lab {
namespace {

constexpr std::size_t udp_header = 8;

}  // namespace

void SyncWatch::take(const CapturedFrame& frame) {
    const auto packet = packet::PacketView::parse(frame.packet, packet::Extent::headers);
    const auto flow = packet ? packet->flow() : std::nullopt;
    const Endpoint group{Address::v4(ipvs::sync_multicast_group), Port{ipvs::sync_port}};
    if (!flow || flow->protocol != Protocol::udp || flow->destination != group) {
        return;
    }
    const auto ip = packet->ipv4();
    const auto datagram = ip ? ip->payload() : std::span<const std::uint8_t>();
    if (datagram.size() < udp_header + 5) {
        return;
    }
    const auto bytes = static_cast<std::uint32_t>(datagram[4] << 8 | datagram[5]) - udp_header;
    // Version 1's header begins with a zero byte, version 0's with the number of connections
    // (ip_vs_sync.c, struct ip_vs_sync_mesg and ip_vs_sync_mesg_v0).
    const auto message = datagram.subspan(udp_header);
    const std::uint32_t connections = message[0] == 0 ? message[4] : message[0];
    if (frame.outgoing) {
        sink_.take({frame.time,
                    journal::SyncSent{router_, connections, static_cast<std::uint32_t>(bytes)}});
    } else if (!active_ && (syncid_ == 0 || message[1] == syncid_)) {
        sink_.take({frame.time, journal::SyncReceived{router_, connections, 0}});
    }
}

}  // namespace lvslab::lab
