// SPDX-License-Identifier: GPL-2.0-only
// Headers and checksums against bytes that others made: RFC 1071's example, and packets written
// out by hand whose sums were checked with tshark.
#include <vector>

#include <gtest/gtest.h>

#include "core/packet/packet.hpp"
#include "core/packet/rewrite.hpp"

using namespace lvslab;
using namespace lvslab::packet;

namespace {

using Bytes = std::vector<std::uint8_t>;

// 10.0.0.1:1234 -> 192.168.0.1:80, SYN, no options.
const Bytes syn = {0x45, 0x00, 0x00, 0x28, 0x12, 0x34, 0x40, 0x00, 0x40, 0x06,
                   0x5d, 0xf2, 0x0a, 0x00, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0x01,
                   0x04, 0xd2, 0x00, 0x50, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
                   0x00, 0x00, 0x50, 0x02, 0xfa, 0xf0, 0xe5, 0x24, 0x00, 0x00};

// 10.0.0.1:5000 -> 192.168.0.1:53, "hello".
const Bytes datagram = {0x45, 0x00, 0x00, 0x21, 0x12, 0x34, 0x40, 0x00, 0x40, 0x11, 0x5d,
                        0xee, 0x0a, 0x00, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0x01, 0x13, 0x88,
                        0x00, 0x35, 0x00, 0x0d, 0xdd, 0x9a, 0x68, 0x65, 0x6c, 0x6c, 0x6f};

// [2001:db8::1]:5000 -> [2001:db8::2]:53, "hello" behind a hop-by-hop header of padding.
const Bytes datagram6 = {
    0x60, 0x00, 0x00, 0x00, 0x00, 0x15, 0x00, 0x40, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x11, 0x00, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00,
    0x13, 0x88, 0x00, 0x35, 0x00, 0x0d, 0x4c, 0xd0, 0x68, 0x65, 0x6c, 0x6c, 0x6f};

// An echo request, "ping".
const Bytes echo = {0x45, 0x00, 0x00, 0x20, 0x12, 0x34, 0x40, 0x00, 0x40, 0x01, 0x5d,
                    0xff, 0x0a, 0x00, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0x01, 0x08, 0x00,
                    0x18, 0xb7, 0x00, 0x77, 0x00, 0x01, 0x70, 0x69, 0x6e, 0x67};

Endpoint endpoint(const char* text) {
    return *Endpoint::parse(text);
}

}  // namespace

TEST(Checksum, IsTheOneOfRfc1071sExample) {
    const Bytes example = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(internet_checksum(example), static_cast<std::uint16_t>(~0xddf2));
}

TEST(Checksum, IsUpdatedAsInRfc1624sExample) {
    // Section 4: HC = 0xDD2F, m = 0x5555, m' = 0x3285 gives 0x0000 by equation 3.
    ChecksumChange change;
    change.replace16(0x5555, 0x3285);
    EXPECT_EQ(change.applied_to(0xDD2F), 0x0000);
}

TEST(Packet, ReadsEveryFieldOfASyn) {
    const auto packet = PacketView::parse(syn);
    ASSERT_TRUE(packet) << to_string(packet.reason());
    const auto ip = *packet->ipv4();
    EXPECT_EQ(ip.header_length(), 20U);
    EXPECT_EQ(ip.total_length(), 40U);
    EXPECT_EQ(ip.identification(), 0x1234);
    EXPECT_TRUE(ip.dont_fragment());
    EXPECT_FALSE(ip.more_fragments());
    EXPECT_EQ(ip.time_to_live(), 64);
    EXPECT_TRUE(ip.checksum_valid());
    const auto tcp = packet->tcp();
    ASSERT_TRUE(tcp);
    EXPECT_EQ(tcp->sequence(), 1U);
    EXPECT_EQ(tcp->window(), 0xfaf0);
    EXPECT_EQ(tcp->header_length(), 20U);
    EXPECT_TRUE(tcp->payload().empty());
    EXPECT_EQ(packet->flow(), (Flow{Protocol::tcp, endpoint("10.0.0.1:1234"),
                                    endpoint("192.168.0.1:80"), tcp_flag::syn}));
    EXPECT_EQ(transport_checksum_state(*packet), ChecksumState::valid);
}

TEST(Packet, ReadsADatagram) {
    const auto packet = PacketView::parse(datagram);
    ASSERT_TRUE(packet) << to_string(packet.reason());
    EXPECT_EQ(packet->udp()->length(), 13);
    EXPECT_EQ(packet->udp()->payload().size(), 5U);
    EXPECT_EQ(packet->flow(),
              (Flow{Protocol::udp, endpoint("10.0.0.1:5000"), endpoint("192.168.0.1:53")}));
    EXPECT_TRUE(packet->ipv4()->checksum_valid());
    EXPECT_EQ(transport_checksum_state(*packet), ChecksumState::valid);
}

TEST(Packet, FindsTheTransportBehindIpv6ExtensionHeaders) {
    const auto packet = PacketView::parse(datagram6);
    ASSERT_TRUE(packet) << to_string(packet.reason());
    EXPECT_EQ(packet->ipv6()->payload_length(), 21);
    EXPECT_EQ(packet->ipv6()->hop_limit(), 64);
    EXPECT_EQ(packet->protocol_number(), 17);
    EXPECT_EQ(packet->flow(),
              (Flow{Protocol::udp, endpoint("[2001:db8::1]:5000"), endpoint("[2001:db8::2]:53")}));
    EXPECT_EQ(transport_checksum_state(*packet), ChecksumState::valid);
}

TEST(Packet, ReadsAnEchoRequestWhichHasNoFlow) {
    const auto packet = PacketView::parse(echo);
    ASSERT_TRUE(packet) << to_string(packet.reason());
    ASSERT_TRUE(packet->icmp());
    EXPECT_EQ(packet->icmp()->type(), 8);
    EXPECT_EQ(packet->icmp()->rest_of_header(), 0x00770001U);
    EXPECT_FALSE(packet->icmp()->is_error());
    EXPECT_FALSE(packet->flow());
    EXPECT_EQ(transport_checksum_state(*packet), ChecksumState::valid);
}

TEST(Packet, FilledChecksumsAreTheGoldenOnes) {
    for (const auto& golden : {syn, datagram, datagram6, echo}) {
        Bytes bytes = golden;
        const auto packet = *PacketEditor::parse(bytes);
        if (packet.ipv4()) {
            packet.ipv4()->set_checksum(0xBEEF);
        }
        if (packet.tcp()) {
            packet.tcp()->set_checksum(0xBEEF);
        } else if (packet.udp()) {
            packet.udp()->set_checksum(0xBEEF);
        } else {
            packet.icmp()->set_checksum(0xBEEF);
        }
        EXPECT_NE(bytes, golden);
        fill_checksums(packet);
        EXPECT_EQ(bytes, golden);
    }
}
