// SPDX-License-Identifier: GPL-2.0-only
// What mangled packets, fragments and rare headers do. The buffers are allocated at their exact
// size, so that the sanitizers' build sees the first byte read beyond one.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/packet/rewrite.hpp"
#include "tests/unit/packet/random_packet.hpp"

using namespace lvslab;
using namespace lvslab::packet;
using namespace lvslab::packet::testing;

namespace {

/// Asks everything that a reader can ask and writes what a writer can; says whether it was read.
bool read_and_write_all(Bytes bytes, Extent extent) {
    const auto parsed = PacketEditor::parse(bytes, extent);
    // The read-only view sees the same.
    const auto flow = flow_of(bytes, extent);
    if (!parsed) {
        EXPECT_NE(parsed.reason(), Malformed::none);
        EXPECT_FALSE(flow);
        return false;
    }
    EXPECT_EQ(parsed.reason(), Malformed::none);
    const auto& packet = *parsed;
    EXPECT_EQ(flow, packet.flow());
    const auto size = bytes.size();
    const auto within = [&](std::span<std::uint8_t> part) {
        EXPECT_LE(part.size(), size);
        EXPECT_GE(part.data(), bytes.data());
        EXPECT_LE(part.data() + part.size(), bytes.data() + size);
    };
    within(packet.transport_bytes());
    if (packet.tcp()) {
        within(packet.tcp()->payload());
    }
    if (packet.udp()) {
        within(packet.udp()->payload());
    }
    if (packet.icmp()) {
        within(packet.icmp()->payload());
        flow_of(packet.icmp()->payload(), Extent::headers);
    }
    if (packet.ipv4()) {
        within(packet.ipv4()->payload());
        packet.ipv4()->checksum_valid();
    }
    transport_checksum_state(packet);
    const Endpoint v4{Address::v4(0x01020304), Port{5}};
    const Endpoint v6{Address::v6({1, 2, 3}), Port{5}};
    EXPECT_FALSE(rewrite_source(packet, v4) && rewrite_destination(packet, v6));
    static_cast<void>(rewrite_source(packet, v6));
    static_cast<void>(decrement_hop_limit(packet));
    fill_checksums(packet);
    return true;
}

Bytes tcp_packet() {
    Bytes bytes = {0x45, 0,  0, 44, 0, 0, 0, 0, 64, 6, 0,    0,    10, 0, 0, 1, 10, 0, 0, 2, 0, 9,
                   0,    80, 0, 0,  0, 1, 0, 0, 0,  0, 0x50, 0x18, 0,  1, 0, 0, 0,  0, 1, 2, 3, 4};
    fill_checksums(*PacketEditor::parse(bytes));
    return bytes;
}

Malformed reason(const Bytes& bytes, Extent extent = Extent::whole) {
    return PacketView::parse(bytes, extent).reason();
}

Bytes ipv6_packet(std::uint8_t next_header, const Bytes& payload) {
    Bytes bytes(40, 0);
    bytes[0] = 0x60;
    bytes[5] = static_cast<std::uint8_t>(payload.size());
    bytes[6] = next_header;
    bytes[7] = 64;
    bytes[23] = 1;
    bytes[39] = 2;
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

const Bytes udp_in_the_rough = {0, 9, 0, 53, 0, 8, 0, 0};

Bytes joined(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

}  // namespace

RC_GTEST_PROP(Malformed, NothingIsReadBeyondACutPacket, (std::uint64_t seed)) {
    RandomStream random(seed, "cut");
    const auto made = random_packet(random);
    for (std::size_t size = 0; size < made.bytes.size(); ++size) {
        const Bytes cut(made.bytes.begin(), made.bytes.begin() + static_cast<std::ptrdiff_t>(size));
        RC_ASSERT(!read_and_write_all(cut, Extent::whole));
        read_and_write_all(cut, Extent::headers);
    }
    RC_ASSERT(read_and_write_all(made.bytes, Extent::whole));
}

RC_GTEST_PROP(Malformed, NothingIsReadBeyondAMangledPacket, (std::uint64_t seed)) {
    RandomStream random(seed, "mangle");
    auto made = random_packet(random);
    for (int i = 0; i < 50; ++i) {
        const auto headers = std::min<std::size_t>(made.bytes.size(), 80);
        made.bytes[random.below(headers)] = static_cast<std::uint8_t>(random());
        read_and_write_all(made.bytes, Extent::whole);
        read_and_write_all(made.bytes, Extent::headers);
    }
}

RC_GTEST_PROP(Malformed, NoiseIsNoReasonToReadBeyondIt, (Bytes noise)) {
    read_and_write_all(noise, Extent::whole);
    read_and_write_all(noise, Extent::headers);
}

TEST(Malformed, EachDefectHasItsReason) {
    EXPECT_EQ(reason({}), Malformed::truncated);
    EXPECT_EQ(reason({0x00}), Malformed::wrong_version);
    EXPECT_EQ(reason({0x45}), Malformed::truncated);
    EXPECT_EQ(reason({0x60}), Malformed::truncated);
    EXPECT_EQ(reason(tcp_packet()), Malformed::none);

    auto bytes = tcp_packet();
    bytes[0] = 0x44;  // header of 16 bytes
    EXPECT_EQ(reason(bytes), Malformed::bad_header_length);
    bytes = tcp_packet();
    bytes[3] = 19;  // total length below the header
    EXPECT_EQ(reason(bytes), Malformed::bad_length);
    bytes = tcp_packet();
    bytes[3] = 45;  // total length beyond the bytes
    EXPECT_EQ(reason(bytes), Malformed::truncated);
    EXPECT_EQ(reason(bytes, Extent::headers), Malformed::none);
    bytes = tcp_packet();
    bytes[32] = 0x40;  // TCP data offset of 16 bytes
    EXPECT_EQ(reason(bytes), Malformed::bad_header_length);
    bytes[32] = 0x70;  // and of 28, when 24 are there
    EXPECT_EQ(reason(bytes), Malformed::truncated);
    EXPECT_EQ(reason(ipv6_packet(17, {0, 9, 0, 53, 0, 7, 0, 0})), Malformed::bad_length);
    EXPECT_EQ(reason(ipv6_packet(17, {0, 9, 0, 53, 0, 9, 0, 0})), Malformed::bad_length);
    EXPECT_EQ(reason(ipv6_packet(17, {0, 9, 0, 53, 0, 8, 0})), Malformed::truncated);
}

TEST(Malformed, EveryReasonIsSaidInItsOwnWords) {
    std::vector<std::string_view> said;
    for (const auto r :
         {Malformed::none, Malformed::truncated, Malformed::wrong_version,
          Malformed::bad_header_length, Malformed::bad_length, Malformed::bad_extension}) {
        for (const auto other : said) {
            EXPECT_NE(to_string(r), other);
        }
        said.push_back(to_string(r));
    }
}

TEST(Packet, LeavesEthernetsPaddingOut) {
    auto bytes = tcp_packet();
    bytes.resize(60, 0xAA);
    const auto packet = PacketView::parse(bytes);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->tcp()->payload().size(), 4U);
    EXPECT_EQ(transport_checksum_state(*packet), ChecksumState::valid);
}

TEST(Packet, LeavesOutWhatIpCarriesBehindADatagram) {
    const auto bytes = ipv6_packet(17, joined(udp_in_the_rough, {1, 2, 3}));
    const auto packet = PacketView::parse(bytes);
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->udp()->payload().empty());
}

