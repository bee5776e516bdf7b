// SPDX-License-Identifier: GPL-2.0-only
/// Two routers on a network: who is active when, and which servers they let in.
#include "sim/packet/router_host.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/packet/router_pair.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;

/// Longer than a word, or a check of a server that answers, takes on these LANs.
constexpr Duration delay = milliseconds(5);

struct Times {
    Duration keepalive, deadtime;
};
std::ostream& operator<<(std::ostream& out, const Times& t) {
    return out << to_string(t.keepalive) << "/" << to_string(t.deadtime);
}

class EveryKeepalive : public ::testing::TestWithParam<Times> {};

// facts: between deadtime - keepalive and deadtime after the crash, for the last word was sent at
// most a keepalive before it.
TEST_P(EveryKeepalive, TakeoverComesWithinTheBoundsOfTheLastWord) {
    const auto [keepalive, deadtime] = GetParam();
    const Duration crash = 2 * keepalive + keepalive / 3;
    Duration earliest = Duration::max(), latest{};
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        RouterPair pair(pair_scenario(keepalive, deadtime), seed);
        pair.settled();
        pair.go_until(crash);
        ASSERT_TRUE(pair.routers[0]->active()) << "seed " << seed;
        ASSERT_FALSE(pair.routers[1]->active()) << "seed " << seed;
        pair.routers[0]->crash();
        pair.go_until(crash + deadtime + delay);
        const auto took_over = pair.became(1, true);
        ASSERT_TRUE(took_over) << "seed " << seed;
        const auto after = *took_over - Time{crash};
        EXPECT_GE(after, deadtime - keepalive) << "seed " << seed;
        EXPECT_LE(after, deadtime + delay) << "seed " << seed;
        earliest = std::min(earliest, after);
        latest = std::max(latest, after);
        EXPECT_TRUE(pair.network.has_address(1, *Address::parse("192.168.26.10")));
        EXPECT_TRUE(pair.network.has_address(1, *Address::parse("10.11.12.10")));
    }
    // The phases fill the interval: a hundred uniform ones leave a tenth at an end empty with
    // probability 0.9^100 < 3e-5.
    EXPECT_LT(earliest, deadtime - keepalive + keepalive / 10);
    EXPECT_GT(latest, deadtime - keepalive / 10);
}

INSTANTIATE_TEST_SUITE_P(RouterHost, EveryKeepalive,
                         ::testing::Values(Times{seconds(2), seconds(3)},
                                           Times{seconds(6), seconds(18)},
                                           Times{milliseconds(250), seconds(1)}));

TEST(RouterHost, RouterAloneBecomesActiveAfterDeadtime) {
    auto scenario = pair_scenario(seconds(6), seconds(18));
    RouterPair pair(scenario);
    for (const auto& floating : pair.network.topology().floating) {
        pair.network.lower_address(0, floating.address);
    }
    pair.routers[0]->start_daemons();
    pair.go_until(seconds(30));
    EXPECT_EQ(pair.became(0, true), Time{seconds(18)});
    // Checks begin at the activation and let the servers in.
    const auto in = pair.put_in(0);
    ASSERT_TRUE(in);
    EXPECT_LE(*in - Time{seconds(18)}, delay);
}

TEST(RouterHost, SettledBeginsWithEveryServerInAndNobodyChangesAnything) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        RouterPair pair(pair_scenario(seconds(2), seconds(5)), seed);
        pair.settled();
        EXPECT_EQ(pair.events.all<journal::DestinationAdded>().size(), 2U);
        const auto begun = pair.events.events.size();
        pair.go_until(seconds(60));
        for (std::size_t i = begun; i < pair.events.events.size(); ++i) {
            const auto& payload = pair.events.events[i].payload;
            EXPECT_FALSE(std::holds_alternative<journal::RoleChanged>(payload));
            EXPECT_FALSE(std::holds_alternative<journal::DestinationRemoved>(payload));
            EXPECT_FALSE(std::holds_alternative<journal::DestinationEdited>(payload));
        }
        EXPECT_GE(pair.events.all<journal::CheckEnded>().size(), 8U);
        EXPECT_GE(pair.events.all<journal::HeartbeatHeard>().size(), 2U * 2U * 29U);
    }
}

