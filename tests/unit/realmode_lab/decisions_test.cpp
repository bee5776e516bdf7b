// SPDX-License-Identifier: GPL-2.0-only
/// What a router decided, read off the frames at its cards.
#include "realmode/lab/decisions.hpp"

#include <gtest/gtest.h>

#include <boost/endian/conversion.hpp>

#include "core/scenario/reader.hpp"
#include "core/world/configurations.hpp"
#include "tests/unit/realmode_lab/lab_scenario.hpp"

namespace lvslab::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Bytes = std::vector<std::uint8_t>;

void put16(Bytes& bytes, std::size_t at, std::uint16_t value) {
    boost::endian::store_big_u16(bytes.data() + at, value);
}
void put32(Bytes& bytes, std::size_t at, std::uint32_t value) {
    boost::endian::store_big_u32(bytes.data() + at, value);
}

Bytes ip(std::uint8_t protocol, const Address& from, const Address& to, const Bytes& payload) {
    Bytes bytes(20, 0);
    bytes[0] = 0x45;
    bytes[8] = 64;
    bytes[9] = protocol;
    put16(bytes, 2, static_cast<std::uint16_t>(20 + payload.size()));
    put32(bytes, 12, from.v4_host_order());
    put32(bytes, 16, to.v4_host_order());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

Bytes syn(const Endpoint& from, const Endpoint& to, std::uint32_t sequence) {
    Bytes tcp(20, 0);
    put16(tcp, 0, from.port.value());
    put16(tcp, 2, to.port.value());
    put32(tcp, 4, sequence);
    tcp[12] = 0x50;
    tcp[13] = 0x02;
    return ip(6, from.address, to.address, tcp);
}

Bytes unreachable(const Bytes& about) {
    Bytes icmp{3, 3, 0, 0, 0, 0, 0, 0};
    // Linux quotes more than the eight bytes that RFC 792 asks for (icmp.c, __icmp_send).
    icmp.insert(icmp.end(), about.begin(), about.end());
    return ip(1, *Address::parse("192.168.26.10"), *Address::parse("172.16.0.2"), icmp);
}

struct Decisions : journal::Sink {
    void take(const journal::Event& event) override {
        times.push_back(event.time);
        all.push_back(std::get<journal::Decision>(event.payload));
    }
    std::vector<Time> times;
    std::vector<journal::Decision> all;
};

class DecisionWatchTest : public ::testing::Test {
protected:
    void in(Duration at, const Bytes& packet) { watch.take({Time{at}, false, {}, packet}); }
    void out(Duration at, const Bytes& packet, MacAddress to = {}) {
        watch.take({Time{at}, true, to, packet});
    }

    scenario::Scenario scenario = nat_scenario();
    NetworkPlan plan{scenario};
    std::vector<router::DesiredService> services = world::all_services(scenario);
    Decisions told;
    DecisionWatch watch{scenario, plan, services, 0, told};
    Endpoint client = *Endpoint::parse("172.16.0.2:40000");
    Endpoint vip = *Endpoint::parse("192.168.26.10:80");
    Endpoint web1 = *Endpoint::parse("10.11.12.1:80");
};

TEST_F(DecisionWatchTest, SeesNatByTheAddressThatItGoesOutTo) {
    in(seconds(1), syn(client, vip, 7));
    EXPECT_TRUE(told.all.empty()) << "nothing is decided before it goes out";
    out(seconds(1) + milliseconds(1), syn(client, web1, 7));
    ASSERT_EQ(told.all.size(), 1U);
    EXPECT_EQ(told.times.front(), Time{seconds(1)}) << "when it came in";
    EXPECT_EQ(told.all.front().server, 0U);
    EXPECT_EQ(told.all.front().service, 0U);
    EXPECT_EQ(told.all.front().origin, 2);
    EXPECT_EQ(told.all.front().client, client);
    EXPECT_EQ(told.all.front().virtual_endpoint, vip);
}

TEST_F(DecisionWatchTest, SeesDirectRoutingByTheCard) {
    in(seconds(1), syn(client, vip, 7));
    out(seconds(1), syn(client, vip, 7), plan.server(0, Boot::as_running).ports.front().mac);
    ASSERT_EQ(told.all.size(), 1U);
    EXPECT_EQ(told.all.front().server, 0U);
}

TEST_F(DecisionWatchTest, SeesATunnelByItsOuterAddress) {
    in(seconds(1), syn(client, vip, 7));
    out(seconds(1), ip(4, *Address::parse("10.11.12.9"), web1.address, syn(client, vip, 7)));
    ASSERT_EQ(told.all.size(), 1U);
    EXPECT_EQ(told.all.front().server, 0U);
}

TEST_F(DecisionWatchTest, ASynThatIsSentAgainIsNoDecision) {
    for (const auto at : {1, 2}) {
        in(seconds(at), syn(client, vip, 7));
        out(seconds(at), syn(client, web1, 7));
    }
    EXPECT_EQ(told.all.size(), 1U);
    in(seconds(3), syn(client, vip, 8));
    out(seconds(3), syn(client, web1, 8));
    EXPECT_EQ(told.all.size(), 2U) << "the port is used again";
}

TEST_F(DecisionWatchTest, TellsARefusal) {
    in(seconds(1), syn(client, vip, 7));
    out(seconds(1), unreachable(syn(client, vip, 7)));
    ASSERT_EQ(told.all.size(), 1U);
    EXPECT_EQ(told.all.front().server, journal::no_index);
    EXPECT_EQ(told.all.front().origin, 0);
}

TEST_F(DecisionWatchTest, WhatIsNotForAServiceIsNone) {
    const auto other = *Endpoint::parse("192.168.26.10:22");
    in(seconds(1), syn(client, other, 7));
    out(seconds(1), syn(client, web1, 7));
    EXPECT_TRUE(told.all.empty());
}

TEST_F(DecisionWatchTest, ARouterThatBootsKnowsNoConnection) {
    in(seconds(1), syn(client, vip, 7));
    out(seconds(1), syn(client, web1, 7));
    watch.boot(scenario.routers[0].at_boot);
    in(seconds(2), syn(client, vip, 7));
    out(seconds(2), syn(client, web1, 7));
    EXPECT_EQ(told.all.size(), 2U);
}

TEST_F(DecisionWatchTest, SurvivesBytesThatAreNoPacket) {
    in(seconds(1), {});
    in(seconds(1), {0x45});
    auto cut = syn(client, vip, 7);
    cut.resize(25);
    in(seconds(1), cut);
    out(seconds(1), unreachable(Bytes(28, 0xFF)));
    EXPECT_TRUE(told.all.empty());
}

}  // namespace
}  // namespace lvslab::lab
