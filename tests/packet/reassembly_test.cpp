// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/reassembly.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace lvslab::packet_world {
namespace {

/// Bytes first..last-1 of a datagram whose byte i is i.
Datagram part(std::uint16_t first, std::uint16_t last, bool is_last, std::uint16_t id = 1) {
    std::vector<std::uint8_t> bytes(last - first);
    std::iota(bytes.begin(), bytes.end(), static_cast<std::uint8_t>(first));
    Datagram d{ns3::Create<ns3::Packet>(bytes.data(), static_cast<std::uint32_t>(bytes.size())),
               {}};
    d.header.SetSource("172.16.0.2");
    d.header.SetDestination("192.168.26.10");
    d.header.SetProtocol(17);
    d.header.SetIdentification(id);
    d.header.SetFragmentOffset(first);
    d.header.SetPayloadSize(static_cast<std::uint16_t>(last - first));
    if (is_last) {
        d.header.SetLastFragment();
    } else {
        d.header.SetMoreFragments();
    }
    return d;
}

std::optional<Datagram> add(Reassembler& r, const Datagram& d, double seconds = 0) {
    return r.add(
        d.packet, d.header,
        Time{std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds))});
}

TEST(Reassembler, GivesTheWholeDatagramWhenItsLastMissingFragmentComes) {
    Reassembler r;
    EXPECT_FALSE(add(r, part(16, 20, true)));
    EXPECT_FALSE(add(r, part(0, 8, false)));
    const auto whole = add(r, part(8, 16, false));
    ASSERT_TRUE(whole);
    std::vector<std::uint8_t> bytes(whole->packet->GetSize()), expected(20);
    whole->packet->CopyData(bytes.data(), whole->packet->GetSize());
    std::iota(expected.begin(), expected.end(), std::uint8_t{0});
    EXPECT_EQ(bytes, expected);
    EXPECT_FALSE(Reassembler::is_fragment(whole->header));
    EXPECT_EQ(whole->header.GetPayloadSize(), 20);
}

TEST(Reassembler, KeepsDatagramsApartByIdentification) {
    Reassembler r;
    EXPECT_FALSE(add(r, part(0, 8, false, 1)));
    EXPECT_FALSE(add(r, part(8, 16, true, 2)));
    EXPECT_TRUE(add(r, part(8, 16, true, 1)));
}

TEST(Reassembler, TakesARepeatedFragmentOnce) {
    Reassembler r;
    EXPECT_FALSE(add(r, part(0, 8, false)));
    EXPECT_FALSE(add(r, part(0, 8, false)));
    EXPECT_TRUE(add(r, part(8, 16, true)));
}

TEST(Reassembler, NeverGivesADatagramWhoseFragmentsOverlap) {
    Reassembler r;
    EXPECT_FALSE(add(r, part(0, 16, false)));
    EXPECT_FALSE(add(r, part(8, 24, false)));
    EXPECT_FALSE(add(r, part(24, 32, true)));
}

TEST(Reassembler, ForgetsAnUnfinishedDatagramAfterThirtySeconds) {
    Reassembler r;
    EXPECT_FALSE(add(r, part(0, 8, false), 0));
    EXPECT_FALSE(add(r, part(8, 16, true), 30));
    // That one began a new datagram, which its first fragment completes.
    EXPECT_TRUE(add(r, part(0, 8, false), 59));
}

}  // namespace
}  // namespace lvslab::packet_world