TEST(RouterHost, FiveAnnouncementsASecondApartOfEachAddress) {
    RouterPair pair(pair_scenario(seconds(2), seconds(3)));
    pair.settled();
    pair.go_until(seconds(10));
    pair.routers[0]->crash();
    pair.go_until(seconds(30));
    const auto took_over = pair.became(1, true);
    ASSERT_TRUE(took_over);
    std::map<Address, std::vector<Time>> told;
    for (const auto& e : pair.events.events) {
        if (const auto* a = std::get_if<journal::AddressAnnounced>(&e.payload)) {
            EXPECT_EQ(a->router, 1U);
            told[a->address].push_back(e.time);
            EXPECT_EQ(a->nth, told[a->address].size());
        }
    }
    EXPECT_EQ(told.size(), 2U) << "the VIP and NAT's address";
    for (const auto& [address, times] : told) {
        ASSERT_EQ(times.size(), 5U);
        for (std::size_t i = 0; i < times.size(); ++i) {
            EXPECT_EQ(times[i], *took_over + i * seconds(1));
        }
    }
}

TEST(RouterHost, RefusedPortTakesTheServerOutWithinATimeout) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        auto scenario = pair_scenario(seconds(2), seconds(5));
        edit_service(scenario, [](auto& v) { v.timeout = seconds(6); });
        RouterPair pair(scenario, seed);
        pair.settled();
        pair.go_until(seconds(20));
        pair.servers[1]->stop();
        pair.go_until(seconds(40));
        const auto out = pair.taken_out(1);
        ASSERT_TRUE(out) << "seed " << seed;
        EXPECT_LE(*out - Time{seconds(20)}, seconds(6) + delay) << "seed " << seed;
        EXPECT_FALSE(pair.taken_out(0)) << "seed " << seed;
    }
}

TEST(RouterHost, SilentServerIsTakenOutWithinThreeTimeouts) {
    Duration latest{};
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        auto scenario = pair_scenario(seconds(2), seconds(5));
        edit_service(scenario, [](auto& v) { v.timeout = seconds(6); });
        RouterPair pair(scenario, seed);
        pair.settled();
        pair.go_until(seconds(20));
        pair.servers[1]->freeze();
        pair.go_until(seconds(45));
        const auto out = pair.taken_out(1);
        ASSERT_TRUE(out) << "seed " << seed;
        latest = std::max(latest, *out - Time{seconds(20)});
    }
    EXPECT_LE(latest, 3 * seconds(6));
    EXPECT_GT(latest, seconds(6)) << "nobody had to wait for an answer";
}

TEST(RouterHost, ServerIsBackAfterItsReentryTime) {
    // threshold = 15 / 6 = 2 successes: one to two timeouts after it is healthy again.
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        auto scenario = pair_scenario(seconds(2), seconds(5));
        edit_service(scenario, [](auto& v) {
            v.timeout = seconds(6);
            v.reentry = seconds(15);
        });
        RouterPair pair(scenario, seed);
        pair.settled();
        pair.go_until(seconds(20));
        pair.servers[1]->stop();
        pair.go_until(seconds(40));
        ASSERT_TRUE(pair.taken_out(1)) << "seed " << seed;
        pair.servers[1]->start();
        pair.go_until(seconds(60));
        const auto back = pair.put_in(1, seconds(40));
        ASSERT_TRUE(back) << "seed " << seed;
        EXPECT_GE(*back - Time{seconds(40)}, seconds(6)) << "seed " << seed;
        EXPECT_LE(*back - Time{seconds(40)}, 2 * seconds(6) + delay) << "seed " << seed;
    }
}

TEST(RouterHost, SuspendedRouterAndItsPartnerAreBothActiveUntilItGoesOn) {
    RouterPair pair(pair_scenario(seconds(2), seconds(5)));
    pair.settled();
    pair.go_until(seconds(10));
    pair.routers[0]->hold();
    pair.go_until(seconds(20));
    EXPECT_TRUE(pair.routers[0]->active() && pair.routers[1]->active()) << "split brain";
    const auto vip = *Address::parse("192.168.26.10");
    EXPECT_TRUE(pair.network.has_address(0, vip) && pair.network.has_address(1, vip));
    pair.routers[0]->go_on();
    pair.go_until(seconds(22) + delay);
    EXPECT_TRUE(pair.routers[0]->active());
    EXPECT_FALSE(pair.routers[1]->active()) << "the backup yields";
    EXPECT_FALSE(pair.network.has_address(1, vip));
    const auto& service = pair.routers[1]->director().services().at(0).key;
    EXPECT_FALSE(pair.routers[0]->director().ipvs().destinations(service).empty());
    EXPECT_TRUE(pair.routers[1]->director().ipvs().destinations(service).empty());
    pair.go_until(seconds(40));
    EXPECT_TRUE(pair.routers[0]->active() && !pair.routers[1]->active());
}

