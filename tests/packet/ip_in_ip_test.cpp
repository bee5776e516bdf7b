// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ip_in_ip.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "core/packet/packet.hpp"

namespace lvslab::packet_world {
namespace {

std::vector<std::uint8_t> bytes_of(const ns3::Ptr<const ns3::Packet>& packet) {
    std::vector<std::uint8_t> bytes(packet->GetSize());
    packet->CopyData(bytes.data(), packet->GetSize());
    return bytes;
}

TEST(Encapsulation, PutsAnOuterIpHeaderBeforeTheUntouchedPacket) {
    const std::array<std::uint8_t, 4> payload{0xDE, 0xAD, 0xBE, 0xEF};
    ns3::Ipv4Header inner;
    inner.SetSource("172.16.0.2");
    inner.SetDestination("192.168.26.10");
    inner.SetProtocol(17);
    inner.SetTtl(63);
    inner.SetTos(0x10);
    inner.SetIdentification(0x1234);
    inner.SetDontFragment();
    inner.SetPayloadSize(payload.size());

    const auto out = encapsulate(ns3::Create<ns3::Packet>(payload.data(), payload.size()), inner,
                                 "192.168.26.9", "10.20.0.5", 0x0A0B);
    auto packet = out.packet->Copy();
    auto outer = out.header;
    outer.EnableChecksum();
    packet->AddHeader(outer);

    // By hand from RFC 791 and RFC 2003: both with a time to live of 62, DF and the type of service
    // taken over, protocol 4, checksums over 20 bytes each.
    const std::vector<std::uint8_t> expected{
        0x45, 0x10, 0x00, 0x2C, 0x0A, 0x0B, 0x40, 0x00, 0x3E, 0x04,
        0x4D, 0xE9, 192,  168,  26,   9,    10,   20,   0,    5,  //
        0x45, 0x10, 0x00, 0x18, 0x12, 0x34, 0x40, 0x00, 0x3E, 0x11,
        0xA3, 0xCC, 172,  16,   0,    2,    192,  168,  26,   10,  //
        0xDE, 0xAD, 0xBE, 0xEF};
    EXPECT_EQ(bytes_of(packet), expected);
    const auto parsed = packet::Ipv4View::parse(expected);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->checksum_valid());
}

}  // namespace
}  // namespace lvslab::packet_world
