// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/ipvs/ipvs_story.hpp"

namespace lvslab::ipvs {
namespace {

TEST(ConnectionStory, NatConnectionIsActiveFromSynToFinAndGoesAfterFinWait) {
    Story s;
    s.service("rr");
    s.server("10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.0.1:4000", syn), "10.1.0.10:80");
    EXPECT_EQ(s.counters("10.1.0.10:80"), "1/0/0");
    const auto reply = s.from_server("10.1.0.10:80", "172.16.0.1:4000", syn_ack);
    EXPECT_EQ(reply.action, Action::forward);
    EXPECT_EQ(reply.virtual_endpoint, at("10.255.0.1:80"));
    s.goes("172.16.0.1:4000", ack);
    s.from_server("10.1.0.10:80", "172.16.0.1:4000", fin);
    EXPECT_EQ(s.counters("10.1.0.10:80"), "0/1/0");
    s.wait(119999ms);
    EXPECT_EQ(s.counters("10.1.0.10:80"), "0/1/0");
    s.wait(1ms);
    EXPECT_EQ(s.counters("10.1.0.10:80"), "0/0/0");
    EXPECT_EQ(s.ipvs.connection_count(), 0U);
    EXPECT_EQ(s.from_server("10.1.0.10:80", "172.16.0.1:4000", ack).action, Action::pass);
}

TEST(ConnectionStory, PacketWithoutEntryIsResetIfItDoesNotOpenAConnection) {
    Story s;
    s.service("rr");
    s.server("10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.0.1:4000", ack), "reset");
    EXPECT_EQ(s.goes("172.16.0.1:4000", rst), "passed");
    EXPECT_EQ(s.ipvs.connection_count(), 0U);
}

TEST(ConnectionStory, NoServerMeansPortUnreachable) {
    Story s;
    s.service("wlc");
    EXPECT_EQ(s.goes("172.16.0.1:4000", syn), "rejected");
    s.server("10.1.0.10:80", 0);
    EXPECT_EQ(s.goes("172.16.0.1:4000", syn), "rejected");
}

TEST(ConnectionStory, EntryOfARemovedServerIsDroppedUntilTheServerIsBack) {
    Story s;
    s.service("wlc");
    s.server("10.1.0.10:80");
    s.goes("172.16.0.1:4000", syn);
    s.remove("10.1.0.10:80");
    EXPECT_EQ(s.counters("10.1.0.10:80"), "not listed");
    EXPECT_EQ(s.goes("172.16.0.1:4000", ack), "dropped");
    s.server("10.1.0.10:80", 3);
    EXPECT_EQ(s.counters("10.1.0.10:80"), "1/0/0");
    EXPECT_EQ(s.goes("172.16.0.1:4000", ack), "10.1.0.10:80");
}

}  // namespace
}  // namespace lvslab::ipvs