TEST(Fragment, TheFirstHasItsPortsAndTheOthersHaveNone) {
    auto bytes = tcp_packet();
    bytes[6] = 0x20;  // more fragments
    auto packet = *PacketView::parse(bytes);
    EXPECT_EQ(packet.fragment(), Fragment::first);
    ASSERT_TRUE(packet.flow());
    EXPECT_EQ(packet.flow()->destination.port, Port{80});
    EXPECT_EQ(transport_checksum_state(packet), ChecksumState::unknown);

    bytes[7] = 3;  // 24 bytes in
    packet = *PacketView::parse(bytes);
    EXPECT_EQ(packet.fragment(), Fragment::later);
    EXPECT_EQ(packet.ipv4()->fragment_offset(), 24U);
    EXPECT_FALSE(packet.flow());
    EXPECT_FALSE(packet.tcp());
    EXPECT_EQ(packet.transport_bytes().size(), 24U);
}

TEST(Fragment, AFirstOneMayEndBeforeItsDatagramDoes) {
    // UDP's length tells of 1000 bytes, this fragment has 8 + 8 of them.
    const Bytes payload = {0, 9, 0, 53, 0x03, 0xE8, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8};
    const auto bytes = ipv6_packet(44, joined({17, 0, 0, 1, 0, 0, 0, 7}, payload));
    const auto packet = PacketView::parse(bytes);
    ASSERT_TRUE(packet) << to_string(packet.reason());
    EXPECT_EQ(packet->fragment(), Fragment::first);
    EXPECT_EQ(packet->udp()->payload().size(), 8U);
}

