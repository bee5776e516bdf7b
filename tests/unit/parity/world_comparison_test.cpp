// SPDX-License-Identifier: GPL-2.0-only
#include "core/parity/world_comparison.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/random.hpp"

namespace lvslab::parity {
namespace {

using namespace std::chrono_literals;
using namespace journal;

RunStarted cluster() {
    RunStarted run;
    run.servers = {"web1", "web2"};
    run.routers = {"lvs1", "lvs2"};
    run.services = {"http"};
    return run;
}

const Address vip = *Address::parse("10.0.0.1");

/// A takeover: lvs1 dies, lvs2 becomes active at `at` and takes the address.
WorldStory takeover(Time at, std::string reason = "partner silent") {
    WorldStory story;
    story.take({Time{}, cluster()});
    story.take({Time{}, RoleChanged{0, true, "settled"}});
    story.take({Time{}, AddressRaised{0, vip}});
    story.take({Time{}, DestinationAdded{0, 0, 0, 1}});
    story.take({at, RoleChanged{1, true, std::move(reason)}});
    story.take({at + 1ms, AddressRaised{1, vip}});
    story.take({at + 2ms, DestinationAdded{1, 0, 0, 1}});
    return story;
}

const ThreadDifference& thread(const WorldComparison& c, Thread wanted) {
    for (const auto& t : c.threads) {
        if (t.thread == wanted) {
            return t;
        }
    }
    throw std::logic_error("no such thread");
}

TEST(WorldComparison, OneStoryAtOtherTimesIsTheSameStory) {
    const auto c = compare(takeover(Time{40s}), takeover(Time{40s + 3ms}));
    EXPECT_TRUE(thread(c, Thread::role).same);
    EXPECT_TRUE(thread(c, Thread::role).in_order);
    EXPECT_EQ(thread(c, Thread::role).largest, 3ms);
    EXPECT_EQ(thread(c, Thread::role).largest_subject, "lvs2");
    EXPECT_EQ(thread(c, Thread::address).largest, 3ms);
    EXPECT_EQ(c.takeover_difference, std::optional<Duration>(3ms));
}

TEST(WorldComparison, TheRemovalOfAServerIsTimedApartFromWhatElseBefallsServers) {
    auto first = takeover(Time{40s}), second = takeover(Time{40s + 3ms});
    EXPECT_EQ(compare(first, second).removal_difference, std::nullopt) << "none was taken out";
    first.take({Time{50s}, DestinationRemoved{1, 0, 0}});
    second.take({Time{50s + 1ms}, DestinationRemoved{1, 0, 0}});
    EXPECT_EQ(compare(first, second).removal_difference, std::optional<Duration>(1ms));
}

TEST(WorldComparison, AnotherReasonIsAnotherStory) {
    const auto c = compare(takeover(Time{40s}), takeover(Time{40s}, "released"));
    EXPECT_FALSE(thread(c, Thread::role).same);
    EXPECT_TRUE(thread(c, Thread::address).same);
}

TEST(WorldComparison, AMomentThatOnlyOneWorldHasIsADifference) {
    auto second = takeover(Time{40s});
    second.take({Time{50s}, DestinationRemoved{1, 0, 1}});
    const auto c = compare(takeover(Time{40s}), second);
    EXPECT_FALSE(thread(c, Thread::server).same);
}

TEST(WorldComparison, SubjectsMayMeetInAnotherOrder) {
    WorldStory first, second;
    for (auto* story : {&first, &second}) {
        story->take({Time{}, cluster()});
        const bool swapped = story == &second;
        story->take({Time{1s}, DestinationRemoved{0, 0, swapped ? 1U : 0U}});
        story->take({Time{2s}, DestinationRemoved{0, 0, swapped ? 0U : 1U}});
    }
    const auto c = compare(first, second);
    EXPECT_TRUE(thread(c, Thread::server).same);
    EXPECT_FALSE(thread(c, Thread::server).in_order);
}

TEST(WorldComparison, AWeightOfTheFileIsPartOfTheStoryAndOneThatFollowsALoadIsNot) {
    WorldStory first, second;
    for (auto* story : {&first, &second}) {
        const bool other = story == &second;
        story->take({Time{}, cluster()});
        story->take({Time{}, DestinationAdded{0, 0, 0, 10}});
        story->take({Time{10s}, DestinationEdited{0, 0, 0, other ? 30 : 20}});
        story->take({Time{15s}, DestinationRemoved{0, 0, 0}});
        story->take({Time{16s}, DestinationAdded{0, 0, 0, other ? 30 : 20}});
        story->take({Time{20s}, RunEnded{}});
    }
    EXPECT_FALSE(thread(compare(first, second), Thread::server).same);

    first.take({Time{20s}, LoadMeasured{0, 0, 0, 0.5}});
    const auto c = compare(first, second);
    EXPECT_TRUE(thread(c, Thread::server).same);
    EXPECT_EQ(thread(c, Thread::server).moments, 3U) << "in, out and in";
    ASSERT_EQ(c.weights.size(), 1U);
    EXPECT_EQ(c.weights[0].subject, "lvs1 http web1");
    EXPECT_DOUBLE_EQ(c.weights[0].first, (10 * 10 + 5 * 20 + 4 * 20) / 20.0);
    EXPECT_DOUBLE_EQ(c.weights[0].second, (10 * 10 + 5 * 30 + 4 * 30) / 20.0);
    EXPECT_DOUBLE_EQ(c.largest_weight, (18.5 - 14) / 18.5);

    second.take({Time{21s}, DestinationRemoved{0, 0, 0}});
    EXPECT_FALSE(thread(compare(first, second), Thread::server).same) << "out is out";
}

TEST(WorldComparison, SharesAreOfWhatWasGivenAway) {
    WorldStory first, second;
    const Endpoint client, to;
    for (auto* story : {&first, &second}) {
        story->take({Time{}, cluster()});
        for (std::uint32_t i = 0; i < 10; ++i) {
            const std::uint32_t server = i < (story == &first ? 5U : 8U) ? 0 : 1;
            story->take({Time{1s}, Decision{0, 0, server, 2, client, to}});
        }
        story->take({Time{1s}, Decision{0, 0, no_index, 0, client, to}});
    }
    const auto c = compare(first, second);
    EXPECT_DOUBLE_EQ(c.largest_share, 0.3);
    EXPECT_EQ(c.shares[1].second, 2U);
}

TEST(KolmogorovSmirnov, ByHand) {
    const std::vector<double> a{1, 2, 3, 4}, b{3, 4, 5, 6};
    EXPECT_DOUBLE_EQ(ks_distance(a, b).value(), 0.5);
    EXPECT_DOUBLE_EQ(ks_distance(a, a).value(), 0);
    const std::vector<double> c{10};
    EXPECT_DOUBLE_EQ(ks_distance(a, c).value(), 1);
    EXPECT_FALSE(ks_distance(a, {}));
}

TEST(KolmogorovSmirnov, TheLimitHoldsSamplesOfOneDistributionAndNotOfTwo) {
    RandomStream stream(1, "ks");
    std::vector<double> a, b, other;
    for (int i = 0; i < 2000; ++i) {
        a.push_back(-std::log(1 - stream.uniform()));
        b.push_back(-std::log(1 - stream.uniform()));
        other.push_back(-1.3 * std::log(1 - stream.uniform()));
    }
    EXPECT_LT(ks_distance(a, b).value(), ks_limit(a.size(), b.size(), 0.001));
    EXPECT_GT(ks_distance(a, other).value(), ks_limit(a.size(), other.size(), 0.001));
}

TEST(Wasserstein, ByHand) {
    const std::vector<double> a{1, 2, 3, 4}, b{3, 4, 5, 6};
    EXPECT_DOUBLE_EQ(wasserstein_distance(a, b).value(), 2);
    EXPECT_DOUBLE_EQ(wasserstein_distance(b, a).value(), 2);
    EXPECT_DOUBLE_EQ(wasserstein_distance(a, a).value(), 0);
    const std::vector<double> one{10}, more{0, 10, 10, 10};
    EXPECT_DOUBLE_EQ(wasserstein_distance(one, more).value(), 2.5);
    EXPECT_FALSE(wasserstein_distance({}, a));
}

}  // namespace
}  // namespace lvslab::parity
