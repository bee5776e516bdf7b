// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/packet/rewrite.hpp"
#include "tests/unit/packet/random_packet.hpp"

using namespace lvslab;
using namespace lvslab::packet;
using namespace lvslab::packet::testing;

namespace {

/// The right sum written another way: word by word, folded at every step, over a pseudo header that
/// is laid out as the RFCs draw it.
std::uint16_t sum_by_the_book(const Bytes& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        sum += bytes[i] * 256U + (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
        sum = sum > 0xFFFF ? sum - 0xFFFF : sum;
    }
    return static_cast<std::uint16_t>(~sum);
}

Bytes pseudo_header(const PacketView& packet, std::size_t length) {
    Bytes bytes;
    for (const auto& a : {packet.source(), packet.destination()}) {
        const auto wire = a.bytes();
        bytes.insert(bytes.end(), wire.begin(), wire.begin() + (a.is_v4() ? 4 : 16));
    }
    const auto low = static_cast<std::uint8_t>(length);
    const auto high = static_cast<std::uint8_t>(length >> 8);
    if (packet.family() == Family::ipv4) {
        bytes.insert(bytes.end(), {0, packet.protocol_number(), high, low});
    } else {
        bytes.insert(bytes.end(), {0, 0, high, low, 0, 0, 0, packet.protocol_number()});
    }
    return bytes;
}

RandomStream stream(std::uint64_t seed) {
    return RandomStream(seed, "packet");
}

}  // namespace

RC_GTEST_PROP(Checksum, InFullIsTheSumByTheBookOverThePseudoHeader, (std::uint64_t seed)) {
    auto random = stream(seed);
    const auto made = random_packet(random);
    const auto packet = *PacketView::parse(made.bytes);
    const auto carried = packet.transport_bytes();
    // Over a packet with a right checksum the sum comes out as 0.
    Bytes covered;
    if (made.kind != Kind::icmp || made.family == Family::ipv6) {
        covered = pseudo_header(packet, carried.size());
    }
    covered.insert(covered.end(), carried.begin(), carried.end());
    if (made.kind == Kind::udp_without_checksum) {
        RC_ASSERT(transport_checksum_state(packet) ==
                  (made.family == Family::ipv4 ? ChecksumState::none : ChecksumState::wrong));
    } else {
        RC_ASSERT(sum_by_the_book(covered) == 0);
        RC_ASSERT(transport_checksum_state(packet) == ChecksumState::valid);
    }
    if (packet.ipv4()) {
        const auto header = packet.ipv4()->header();
        RC_ASSERT(sum_by_the_book({header.begin(), header.end()}) == 0);
    }
}

RC_GTEST_PROP(Rewrite, UpdatesChecksumsToWhatAFullSumGives, (std::uint64_t seed)) {
    auto random = stream(seed);
    auto made = random_packet(random);
    const auto packet = *PacketEditor::parse(made.bytes);
    RC_ASSERT(rewrite_source(packet, random_endpoint(random, made.family)));
    RC_ASSERT(rewrite_destination(packet, random_endpoint(random, made.family)));
    const auto incremental = made.bytes;
    fill_checksums(packet);
    if (made.kind == Kind::udp_without_checksum) {
        RC_ASSERT(packet.udp()->checksum() != 0);
        packet.udp()->set_checksum(0);
    }
    RC_ASSERT(incremental == made.bytes);
}