TEST(Fragment, RewrittenOnesMakeTheRewrittenDatagram) {
    // Cut a packet in two, rewrite both parts, put them together: the same as rewriting the whole.
    auto whole = tcp_packet();
    whole.resize(84, 0x5A);
    whole[3] = 84;
    fill_checksums(*PacketEditor::parse(whole));
    Bytes first(whole.begin(), whole.begin() + 44);
    first[3] = 44;
    first[6] = 0x20;
    Bytes later(whole.begin(), whole.begin() + 20);
    later.insert(later.end(), whole.begin() + 44, whole.end());
    later[3] = 60;
    later[7] = 3;
    const auto to = *Endpoint::parse("172.16.0.9:8080");
    for (auto* bytes : {&first, &later}) {
        const auto packet = *PacketEditor::parse(*bytes);
        packet.ipv4()->update_checksum();
        ASSERT_TRUE(rewrite_destination(packet, to));
        EXPECT_TRUE(packet.ipv4()->checksum_valid());
        EXPECT_EQ(packet.destination(), to.address);
    }
    ASSERT_TRUE(rewrite_destination(*PacketEditor::parse(whole), to));
    Bytes together(first.begin() + 20, first.end());
    together.insert(together.end(), later.begin() + 20, later.end());
    EXPECT_EQ(together, Bytes(whole.begin() + 20, whole.end()));
}

TEST(Ipv6Chain, IsWalkedThroughEveryKindOfHeader) {
    const Bytes hop_by_hop = {60, 0, 1, 4, 0, 0, 0, 0};
    const Bytes options = {43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const Bytes routing = {51, 0, 0, 0, 0, 0, 0, 0};  // no segments left
    const Bytes authentication = {17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const auto bytes =
        ipv6_packet(0, joined(joined(hop_by_hop, options),
                              joined(routing, joined(authentication, udp_in_the_rough))));
    const auto packet = PacketView::parse(bytes);
    ASSERT_TRUE(packet) << to_string(packet.reason());
    EXPECT_EQ(packet->protocol_number(), 17);
    ASSERT_TRUE(packet->flow());
    EXPECT_EQ(packet->flow()->destination.port, Port{53});
    EXPECT_FALSE(packet->source_routed());
}

TEST(Ipv6Chain, EndsWhereNothingReadableFollows) {
    for (const std::uint8_t last : {std::uint8_t{50}, std::uint8_t{59}}) {  // ESP, no next header
        const auto bytes = ipv6_packet(last, udp_in_the_rough);
        const auto packet = PacketView::parse(bytes);
        ASSERT_TRUE(packet);
        EXPECT_EQ(packet->protocol_number(), last);
        EXPECT_FALSE(packet->flow());
    }
}

TEST(Ipv6Chain, RefusesHopByHopOptionsThatAreNotFirst) {
    const Bytes options = {0, 0, 1, 4, 0, 0, 0, 0};
    const Bytes hop_by_hop = {17, 0, 1, 4, 0, 0, 0, 0};
    EXPECT_EQ(reason(ipv6_packet(60, joined(options, joined(hop_by_hop, udp_in_the_rough)))),
              Malformed::bad_extension);
}

TEST(Ipv6Chain, APacketOnASourceRouteIsReadButNotRewritten) {
    const Bytes routing = {17, 0, 2, 1, 0, 0, 0, 0};  // one segment left
    auto bytes = ipv6_packet(43, joined(routing, udp_in_the_rough));
    const auto before = bytes;
    const auto packet = *PacketEditor::parse(bytes);
    EXPECT_TRUE(packet.source_routed());
    EXPECT_TRUE(packet.flow());
    EXPECT_EQ(transport_checksum_state(packet), ChecksumState::unknown);
    EXPECT_FALSE(rewrite_destination(packet, *Endpoint::parse("[2001:db8::9]:53")));
    EXPECT_EQ(bytes, before);
}

TEST(Icmp, AnErrorQuotesAPacketThatCanBeRead) {
    const auto quoted = tcp_packet();
    Bytes bytes = {0x45, 0, 0,  72, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0,
                   0,    2, 10, 0,  0, 1, 3, 3, 0,  0, 0, 0, 0,  0};
    bytes.insert(bytes.end(), quoted.begin(), quoted.end());
    const auto packet = *PacketEditor::parse(bytes);
    fill_checksums(packet);
    ASSERT_TRUE(packet.icmp());
    EXPECT_TRUE(packet.icmp()->is_error());
    EXPECT_EQ(transport_checksum_state(packet), ChecksumState::valid);
    const auto flow = flow_of(packet.icmp()->payload(), Extent::headers);
    ASSERT_TRUE(flow);
    EXPECT_EQ(flow->destination, *Endpoint::parse("10.0.0.2:80"));
}

TEST(Icmp, OfTheOtherFamilyIsLeftUnread) {
    auto bytes = tcp_packet();
    bytes[9] = 58;
    const auto packet = *PacketView::parse(bytes);
    EXPECT_FALSE(packet.icmp());
    EXPECT_FALSE(packet.flow());
}
