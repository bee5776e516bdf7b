// SPDX-License-Identifier: GPL-2.0-only
// What is sent when an address moves, byte by byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "core/packet/checksum.hpp"
#include "realmode/host/arp_frame.hpp"
#include "realmode/host/neighbour_advertisement.hpp"

namespace lvslab::realmode {
namespace {

using testing::ElementsAreArray;

constexpr HardwareAddress owner{0x02, 0x42, 0xAC, 0x11, 0x00, 0x02};

Address address(std::string_view text) {
    return Address::parse(text).value();
}

std::vector<std::uint8_t> bytes(std::string_view hex) {
    std::vector<std::uint8_t> out;
    for (std::size_t i = 0; i + 1 < hex.size();) {
        if (hex[i] == ' ') {
            ++i;
            continue;
        }
        out.push_back(
            static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
        i += 2;
    }
    return out;
}

// send_arp.c: one frame of 60 bytes.
TEST(GratuitousArp, IsTheOriginalsFrame) {
    EXPECT_THAT(gratuitous_arp(address("192.168.26.10"), owner),
                ElementsAreArray(bytes("ffffffffffff 0242ac110002 0806"
                                       " 0001 0800 06 04 0002"
                                       " 0242ac110002 c0a81a0a"
                                       " 0242ac110002 c0a81a0a"
                                       " 000000000000000000000000000000000000")));
}

// RFC 5227, 2.1.1: nobody's table changes by a request of 0.0.0.0.
TEST(ArpProbe, AsksAllAndSaysNothingOfItsSender) {
    EXPECT_THAT(arp_probe(address("192.168.26.10"), owner),
                ElementsAreArray(bytes("ffffffffffff 0242ac110002 0806"
                                       " 0001 0800 06 04 0001"
                                       " 0242ac110002 00000000"
                                       " 000000000000 c0a81a0a"
                                       " 000000000000000000000000000000000000")));
}

TEST(ArpProbe, IsAnsweredByWhoeverHasTheAddressAsItsSender) {
    const auto vip = address("192.168.26.10");
    const auto answer = gratuitous_arp(vip, owner);
    EXPECT_EQ(arp_owner(answer, vip), owner);
    EXPECT_EQ(arp_owner(answer, address("192.168.26.11")), std::nullopt);
    EXPECT_EQ(arp_owner(arp_probe(vip, owner), vip), std::nullopt) << "another that asks";
    EXPECT_EQ(arp_owner(std::span(answer).first(41), vip), std::nullopt);
    EXPECT_EQ(to_string(owner), "02:42:ac:11:00:02");
}

// Checksum worked out by hand from RFC 4443, 2.3.
TEST(NeighbourSolicitation, AsksTheGroupOfTheAddressFromNowhere) {
    const auto frame = duplicate_address_solicitation(address("2001:db8::10"), owner);
    EXPECT_THAT(frame, ElementsAreArray(bytes("3333ff000010 0242ac110002 86dd"
                                              " 60000000 0018 3a ff"
                                              " 00000000000000000000000000000000"
                                              " ff0200000000000000000001ff000010"
                                              " 87 00 4ccf 00000000"
                                              " 20010db8000000000000000000000010")));
    packet::ChecksumSum sum;
    sum.add_pseudo_header(address("::"), address("ff02::1:ff00:10"), 58, 24);
    sum.add(std::span(frame).subspan(54));
    EXPECT_EQ(sum.checksum(), 0);
}

TEST(NeighbourSolicitation, IsAnsweredByAnAdvertisementOfTheAddress) {
    const auto vip = address("2001:db8::10");
    const auto answer = unsolicited_advertisement(vip, owner, false);
    EXPECT_EQ(advertised_owner(answer, vip), owner);
    EXPECT_EQ(advertised_owner(std::span(answer).first(78), vip), owner) << "by its frame";
    EXPECT_EQ(advertised_owner(answer, address("2001:db8::11")), std::nullopt);
    EXPECT_EQ(advertised_owner(duplicate_address_solicitation(vip, owner), vip), std::nullopt);
    EXPECT_EQ(advertised_owner(std::span(answer).first(77), vip), std::nullopt);
}

// Checksum worked out by hand from RFC 4443, 2.3.
TEST(NeighbourAdvertisement, OverridesAtAllNodes) {
    EXPECT_THAT(unsolicited_advertisement(address("2001:db8::10"), owner, false),
                ElementsAreArray(bytes("333300000001 0242ac110002 86dd"
                                       " 60000000 0020 3a ff"
                                       " 20010db8000000000000000000000010"
                                       " ff020000000000000000000000000001"
                                       " 88 00 4cb8 20000000"
                                       " 20010db8000000000000000000000010"
                                       " 02 01 0242ac110002")));
}

TEST(NeighbourAdvertisement, OfANodeThatForwardsSaysSo) {
    const auto plain = unsolicited_advertisement(address("fe80::1"), owner, false);
    const auto router = unsolicited_advertisement(address("fe80::1"), owner, true);
    EXPECT_EQ(plain[58], 0x20);
    EXPECT_EQ(router[58], 0xA0);
}

// Whoever sums up the message and its pseudo header gets nothing.
TEST(NeighbourAdvertisement, HasAChecksumThatReceiversTake) {
    for (const auto* text : {"2001:db8::10", "fe80::1", "fd00:1:2:3:ffff:ffff:ffff:ffff"}) {
        const auto frame = unsolicited_advertisement(address(text), owner, true);
        packet::ChecksumSum sum;
        sum.add_pseudo_header(address(text), address("ff02::1"), 58, 32);
        sum.add(std::span(frame).subspan(54));
        EXPECT_EQ(sum.checksum(), 0) << text;
    }
}

}  // namespace
}  // namespace lvslab::realmode