RC_GTEST_PROP(Rewrite, PutsTheEndpointsThereAndNothingElse, (std::uint64_t seed)) {
    auto random = stream(seed);
    auto made = random_packet(random);
    const auto before = made.bytes;
    const auto packet = *PacketEditor::parse(made.bytes);
    const auto old_flow = packet.flow();
    const auto source = random_endpoint(random, made.family);
    const auto destination = random_endpoint(random, made.family);
    RC_ASSERT(rewrite_source(packet, source));
    RC_ASSERT(rewrite_destination(packet, destination));
    RC_ASSERT(packet.source() == source.address);
    RC_ASSERT(packet.destination() == destination.address);
    if (old_flow) {
        RC_ASSERT(packet.flow() ==
                  (Flow{old_flow->protocol, source, destination, old_flow->tcp_flags}));
    }
    // Beyond addresses, ports and checksums every byte is as it was.
    const auto at = static_cast<std::size_t>(packet.transport_bytes().data() - made.bytes.data());
    const auto checksum_at = at + (packet.tcp() ? 16 : packet.udp() ? 6 : 2);
    for (std::size_t i = 0; i < before.size(); ++i) {
        const bool address = made.family == Family::ipv4 ? (i >= 12 && i < 20) : (i >= 8 && i < 40);
        const bool ip_sum = made.family == Family::ipv4 && (i == 10 || i == 11);
        const bool port = packet.flow() && i >= at && i < at + 4;
        if (!address && !ip_sum && !port && i != checksum_at && i != checksum_at + 1) {
            RC_ASSERT(made.bytes[i] == before[i]);
        }
    }
}

RC_GTEST_PROP(Rewrite, AndBackIsTheIdentity, (std::uint64_t seed)) {
    auto random = stream(seed);
    auto made = random_packet(random);
    const auto before = made.bytes;
    const auto packet = *PacketEditor::parse(made.bytes);
    const auto flow = packet.flow();
    const Endpoint source = flow ? flow->source : Endpoint{packet.source(), {}};
    const Endpoint destination = flow ? flow->destination : Endpoint{packet.destination(), {}};
    RC_ASSERT(rewrite_destination(packet, random_endpoint(random, made.family)));
    RC_ASSERT(rewrite_source(packet, random_endpoint(random, made.family)));
    RC_ASSERT(rewrite_destination(packet, destination));
    RC_ASSERT(rewrite_source(packet, source));
    RC_ASSERT(made.bytes == before);
}

RC_GTEST_PROP(Rewrite, KeepsADamagedPacketDamaged, (std::uint64_t seed)) {
    auto random = stream(seed);
    auto made = random_packet(random);
    const auto packet = *PacketEditor::parse(made.bytes);
    RC_PRE(made.kind == Kind::tcp || made.kind == Kind::udp);
    const auto carried = packet.transport_bytes();
    const auto header = made.kind == Kind::tcp ? std::size_t{20} : std::size_t{8};
    RC_PRE(carried.size() > header);
    carried[header + random.below(carried.size() - header)] ^= 0x10;
    RC_ASSERT(transport_checksum_state(packet) == ChecksumState::wrong);
    RC_ASSERT(rewrite_destination(packet, random_endpoint(random, made.family)));
    RC_ASSERT(transport_checksum_state(packet) == ChecksumState::wrong);
}

RC_GTEST_PROP(Rewrite, NeedsTheHeadersOnly, (std::uint64_t seed)) {
    auto random = stream(seed);
    auto made = random_packet(random);
    auto cut = made.bytes;
    const auto whole = *PacketEditor::parse(made.bytes);
    const auto at = static_cast<std::size_t>(whole.transport_bytes().data() - made.bytes.data());
    const std::size_t fixed = at + (whole.tcp() ? 20 : 8);
    cut.resize(fixed);
    const auto packet = PacketEditor::parse(cut, Extent::headers);
    RC_ASSERT(packet.has_value());
    const auto to = random_endpoint(random, made.family);
    RC_ASSERT(rewrite_destination(whole, to) && rewrite_destination(*packet, to));
    RC_ASSERT(std::equal(cut.begin(), cut.end(), made.bytes.begin()));
}

