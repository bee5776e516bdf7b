// SPDX-License-Identifier: GPL-2.0-only
// Who else holds an address, as a neighbour's kernel answers.
#include "realmode/host/address_probe.hpp"

#include <gmock/gmock.h>

#include "realmode/host/route_socket.hpp"
#include "tests/real/host/two_hosts.hpp"

namespace lvslab::realmode::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class AddressProbeTest : public TwoHosts {
protected:
    static AddressProbe ask(const NetworkNamespace& host,
                            const std::vector<AddressQuestion>& questions) {
        const Inside inside(host);
        return probe_addresses(questions);
    }
    static HardwareAddress hardware_address_of(const NetworkNamespace& host,
                                               const std::string& device) {
        const Inside inside(host);
        return RouteSocket().interface(device)->hardware_address.value();
    }
};

TEST_F(AddressProbeTest, FindsTheNeighbourThatHoldsAnAddressOfEitherFamily) {
    ip(second,
       "addr add 10.0.0.100/24 dev eth0\naddr add 192.168.10.254/32 dev eth1\n"
       "addr add 2001:db8::100/64 dev eth0 nodad\n");
    const auto probe = ask(first, {{address("10.0.0.100"), "eth0"},
                                   {address("10.0.0.101"), "eth0"},
                                   {address("192.168.10.254"), "eth1"},
                                   {address("2001:db8::100"), "eth0"},
                                   {address("2001:db8::101"), "eth0"}});
    const auto eth0 = hardware_address_of(second, "eth0");
    EXPECT_THAT(probe.holders, ElementsAre(AddressHolder{address("10.0.0.100"), "eth0", eth0},
                                           AddressHolder{address("192.168.10.254"), "eth1",
                                                         hardware_address_of(second, "eth1")},
                                           AddressHolder{address("2001:db8::100"), "eth0", eth0}));
    EXPECT_THAT(probe.asked, SizeIs(5));
    EXPECT_THAT(probe.failures, IsEmpty());
}

// A probe must not be taken for an owner's announcement.
TEST_F(AddressProbeTest, ChangesNoTableOfTheNeighbour) {
    ip(second,
       "neigh replace 10.0.0.100 lladdr 02:00:00:00:00:99 nud reachable dev eth0\n"
       "neigh replace 2001:db8::100 lladdr 02:00:00:00:00:99 nud reachable dev eth0\n");
    const auto before = ip(second, "neigh show 10.0.0.100\nneigh show 2001:db8::100\n");
    ask(first, {{address("10.0.0.100"), "eth0"}, {address("2001:db8::100"), "eth0"}});
    const auto after = ip(second, "neigh show 10.0.0.100\nneigh show 2001:db8::100\n");
    EXPECT_THAT(after, ::testing::ContainsRegex("10.0.0.100 [^\n]*02:00:00:00:00:99"));
    EXPECT_THAT(after, ::testing::ContainsRegex("2001:db8::100 [^\n]*02:00:00:00:00:99"));
    EXPECT_THAT(before, Not(IsEmpty()));
}

TEST_F(AddressProbeTest, ARealServerThatKeepsQuietIsNotFound) {
    ip(second, "addr add 10.0.0.100/32 dev lo\n");
    EXPECT_THAT(ask(first, {{address("10.0.0.100"), "eth0"}}).holders, SizeIs(1))
        << "the ARP problem";
    ip(second, "link set eth0 arp off\n");
    EXPECT_THAT(ask(first, {{address("10.0.0.100"), "eth0"}}).holders, IsEmpty());
}

TEST_F(AddressProbeTest, AsksNobodyOnADeviceThatIsDownOrNotThere) {
    ip(second, "addr add 10.0.0.100/24 dev eth0\n");
    ip(first, "link set eth0 down\n");
    const auto probe = ask(first, {{address("10.0.0.100"), "eth0"},
                                   {address("10.0.0.100"), "eth7"},
                                   {address("10.0.0.100"), "lo"}});
    EXPECT_THAT(probe.holders, IsEmpty());
    EXPECT_THAT(probe.asked, IsEmpty());
}

}  // namespace
}  // namespace lvslab::realmode::testing
