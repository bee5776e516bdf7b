// SPDX-License-Identifier: GPL-2.0-only
/// What became of each packet that a router's IPVS met, read off the frames at its cards.
#include "realmode/lab/segment_watch.hpp"

#include <gtest/gtest.h>
#include <boost/endian/conversion.hpp>

#include "core/world/configurations.hpp"
#include "tests/unit/realmode_lab/lab_scenario.hpp"

namespace lvslab::lab {
namespace {

using std::chrono::seconds;
using Bytes = std::vector<std::uint8_t>;

/// A TCP packet without a payload; a RST that answers what no socket asked for has no
/// identification and the sequence number of what it answers.
Bytes reset(const Endpoint& from, const Endpoint& to) {
    Bytes bytes(40, 0);
    bytes[0] = 0x45;
    bytes[3] = 40;
    bytes[8] = 64;
    bytes[9] = 6;
    boost::endian::store_big_u32(bytes.data() + 12, from.address.v4_host_order());
    boost::endian::store_big_u32(bytes.data() + 16, to.address.v4_host_order());
    boost::endian::store_big_u16(bytes.data() + 20, from.port.value());
    boost::endian::store_big_u16(bytes.data() + 22, to.port.value());
    bytes[32] = 0x50;
    bytes[33] = 0x04;
    return bytes;
}

struct Segments : journal::Sink {
    void take(const journal::Event& event) override {
        all.emplace_back(event.time, std::get<journal::SegmentSeen>(event.payload));
    }
    std::vector<std::pair<Time, journal::SegmentSeen>> all;
};

class SegmentWatchTest : public ::testing::Test {
protected:
    const scenario::Scenario scenario_ = nat_scenario();
    const NetworkPlan plan_{scenario_};
    const std::vector<router::DesiredService> services_ = world::all_services(scenario_);
    Segments told;
    DecisionWatch decisions_{scenario_, plan_, services_, 0, told};
    SegmentWatch watch{decisions_, 0, told};
    const Endpoint vip = *Endpoint::parse("192.168.26.10:80");
    const Endpoint web1 = *Endpoint::parse("10.11.12.1:80");
};

TEST_F(SegmentWatchTest, APacketThatWasDroppedIsNotTakenForOneOfTheSameNameThatWentOnLater) {
    const auto client = *Endpoint::parse("172.16.0.2:40000");

    watch.take({Time{seconds(1)}, false, {}, reset(client, vip)});  // its server is out: dropped
    watch.take({Time{seconds(9)}, false, {}, reset(client, vip)});  // it is back
    watch.take({Time{seconds(9)}, true, {}, reset(client, web1)});
    watch.flush();

    ASSERT_EQ(told.all.size(), 2U);
    EXPECT_EQ(told.all[0].first, Time{seconds(9)});
    EXPECT_EQ(told.all[0].second.passage, journal::Passage::forwarded);
    EXPECT_EQ(told.all[1].first, Time{seconds(1)});
    EXPECT_EQ(told.all[1].second.passage, journal::Passage::unseen);
}

TEST_F(SegmentWatchTest, AMasqueradedPacketIsNoReplyOfAVirtualService) {
    // Active FTP with the manual's MASQUERADE from port 20, to a port that its client had used
    // before for a passive transfer, by IPVS.
    const auto client = *Endpoint::parse("172.16.0.2:1037");
    const auto data = *Endpoint::parse("10.11.12.1:20");
    const auto router = *Endpoint::parse("192.168.26.9:20");

    watch.take({Time{seconds(1)}, false, {}, reset(client, vip)});
    watch.take({Time{seconds(1)}, true, {}, reset(client, web1)});
    watch.take({Time{seconds(2)}, false, {}, reset(web1, client)});
    watch.take({Time{seconds(2)}, true, {}, reset(vip, client)});
    watch.take({Time{seconds(9)}, false, {}, reset(data, client)});
    watch.take({Time{seconds(9)}, true, {}, reset(router, client)});
    watch.flush();

    ASSERT_EQ(told.all.size(), 2U);
    EXPECT_FALSE(told.all[0].second.reply);
    EXPECT_TRUE(told.all[1].second.reply);
    EXPECT_EQ(told.all[1].second.virtual_endpoint, vip);
}

}  // namespace
}  // namespace lvslab::lab