RC_GTEST_PROP(HopLimit, IsTakenDownWithItsChecksum, (std::uint64_t seed)) {
    auto random = stream(seed);
    auto made = random_packet(random);
    const auto packet = *PacketEditor::parse(made.bytes);
    const auto before = made.bytes;
    const auto limit = packet.ipv4() ? packet.ipv4()->time_to_live() : packet.ipv6()->hop_limit();
    RC_ASSERT(decrement_hop_limit(packet) == (limit > 0));
    if (limit == 0) {
        RC_ASSERT(made.bytes == before);
        return;
    }
    const auto after = packet.ipv4() ? packet.ipv4()->time_to_live() : packet.ipv6()->hop_limit();
    RC_ASSERT(after + 1 == limit);
    const auto updated = made.bytes;
    if (packet.ipv4()) {
        packet.ipv4()->update_checksum();
    }
    RC_ASSERT(made.bytes == updated);
}

TEST(Rewrite, WritesAUdpSumOfZeroAsAllOnes) {
    // Ports and payload chosen by search so that the sum after the rewrite comes out as 0.
    unsigned zeros = 0;
    for (unsigned port = 0; port <= 0xFFFF; ++port) {
        Bytes bytes = {0x45, 0, 0,  28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0,
                       0,    1, 10, 0,  0, 2, 0, 9, 0,  9,  0, 8, 0,  0};
        const auto packet = *PacketEditor::parse(bytes);
        fill_checksums(packet);
        const auto to = Endpoint{packet.destination(), Port{static_cast<std::uint16_t>(port)}};
        ASSERT_TRUE(rewrite_destination(packet, to));
        ASSERT_NE(packet.udp()->checksum(), 0);
        ASSERT_EQ(transport_checksum_state(packet), ChecksumState::valid);
        zeros += packet.udp()->checksum() == 0xFFFF ? 1U : 0U;
    }
    EXPECT_EQ(zeros, 1U);  // exactly one of all ports
}

TEST(Rewrite, LeavesATcpSumOfZeroAsItIs) {
    unsigned zeros = 0;
    for (unsigned port = 0; port <= 0xFFFF; ++port) {
        Bytes bytes = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10,   0, 0, 1, 10, 0, 0, 2,
                       0,    9, 0, 9,  0, 0, 0, 1, 0,  0, 0, 0, 0x50, 2, 0, 1, 0,  0, 0, 0};
        const auto packet = *PacketEditor::parse(bytes);
        fill_checksums(packet);
        const auto to = Endpoint{packet.destination(), Port{static_cast<std::uint16_t>(port)}};
        ASSERT_TRUE(rewrite_destination(packet, to));
        ASSERT_NE(packet.tcp()->checksum(), 0xFFFF);
        ASSERT_EQ(transport_checksum_state(packet), ChecksumState::valid);
        zeros += packet.tcp()->checksum() == 0 ? 1U : 0U;
    }
    EXPECT_EQ(zeros, 1U);
}

TEST(Rewrite, RefusesAnAddressOfTheOtherFamily) {
    auto random = stream(1);
    for (int i = 0; i < 20; ++i) {
        auto made = random_packet(random);
        const auto before = made.bytes;
        const auto packet = *PacketEditor::parse(made.bytes);
        const auto other = made.family == Family::ipv4 ? Family::ipv6 : Family::ipv4;
        EXPECT_FALSE(rewrite_source(packet, random_endpoint(random, other)));
        EXPECT_FALSE(rewrite_destination(packet, random_endpoint(random, other)));
        EXPECT_EQ(made.bytes, before);
    }
}

TEST(Rewrite, RefusesATransportWhoseChecksumIsNotKnown) {
    // UDP-Lite (136) sums the pseudo header too; writing the address alone would break it.
    Bytes bytes = {0x45, 0, 0,  28, 0, 0, 0, 0, 64, 136, 0, 0, 10, 0,
                   0,    1, 10, 0,  0, 2, 0, 9, 0,  9,   0, 8, 1,  2};
    const auto before = bytes;
    const auto packet = *PacketEditor::parse(bytes);
    EXPECT_FALSE(rewrite_source(packet, *Endpoint::parse("1.2.3.4:5")));
    EXPECT_EQ(bytes, before);
    EXPECT_EQ(transport_checksum_state(packet), ChecksumState::unknown);
}