TEST(RouterHost, SleepShorterThanDeadtimeChangesNothing) {
    // The standby's deadline passes while it sleeps; the words that came meanwhile are heard first.
    RouterPair pair(pair_scenario(seconds(2), seconds(5)));
    pair.settled();
    pair.go_until(seconds(10));
    pair.routers[1]->hold();
    pair.go_until(seconds(30));
    pair.routers[1]->go_on();
    pair.go_until(seconds(60));
    EXPECT_FALSE(pair.became(1, true));
    EXPECT_FALSE(pair.became(0, false));
}

TEST(RouterHost, ReturnsAsBackupAfterACrash) {
    RouterPair pair(pair_scenario(seconds(2), seconds(5)));
    pair.settled();
    pair.go_until(seconds(10));
    pair.routers[0]->crash();
    EXPECT_FALSE(pair.routers[0]->running());
    EXPECT_FALSE(pair.network.has_address(0, *Address::parse("192.168.26.10")));
    EXPECT_EQ(pair.routers[0]->director().ipvs().connection_count(), 0U);
    pair.go_until(seconds(20));
    pair.routers[0]->boot();
    pair.go_until(seconds(60));
    EXPECT_FALSE(pair.routers[0]->active());
    EXPECT_TRUE(pair.routers[1]->active());
}

TEST(RouterHost, DeathOfTheServicesHandsTheRoleOver) {
    RouterPair pair(pair_scenario(seconds(2), seconds(5)));
    pair.settled();
    pair.go_until(seconds(10));
    pair.routers[0]->kill_services();
    pair.go_until(seconds(12) + delay);
    EXPECT_FALSE(pair.routers[0]->active());
    EXPECT_TRUE(pair.routers[1]->active()) << "it was told: no need to wait for deadtime";
}

TEST(RouterHost, ReleaseHandsTheRoleOverAtOnce) {
    RouterPair pair(pair_scenario(seconds(2), seconds(5)));
    pair.settled();
    pair.go_until(seconds(10));
    pair.routers[0]->release();
    pair.go_until(seconds(10) + delay);
    EXPECT_FALSE(pair.routers[0]->active());
    EXPECT_TRUE(pair.routers[1]->active());
    pair.go_until(seconds(40));
    EXPECT_TRUE(pair.routers[0]->running());
    EXPECT_FALSE(pair.routers[0]->active());
    EXPECT_TRUE(pair.routers[1]->active());
}

TEST(RouterHost, TerminatedDaemonsLeaveNothingBehindAndStartAnew) {
    RouterPair pair(pair_scenario(seconds(2), seconds(5)));
    pair.settled();
    pair.go_until(seconds(10));
    pair.routers[0]->terminate();
    pair.go_until(seconds(10) + delay);
    EXPECT_FALSE(pair.routers[0]->running());
    EXPECT_FALSE(pair.network.has_address(0, *Address::parse("192.168.26.10")));
    pair.go_until(seconds(16));
    EXPECT_TRUE(pair.routers[1]->active());
    pair.routers[0]->start_daemons();
    pair.go_until(seconds(40));
    EXPECT_TRUE(pair.routers[0]->running());
    EXPECT_FALSE(pair.routers[0]->active());
    EXPECT_TRUE(pair.routers[1]->active());
}

TEST(RouterHost, ReloadTakesInTheNewServerAndKeepsTheOthers) {
    auto scenario = pair_scenario(seconds(2), seconds(5), NetworkType::nat, 3);
    const auto whole = scenario.config;
    edit_service(scenario, [](auto& v) { v.servers.pop_back(); });
    scenario.faults.resize(1);  // the third server knows what it will be asked
    scenario.faults[0].config = std::make_shared<config::LvsConfig>(whole);
    RouterPair pair(scenario);
    pair.settled();
    EXPECT_EQ(pair.events.all<journal::DestinationAdded>().size(), 2U);
    pair.go_until(seconds(10));
    pair.routers[0]->reload(whole);
    pair.go_until(seconds(30));
    EXPECT_EQ(pair.events.all<journal::DestinationAdded>().size(), 3U);
    EXPECT_TRUE(pair.put_in(2, seconds(10)));
    EXPECT_TRUE(pair.events.all<journal::DestinationRemoved>().empty());
}

TEST(RouterHost, SameSeedSameEvents) {
    const auto run = [](std::uint64_t seed) {
        RouterPair pair(pair_scenario(seconds(2), seconds(5)), seed);
        pair.settled();
        pair.go_until(seconds(20));
        std::vector<std::pair<Time, std::size_t>> told;
        for (const auto& e : pair.events.events) {
            told.emplace_back(e.time, e.payload.index());
        }
        return told;
    };
    EXPECT_EQ(run(3), run(3));
    EXPECT_NE(run(3), run(4));
}

}  // namespace
}  // namespace lvslab::packet_world::testing
