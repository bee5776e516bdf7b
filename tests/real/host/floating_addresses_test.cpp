// SPDX-License-Identifier: GPL-2.0-only
// Addresses that come and go on real interfaces, and what a neighbour makes of it.
#include "realmode/host/floating_addresses.hpp"

#include <gmock/gmock.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "realmode/host/interfaces.hpp"
#include "realmode/host/neighbour_advertisement.hpp"
#include "tests/real/host/two_hosts.hpp"

namespace lvslab::realmode::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ports::FloatingAddress floating(std::string_view a, std::string device = "",
                                std::optional<unsigned> prefix_length = {}) {
    return {address(a), std::move(device), prefix_length};
}

class FloatingAddressesTest : public TwoHosts {
protected:
    static FloatingAddresses make(const NetworkNamespace& host, EventLoop& loop,
                                  FloatingAddresses::Note note) {
        const Inside inside(host);
        return {loop, std::move(note)};
    }
    std::string addresses_of_first() { return ip(first, "addr show\n"); }

    FloatingAddresses addresses = make(first, loop, note());
};

TEST_F(FloatingAddressesTest, AliasIsTheLabelOfAnAddressOfItsInterface) {
    addresses.raise(floating("10.0.0.100", "eth0:1", 24));
    EXPECT_THAT(addresses_of_first(),
                HasSubstr("inet 10.0.0.100/24 brd 10.0.0.255 scope global secondary eth0:1"));
    EXPECT_THAT(addresses.held(), ElementsAre(address("10.0.0.100")));
    addresses.lower(address("10.0.0.100"));
    EXPECT_THAT(addresses_of_first(), Not(HasSubstr("10.0.0.100")));
    EXPECT_THAT(addresses.held(), IsEmpty());
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(FloatingAddressesTest, WithoutADeviceItIsTheOneOfItsNetwork) {
    addresses.raise(floating("192.168.10.254"));
    addresses.raise(floating("10.0.0.100", "", 32));
    EXPECT_THAT(addresses_of_first(),
                AllOf(HasSubstr("eth1    inet 192.168.10.254/24 brd 192.168.10.255"),
                      HasSubstr("eth0    inet 10.0.0.100/32 scope global")));
}

TEST_F(FloatingAddressesTest, WithoutANetmaskTheInterfacesOwnHolds) {
    ip(first, "addr add 172.16.0.1/20 dev eth1\n");
    addresses.raise(floating("172.16.1.1", "eth1:2"));
    addresses.raise(floating("203.0.113.5", "eth1:3"));
    EXPECT_THAT(addresses_of_first(),
                AllOf(HasSubstr("172.16.1.1/20"), HasSubstr("203.0.113.5/24")));
}

TEST_F(FloatingAddressesTest, WhatIsThereAlreadyOrNotThereIsNoError) {
    ip(first, "addr add 10.0.0.100/24 dev eth0\n");
    addresses.raise(floating("10.0.0.100", "eth0:1", 24));
    addresses.raise(floating("10.0.0.100", "eth0:1", 24));
    addresses.lower(address("10.0.0.100"));
    addresses.lower(address("10.0.0.100"));
    addresses.lower(address("10.0.0.77"));
    EXPECT_THAT(addresses_of_first(), Not(HasSubstr("10.0.0.100")));
    EXPECT_THAT(notes, IsEmpty());
}

// The kernel takes away all others of a network with its first address.
TEST_F(FloatingAddressesTest, LoweringTheFirstOfANetworkLeavesTheOthers) {
    addresses.raise(floating("172.16.0.1", "eth1:1", 24));
    addresses.raise(floating("172.16.0.2", "eth1:2", 24));
    ip(first, "addr add 172.16.0.3/24 dev eth1\n");
    addresses.lower(address("172.16.0.1"));
    EXPECT_THAT(addresses_of_first(),
                AllOf(Not(HasSubstr("172.16.0.1/")), HasSubstr("172.16.0.3/24"),
                      ::testing::ContainsRegex("172.16.0.2/24[^\n]* eth1:2")));
}

TEST_F(FloatingAddressesTest, OneThatIsOnTheLoopbackInterfaceStaysThere) {
    ip(first, "addr add 10.0.0.100/32 dev lo\n");
    addresses.raise(floating("10.0.0.100", "eth0:1", 24));
    addresses.lower(address("10.0.0.100"));
    EXPECT_THAT(addresses_of_first(),
                AllOf(HasSubstr("lo    inet 10.0.0.100/32"), Not(HasSubstr("10.0.0.100/24"))));
}

TEST_F(FloatingAddressesTest, MissingDeviceIsOneNoteAndHoldsUpNothingElse) {
    addresses.raise(floating("10.0.0.101", "eth7:1", 24));
    addresses.raise(floating("10.9.9.9"));
    addresses.raise(floating("10.0.0.100", "eth0:1", 24));
    addresses.announce(address("10.0.0.101"));
    EXPECT_THAT(notes,
                ElementsAre("10.0.0.101 cannot be raised on eth7:1: no interface eth7; tried again "
                            "each second",
                            "10.9.9.9 cannot be raised: no device is given, and no interface has a "
                            "network with this address; tried again each second"));
    EXPECT_THAT(addresses_of_first(), HasSubstr("10.0.0.100/24"));

    ip(first, "link add eth7 type veth peer name eth8\nlink set eth7 up\n");
    ASSERT_TRUE(until([&] { return notes.size() > 2; }));
    EXPECT_THAT(notes.back(), HasSubstr("10.0.0.101 raised after all on eth7"));
    EXPECT_THAT(addresses_of_first(), HasSubstr("10.0.0.101/24"));
}

TEST_F(FloatingAddressesTest, TellsWhatComesAndGoesOtherwiseThanAsked) {
    std::vector<std::pair<std::string, bool>> changes;
    auto watched = [&] {
        const Inside inside(first);
        return std::make_unique<FloatingAddresses>(loop, note(), [&](const Address& a, bool there) {
            changes.emplace_back(a.to_string(), there);
        });
    }();
    watched->raise(floating("10.0.0.100", "eth0:1", 24));
    watched->raise(floating("10.0.0.101", "eth7:1", 24));
    EXPECT_TRUE(watched->has(address("10.0.0.100")));
    EXPECT_FALSE(watched->has(address("10.0.0.101")));
    EXPECT_THAT(changes, IsEmpty()) << "who asks knows";

    ip(first, "link add eth7 type veth peer name eth8\nlink set eth7 up\n");
    ASSERT_TRUE(until([&] { return !changes.empty(); }));
    EXPECT_TRUE(watched->has(address("10.0.0.101")));
    ip(first, "link del eth7\n");
    watched->restore();
    EXPECT_FALSE(watched->has(address("10.0.0.101")));
    EXPECT_THAT(changes,
                ElementsAre(std::pair("10.0.0.101", true), std::pair("10.0.0.101", false)));
    ip(first, "addr del 10.0.0.100/24 dev eth0\n");
    watched->restore();
    EXPECT_TRUE(watched->has(address("10.0.0.100")));
    EXPECT_EQ(changes.size(), 2U) << "it was put back at once";
}

TEST_F(FloatingAddressesTest, Ipv6IsUsableAtOnceAndNotSpokenFrom) {
    addresses.raise(floating("2001:db8::100", "eth0:1"));
    EXPECT_THAT(ip(first, "addr show dev eth0 to 2001:db8::100\n"),
                AllOf(HasSubstr("2001:db8::100/64"), HasSubstr("nodad"), HasSubstr("deprecated"),
                      Not(HasSubstr("tentative")), HasSubstr("valid_lft forever")));
    addresses.lower(address("2001:db8::100"));
    EXPECT_THAT(addresses_of_first(), Not(HasSubstr("2001:db8::100")));
}

TEST_F(FloatingAddressesTest, ComeBackWhenAnInterfaceLostThem) {
    addresses.raise(floating("2001:db8::100", "eth0", 64));
    auto interfaces = [&] {
        const Inside inside(first);
        return std::make_unique<Interfaces>(loop);
    }();
    interfaces->on_change([&] { addresses.restore(); });
    ip(first, "link set eth0 down\n");
    ip(first, "link set eth0 up\n");
    EXPECT_TRUE(
        until([&] { return addresses_of_first().find("2001:db8::100/64") != std::string::npos; }));
}

TEST_F(FloatingAddressesTest, LeftoversOfAProcessThatWasKilledAreFoundAndLowered) {
    {
        auto killed = make(first, loop, note());
        killed.raise(floating("10.0.0.100", "eth0:1", 24));
        killed.raise(floating("2001:db8::100", "eth0", 64));
    }
    const std::vector<Address> possible{address("10.0.0.100"), address("10.0.0.100"),
                                        address("10.0.0.55"), address("2001:db8::100")};
    EXPECT_THAT(addresses.lower_leftovers(possible),
                ElementsAre(address("10.0.0.100"), address("2001:db8::100")));
    EXPECT_THAT(addresses_of_first(),
                AllOf(Not(HasSubstr("10.0.0.100")), Not(HasSubstr("2001:db8::100"))));
}

/// All frames of one protocol that reach eth0 of a host.
class Frames {
public:
    Frames(const NetworkNamespace& host, std::uint16_t protocol) {
        const Inside inside(host);
        socket_ = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(protocol));
    }
    ~Frames() { ::close(socket_); }
    Frames(const Frames&) = delete;
    Frames& operator=(const Frames&) = delete;

    /// Waits for a frame; it and what else has arrived, in order.
    std::vector<std::vector<std::uint8_t>> received() {
        wait_for_input(socket_);
        std::vector<std::vector<std::uint8_t>> out;
        std::vector<std::uint8_t> buffer(2048);
        ssize_t length = 0;
        while ((length = ::recv(socket_, buffer.data(), buffer.size(), 0)) >= 0) {
            out.emplace_back(buffer.begin(), buffer.begin() + length);
        }
        return out;
    }

private:
    int socket_;
};

