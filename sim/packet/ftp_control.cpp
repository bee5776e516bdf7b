// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ftp_control.hpp"

#include <vector>

#include "core/packet/bytes.hpp"
#include "core/packet/rewrite.hpp"

namespace lvslab::packet_world {
namespace {

constexpr std::uint32_t ip_bytes = 20;

/// A whole IP packet in bytes. ns-3 writes the real IP header from its own object: only what
/// core/packet looks at stands here.
std::vector<std::uint8_t> bytes_of(const ns3::Packet& packet, const ns3::Ipv4Header& header) {
    std::vector<std::uint8_t> bytes(ip_bytes + packet.GetSize());
    bytes[0] = 0x45;
    packet::write16(bytes, 2, static_cast<std::uint16_t>(bytes.size()));
    bytes[9] = header.GetProtocol();
    packet::write32(bytes, 12, header.GetSource().Get());
    packet::write32(bytes, 16, header.GetDestination().Get());
    packet.CopyData(bytes.data() + ip_bytes, packet.GetSize());
    return bytes;
}

RewrittenPacket to_packet(std::span<const std::uint8_t> bytes, ns3::Ipv4Header header) {
    const auto size = static_cast<std::uint32_t>(bytes.size()) - ip_bytes;
    header.SetSource(ns3::Ipv4Address(packet::read32(bytes, 12)));
    header.SetDestination(ns3::Ipv4Address(packet::read32(bytes, 16)));
    header.SetPayloadSize(static_cast<std::uint16_t>(size));
    return {ns3::Create<ns3::Packet>(bytes.data() + ip_bytes, size), header};
}

}  // namespace

std::optional<RewrittenPacket> FtpControl::pass(ipvs::Ipvs& ipvs, const ipvs::Segment& segment,
                                                const ipvs::Verdict& verdict,
                                                const ns3::Ptr<const ns3::Packet>& packet,
                                                const ns3::Ipv4Header& header) {
    const bool in = segment.direction == ipvs::Direction::from_client;
    const auto way = in ? packet::Way::forth : packet::Way::back;
    const auto key = in ? std::pair(segment.source, segment.destination)
                        : std::pair(segment.destination, verdict.virtual_endpoint);
    const auto bytes = bytes_of(*packet, header);
    const auto view = packet::PacketView::parse(bytes);
    if (!view || !view->tcp()) {
        return std::nullopt;
    }
    if (in && has(segment.flags, ipvs::TcpFlags::syn)) {
        connections_.erase(key);  // ports used anew
    }
    auto& rewriter = connections_[key];
    if (!rewriter.follows(way, *view)) {
        return std::nullopt;
    }
    const auto now = Time(Duration(ns3::Simulator::Now().GetNanoSeconds()));
    if (const auto payload = view->tcp()->payload(); !payload.empty()) {
        if (const auto edit = ipvs.ftp_payload(segment, payload, now)) {
            rewriter.replace(way, *view, edit->offset, edit->length, edit->text);
        }
    }
    auto out = rewriter.pass(way, bytes);
    if (has(segment.flags, ipvs::TcpFlags::rst)) {
        connections_.erase(key);
    }
    const auto editor = packet::PacketEditor::parse(out);
    const bool translated =
        editor && (in ? packet::rewrite_destination(*editor, verdict.server)
                      : packet::rewrite_source(*editor, verdict.virtual_endpoint));
    if (!translated) {
        return std::nullopt;
    }
    return to_packet(out, header);
}

}  // namespace lvslab::packet_world
