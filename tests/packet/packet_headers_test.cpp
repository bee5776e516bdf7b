// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/packet_headers.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <vector>

#include "core/packet/rewrite.hpp"

namespace lvslab::packet_world {
namespace {

struct RoutedPacket {
    ns3::Ptr<ns3::Packet> packet;
    ns3::Ipv4Header header;
};

std::vector<std::uint8_t> wire_bytes(const RoutedPacket& p) {
    auto copy = p.packet->Copy();
    auto header = p.header;
    header.EnableChecksum();
    copy->AddHeader(header);
    std::vector<std::uint8_t> bytes(copy->GetSize());
    copy->CopyData(bytes.data(), copy->GetSize());
    return bytes;
}

/// A TCP or UDP packet as ns-3 makes it, with ns-3's own checksum.
RoutedPacket random_packet(bool tcp) {
    const auto payload =
        *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>());
    RoutedPacket p{
        ns3::Create<ns3::Packet>(payload.data(), static_cast<std::uint32_t>(payload.size())), {}};
    const ns3::Ipv4Address source(*rc::gen::arbitrary<std::uint32_t>());
    const ns3::Ipv4Address destination(*rc::gen::arbitrary<std::uint32_t>());
    const auto ports = *rc::gen::arbitrary<std::uint32_t>();
    if (tcp) {
        ns3::TcpHeader header;
        header.SetSourcePort(static_cast<std::uint16_t>(ports));
        header.SetDestinationPort(static_cast<std::uint16_t>(ports >> 16U));
        header.SetSequenceNumber(ns3::SequenceNumber32(*rc::gen::arbitrary<std::uint32_t>()));
        header.SetFlags(ns3::TcpHeader::ACK);
        header.EnableChecksums();
        header.InitializeChecksum(source, destination, 6);
        p.packet->AddHeader(header);
    } else {
        ns3::UdpHeader header;
        header.SetSourcePort(static_cast<std::uint16_t>(ports));
        header.SetDestinationPort(static_cast<std::uint16_t>(ports >> 16U));
        header.EnableChecksums();
        header.InitializeChecksum(source, destination, 17);
        p.packet->AddHeader(header);
    }
    p.header.SetSource(source);
    p.header.SetDestination(destination);
    p.header.SetProtocol(tcp ? 6 : 17);
    p.header.SetTtl(64);
    p.header.SetPayloadSize(static_cast<std::uint16_t>(p.packet->GetSize()));
    return p;
}

Endpoint random_endpoint() {
    return {Address::v4(*rc::gen::arbitrary<std::uint32_t>()),
            Port{*rc::gen::arbitrary<std::uint16_t>()}};
}

RoutedPacket with_destination(const RoutedPacket& p, const Endpoint& to) {
    const PacketHeaders headers(p.header, p.packet);
    RC_ASSERT(headers.flow().has_value());
    RC_ASSERT(packet::rewrite_destination(headers.editor(), to));
    return {headers.rewritten_packet(), headers.rewritten_header()};
}

RC_GTEST_PROP(PacketHeaders, ReadTheFlowOfAnyTcpOrUdpPacket, (bool tcp)) {
    const auto p = random_packet(tcp);
    const PacketHeaders headers(p.header, p.packet);
    RC_ASSERT(headers.flow() == packet::flow_of(wire_bytes(p)));
}

RC_GTEST_PROP(PacketHeaders, ARewrittenPacketHasTheNewDestinationAndARightChecksum, (bool tcp)) {
    const auto p = random_packet(tcp);
    const auto to = random_endpoint();
    const auto bytes = wire_bytes(with_destination(p, to));
    const auto parsed = packet::PacketView::parse(bytes);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->flow()->destination == to);
    RC_ASSERT(packet::transport_checksum_state(*parsed) == packet::ChecksumState::valid);
    RC_ASSERT(parsed->ipv4()->checksum_valid());
}

RC_GTEST_PROP(PacketHeaders, RewritingBackGivesTheBytesBack, (bool tcp)) {
    const auto p = random_packet(tcp);
    const auto before = PacketHeaders(p.header, p.packet).flow()->destination;
    const auto there_and_back = with_destination(with_destination(p, random_endpoint()), before);
    RC_ASSERT(wire_bytes(there_and_back) == wire_bytes(p));
}

RC_GTEST_PROP(PacketHeaders, RewritingLeavesThePacketItWasMadeFromAlone, (bool tcp)) {
    const auto p = random_packet(tcp);
    const auto before = wire_bytes(p);
    with_destination(p, random_endpoint());
    RC_ASSERT(wire_bytes(p) == before);
}

TEST(PacketHeaders, AShortOrForeignPacketHasNoFlow) {
    ns3::Ipv4Header header;
    header.SetProtocol(6);
    EXPECT_FALSE(PacketHeaders(header, ns3::Create<ns3::Packet>(19)).flow());
    header.SetProtocol(47);
    EXPECT_FALSE(PacketHeaders(header, ns3::Create<ns3::Packet>(100)).flow());
}

}  // namespace
}  // namespace lvslab::packet_world