HardwareAddress hardware_address_of(const NetworkNamespace& host) {
    const Inside inside(host);
    return RouteSocket().interface("eth0")->hardware_address.value();
}

TEST_F(FloatingAddressesTest, AnnouncesByOneFrameThatTheNeighbourReceives) {
    Frames arp(second, ETHERTYPE_ARP);
    addresses.raise(floating("10.0.0.100", "eth0:1", 24));
    addresses.announce(address("10.0.0.100"));
    const auto expected = gratuitous_arp(address("10.0.0.100"), hardware_address_of(first));
    EXPECT_THAT(arp.received(), ElementsAre(ElementsAreArray(expected)));
}

TEST_F(FloatingAddressesTest, AnnouncesNothingThatItDoesNotHold) {
    Frames arp(second, ETHERTYPE_ARP);
    addresses.announce(address("10.0.0.100"));
    addresses.raise(floating("10.0.0.100", "eth0:1", 24));
    addresses.lower(address("10.0.0.100"));
    addresses.announce(address("10.0.0.100"));
    addresses.raise(floating("10.0.0.101", "eth0:2", 24));
    addresses.announce(address("10.0.0.101"));
    const auto expected = gratuitous_arp(address("10.0.0.101"), hardware_address_of(first));
    EXPECT_THAT(arp.received(), ElementsAre(ElementsAreArray(expected)));
}

