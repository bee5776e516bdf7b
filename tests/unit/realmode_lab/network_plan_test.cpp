// SPDX-License-Identifier: GPL-2.0-only
/// A scenario's network as text for ip, tc and iptables-restore.
#include "realmode/lab/network_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/realmode_lab/lab_scenario.hpp"

namespace lvslab::lab {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(NetworkPlan, PutsRoutersOnBothNetworksByTheDevicesOfTheirLvsCf) {
    const auto scenario = nat_scenario();
    const NetworkPlan plan(scenario);
    const auto router = plan.router(1, Boot::as_running);
    ASSERT_EQ(router.ports.size(), 2U);
    EXPECT_EQ(router.ports[0].device, "eth0");
    EXPECT_EQ(router.ports[0].addresses.front().to_string(), "192.168.26.8/24");
    EXPECT_EQ(router.ports[1].device, "eth1");
    EXPECT_EQ(router.ports[1].addresses.front().to_string(), "10.11.12.8/24");
    EXPECT_NE(router.ports[0].bridge, router.ports[1].bridge);
    EXPECT_THAT(router.ip_lines, Contains("route add 172.16.0.0/16 via 192.168.26.254 dev eth0"));
    EXPECT_THAT(router.sysctls, Contains(Pair("net.ipv4.ip_forward", "1")));
}

TEST(NetworkPlan, SendsAServersRepliesThroughTheNatRouter) {
    const auto scenario = nat_scenario();
    const auto server = NetworkPlan(scenario).server(0, Boot::as_running);
    EXPECT_THAT(server.ip_lines,
                ElementsAre("route append default via 10.11.12.10 dev eth0 onlink"));
    EXPECT_THAT(server.iptables, IsEmpty());
}

TEST(NetworkPlan, GivesAllClientsOfAGroupOneNamespaceAndTheirOwnAddresses) {
    const auto scenario = nat_scenario();
    const auto clients = NetworkPlan(scenario).clients(0);
    EXPECT_THAT(clients.ip_lines, Contains("route add local 172.16.0.2/31 dev lo table local"));
    EXPECT_THAT(clients.ip_lines, Contains("route add local 172.16.0.4/32 dev lo table local"));
    EXPECT_EQ(netem_words(clients.ports.front().link, {}),
              "netem limit 100000 delay 5000us loss random 1.000000%");
}

TEST(NetworkPlan, HidesTheVirtualAddressOfADirectServer) {
    const std::string yaml = nat_yaml;
    auto direct = yaml;
    direct.replace(direct.find("address: 10.11.12.1/24"), 22, "address: 192.168.26.1/24");
    const auto scenario = read_lab_scenario(direct, without_nat(nat_cf));
    const NetworkPlan plan(scenario);
    const auto server = plan.server(0, Boot::as_running);
    EXPECT_THAT(server.ip_lines, Contains("addr add 192.168.26.10/32 dev lo"));
    EXPECT_THAT(server.sysctls, Contains(Pair("net.ipv4.conf.all.arp_ignore", "1")));
    EXPECT_EQ(plan.server_of(server.ports.front().mac), 0U);
    EXPECT_EQ(plan.server_of(plan.gateway(0).ports.front().mac), std::nullopt);
}

TEST(NetworkPlan, NoTwoCardsAreAlike) {
    const auto scenario = nat_scenario();
    const NetworkPlan plan(scenario);
    std::set<MacAddress> macs;
    std::set<std::string> names;
    std::size_t cards = 0;
    for (const auto& machine :
         {plan.gateway(0), plan.clients(0), plan.router(0, Boot::as_running),
          plan.router(1, Boot::as_running), plan.server(0, Boot::as_running)}) {
        for (const auto& port : machine.ports) {
            macs.insert(port.mac);
            names.insert(port.switch_port);
            EXPECT_LE(port.switch_port.size(), 15U) << "IFNAMSIZ";
            ++cards;
        }
    }
    EXPECT_EQ(macs.size(), cards);
    EXPECT_EQ(names.size(), cards);
}

TEST(NetemWords, SayNothingForALinkThatIsWholeAndFast) {
    EXPECT_EQ(netem_words(scenario::Link{}, {}), "");
    EXPECT_EQ(netem_words(std::nullopt, {}), "");
}

TEST(NetemWords, SayWhatAFaultAdds) {
    const scenario::Link link{BitRate{10'000'000}, milliseconds(2), 0};
    EXPECT_EQ(netem_words(link, {.cut = false, .loss = {}, .delay = milliseconds(3)}),
              "netem limit 100000 delay 5000us rate 10000000bit");
    EXPECT_EQ(netem_words(scenario::Link{}, {.cut = false, .loss = 0.25}),
              "netem limit 100000 loss random 25.000000%");
    EXPECT_THAT(netem_words(link, {.cut = true, .loss = {}}), HasSubstr("loss random 100.000000%"));
}

TEST(NetworksOfRange, CoverTheRangeAndNothingElse) {
    const auto first = *Address::parse("10.0.0.2");
    for (const std::uint64_t count : {1U, 2U, 3U, 7U, 200U, 1000U}) {
        std::uint64_t covered = 0;
        for (const auto& network : networks_of_range(first, count)) {
            EXPECT_EQ(network.address.v4_host_order(), first.v4_host_order() + covered);
            EXPECT_EQ(network.base(), network.address);
            covered += std::uint64_t{1} << (32 - network.prefix_length);
        }
        EXPECT_EQ(covered, count);
    }
}

TEST(IptablesText, SaysMarksAndTranslation) {
    scenario::MarkRule mark;
    mark.protocol = Protocol::tcp;
    mark.destination = Network::parse("192.168.26.10/32");
    mark.first_port = Port{80};
    mark.last_port = Port{443};
    mark.mark = Fwmark{80};
    scenario::NatRule nat;
    nat.source = Network::parse("10.11.12.0/24");
    nat.out = scenario::NetworkSide::public_net;
    EXPECT_EQ(iptables_text({mark}, {nat}, {"eth0", "eth1"}),
              "*mangle\n"
              "-A PREROUTING -p tcp -d 192.168.26.10/32 --dport 80:443 -j MARK --set-mark 80\n"
              "COMMIT\n"
              "*nat\n"
              "-A POSTROUTING -s 10.11.12.0/24 -o eth0 -j MASQUERADE\n"
              "COMMIT\n");
}

}  // namespace
}  // namespace lvslab::lab
