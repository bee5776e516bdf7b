// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/neighbour.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace lvslab::packet_world {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Ask = Neighbour::Step::Ask;
using State = NeighbourState;

const ns3::Mac48Address old_mac("02:00:00:00:00:01");
const ns3::Mac48Address new_mac("02:00:00:00:00:02");
constexpr Duration reachable = seconds(30);

Time at(Duration d) {
    return Time{d};
}

/// One that answered at 0 s.
Neighbour answered() {
    Neighbour n;
    n.use(at(seconds(0)));
    n.learn(old_mac, true, false, reachable, at(seconds(0)));
    return n;
}

TEST(Neighbour, IsAskedThreeTimesByBroadcastThenFails) {
    Neighbour n;
    for (int second = 0; second < 3; ++second) {
        const auto step = second == 0 ? n.use(at(seconds(0))) : n.expire(at(seconds(second)));
        EXPECT_EQ(step.ask, Ask::by_broadcast);
        EXPECT_EQ(step.timer, at(seconds(second + 1)));
        EXPECT_FALSE(n.is_usable());
    }
    EXPECT_EQ(n.expire(at(seconds(3))).ask, Ask::no);
    EXPECT_EQ(n.state(at(seconds(3))), State::failed);
    EXPECT_EQ(n.use(at(seconds(4))).ask, Ask::by_broadcast) << "the next packet asks anew";
}

TEST(Neighbour, GrowsStaleByItselfAndIsUsedAllTheSame) {
    auto n = answered();
    EXPECT_EQ(n.use(at(reachable)).timer, never);
    EXPECT_EQ(n.state(at(reachable)), State::reachable);
    EXPECT_EQ(n.state(at(reachable + milliseconds(1))), State::stale);
    EXPECT_EQ(n.use(at(seconds(1000))).timer, at(seconds(1005)));
    EXPECT_EQ(n.state(at(seconds(1000))), State::delay);
    EXPECT_TRUE(n.is_usable());
}

TEST(Neighbour, ThatIsSilentIsUsedUntilThreeProbesHaveFailed) {
    auto n = answered();
    n.use(at(seconds(40)));
    for (int probe = 0; probe < 3; ++probe) {
        EXPECT_EQ(n.expire(at(seconds(45 + probe))).ask, Ask::by_unicast);
        EXPECT_TRUE(n.is_usable());
        EXPECT_EQ(n.mac(), old_mac);
    }
    EXPECT_EQ(n.expire(at(seconds(48))).ask, Ask::no);
    EXPECT_FALSE(n.is_usable());
    EXPECT_EQ(n.use(at(milliseconds(48'100))).ask, Ask::by_broadcast);
}

TEST(Neighbour, ThatAnswersAProbeIsReachableAgain) {
    auto n = answered();
    n.use(at(seconds(40)));
    n.expire(at(seconds(45)));
    n.learn(old_mac, true, false, reachable, at(seconds(45)));
    EXPECT_EQ(n.expire(at(seconds(46))).ask, Ask::no);
    EXPECT_EQ(n.state(at(seconds(75))), State::reachable);
    EXPECT_EQ(n.state(at(seconds(76))), State::stale);
}

TEST(Neighbour, FollowsAGratuitousAnnouncementAtOnceButDoubtsIt) {
    auto n = answered();
    n.learn(new_mac, false, true, reachable, at(milliseconds(1)));
    EXPECT_EQ(n.mac(), new_mac);
    EXPECT_EQ(n.state(at(milliseconds(1))), State::stale);
}

TEST(Neighbour, IsNotDoubtedForAnAnnouncementThatTellsNothingNew) {
    auto n = answered();
    n.learn(old_mac, false, true, reachable, at(seconds(10)));
    EXPECT_EQ(n.state(at(seconds(10))), State::reachable);
    EXPECT_EQ(n.state(at(reachable + milliseconds(1))), State::stale) << "nor confirmed";
}

TEST(Neighbour, TakesTheFirstOfSeveralAnswers) {
    auto n = answered();
    n.learn(new_mac, true, false, reachable, at(milliseconds(500)));
    EXPECT_EQ(n.mac(), old_mac);
    n.learn(new_mac, true, false, reachable, at(milliseconds(1001)));
    EXPECT_EQ(n.mac(), new_mac);
}

}  // namespace
}  // namespace lvslab::packet_world