TEST_F(FloatingAddressesTest, LinkThatIsDownIsOneNoteForAllAnnouncements) {
    addresses.raise(floating("10.0.0.100", "eth0:1", 24));
    ip(first, "link set eth0 down\n");
    addresses.announce(address("10.0.0.100"));
    addresses.announce(address("10.0.0.100"));
    EXPECT_THAT(notes, ElementsAre("10.0.0.100 could not be announced on eth0: Network is down"));
}

std::string with_mac(const HardwareAddress& mac) {
    std::string out = "lladdr ";
    for (std::size_t i = 0; i < mac.size(); ++i) {
        char text[4];
        std::snprintf(text, sizeof text, i == 0 ? "%02x" : ":%02x", mac[i]);
        out += text;
    }
    return out;
}

// What a takeover is about: the neighbour's traffic goes to the new owner.
TEST_F(FloatingAddressesTest, NeighbourThatKnewTheOldOwnerKnowsTheNewOne) {
    ip(second,
       "neigh replace 10.0.0.100 lladdr 02:00:00:00:00:99 nud reachable dev eth0\n"
       "neigh replace 2001:db8::100 lladdr 02:00:00:00:00:99 nud reachable dev eth0\n");
    addresses.raise(floating("10.0.0.100", "eth0:1", 24));
    addresses.raise(floating("2001:db8::100", "eth0", 64));
    EXPECT_THAT(ip(second, "neigh show 10.0.0.100\n"), HasSubstr("02:00:00:00:00:99"));
    addresses.announce(address("10.0.0.100"));
    addresses.announce(address("2001:db8::100"));
    const auto mac = with_mac(hardware_address_of(first));
    for (const auto* owned : {"10.0.0.100", "2001:db8::100"}) {
        EXPECT_TRUE(until([&] {
            return ip(second, std::string("neigh show ") + owned + "\n").find(mac) !=
                   std::string::npos;
        })) << owned;
    }
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(FloatingAddressesTest, WhatTheKernelRefusesIsANote) {
    addresses.raise(floating("10.0.0.100", "eth0:1", 33));
    EXPECT_THAT(notes, ElementsAre(HasSubstr("10.0.0.100 cannot be raised on eth0:1: ")));
}

}  // namespace
}  // namespace lvslab::realmode::testing
