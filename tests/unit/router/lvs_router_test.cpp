// SPDX-License-Identifier: GPL-2.0-only
// Two routers, their servers and a channel: who serves what, and when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/router/router_story.hpp"

namespace lvslab::router {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

/// The kinds of what was told from `when` on, heartbeats and checks left out.
std::vector<std::string> order_of_events(const FakeMachine& machine, Duration from) {
    std::vector<std::string> names;
    for (const auto& told : machine.told) {
        if (told.at < Time{} + from) {
            continue;
        }
        if (const auto* role = std::get_if<ports::RoleChanged>(&told.event)) {
            names.emplace_back(role->active ? "active" : "inactive");
        } else if (std::holds_alternative<ports::ServiceSet>(told.event)) {
            names.emplace_back("service");
        } else if (std::holds_alternative<ports::ServiceRemoved>(told.event)) {
            names.emplace_back("no service");
        } else if (const auto* added = std::get_if<ports::DestinationAdded>(&told.event)) {
            names.push_back("add " + added->server.name);
        } else if (const auto* edited = std::get_if<ports::DestinationEdited>(&told.event)) {
            names.push_back(
                fmt::format("{} weighs {}", edited->server.name, edited->weight.value()));
        } else if (const auto* removed = std::get_if<ports::DestinationRemoved>(&told.event)) {
            names.push_back("remove " + removed->server.name);
        } else if (const auto* raised = std::get_if<ports::AddressRaised>(&told.event)) {
            names.push_back("raise " + raised->address.to_string());
        } else if (const auto* lowered = std::get_if<ports::AddressLowered>(&told.event)) {
            names.push_back("lower " + lowered->address.to_string());
        } else if (const auto* announced = std::get_if<ports::AddressAnnounced>(&told.event)) {
            names.push_back(
                fmt::format("announce {} {}", announced->address.to_string(), announced->nth));
        }
    }
    return names;
}

TEST(LvsRouter, SettledPairServesFromTheFirstMoment) {
    FakePair pair(read_config(two_servers()));
    pair.start_settled();
    EXPECT_TRUE(pair.active(0));
    EXPECT_FALSE(pair.active(1));
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
    EXPECT_THAT(pair.machine(0).addresses, UnorderedElementsAre(vip, nat_router));
    EXPECT_EQ(pair.machine(0).sync, "master eth1 3");
    EXPECT_EQ(pair.machine(1).sync, "backup eth1 3");
    pair.until(10min);
    EXPECT_THAT(pair.machine(0).announced, IsEmpty());
    EXPECT_THAT(pair.machine(0).scripts, IsEmpty());
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
    EXPECT_TRUE(pair.active(0));
    EXPECT_FALSE(pair.active(1));
}

TEST(LvsRouter, SettledChecksProbeAtTheirPhases) {
    FakePair pair(read_config(two_servers()));
    pair.start(0, {pulse::Start::settled_active, 300ms, 0s,
                   [](const ports::ServiceName& service, const ports::ServerName& server) {
                       EXPECT_EQ(service.name, "http");
                       return server.name == "web1" ? 4s : 7s;
                   }});
    pair.until(8s);
    const auto ended = pair.machine(0).told_of<ports::CheckEnded>();
    ASSERT_EQ(ended.size(), 2U);
    EXPECT_EQ(ended[0].first, Time{} + 4001ms);
    EXPECT_EQ(ended[0].second.server.name, "web1");
    EXPECT_EQ(ended[0].second.duration, 1ms);
    EXPECT_EQ(ended[1].first, Time{} + 7001ms);
}

TEST(LvsRouter, TheOtherTakesOverFromADeadRouterInOrder) {
    FakePair pair(read_config(two_servers()));
    pair.start_settled();
    pair.until(30s);
    pair.crash(0);  // its last word went out at 28.3 s
    pair.until(34300ms);
    EXPECT_FALSE(pair.active(1));
    pair.until(34301ms);
    EXPECT_TRUE(pair.active(1));
    pair.until(35s);
    EXPECT_THAT(
        order_of_events(pair.machine(1), 30s),
        ElementsAre("active", "service", "raise 192.168.10.100", "raise 10.0.0.254",
                    "announce 192.168.10.100 1", "announce 10.0.0.254 1", "add web1", "add web2"));
    EXPECT_EQ(servers_in(pair.machine(1)), "10.0.0.1:80 w1, 10.0.0.2:80 w1");
    EXPECT_THAT(pair.machine(1).scripts, ElementsAre("/bin/on"));
    EXPECT_EQ(pair.machine(1).sync, "master eth1 3");
    EXPECT_EQ(pair.machine(1).clears, 1);
}

TEST(LvsRouter, AnnouncesEachAddressFiveTimesASecondApart) {
    FakePair pair(read_config(two_servers()));
    pair.start_settled();
    pair.until(30s);
    pair.crash(0);
    pair.until(60s);
    const auto at = Time{} + 34301ms;
    EXPECT_THAT(
        pair.machine(1).announced,
        ElementsAre(Pair(at, vip), Pair(at, nat_router), Pair(at + 1s, vip),
                    Pair(at + 1s, nat_router), Pair(at + 2s, vip), Pair(at + 2s, nat_router),
                    Pair(at + 3s, vip), Pair(at + 3s, nat_router), Pair(at + 4s, vip),
                    Pair(at + 4s, nat_router)));
}

TEST(LvsRouter, RefusedPortTakesTheServerOutAndReentryPutsItBack) {
    FakePair pair(read_config(two_servers()));
    pair.start_settled();
    pair.until(15s);
    pair.servers[web2] = {false, 1ms, {}};
    pair.until(25s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1");
    const auto removed = pair.machine(0).told_of<ports::DestinationRemoved>();
    ASSERT_EQ(removed.size(), 1U);
    EXPECT_EQ(removed[0].first, Time{} + 20503ms);  // 0.5 s, then 10 s behind each end
    EXPECT_EQ(removed[0].second.server, (ports::ServerName{"web2", {web2, Port{80}}}));
    pair.servers[web2] = {};
    pair.until(50503ms);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1");
    pair.until(51s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1, 10.0.0.2:80 w1");
    pair.until(80s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
}

TEST(LvsRouter, QuiescedServerStaysWithWeightNought) {
    FakePair pair(read_config(two_servers("  quiesce_server = 1\n")));
    pair.start_settled();
    pair.servers[web2] = {false, 1ms, {}};
    pair.until(5s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1, 10.0.0.2:80 w0");
    EXPECT_THAT(order_of_events(pair.machine(0), 1ms), ElementsAre("web2 weighs 0"));
    pair.servers[web2] = {};
    pair.until(40s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1, 10.0.0.2:80 w1");
}

TEST(LvsRouter, SorryServerServesOnlyWhileNoRealServerDoes) {
    FakePair pair(read_config(two_servers("  sorry_server = 10.0.0.9\n")));
    pair.start_settled();
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
    pair.servers[web1] = {false, 1ms, {}};
    pair.until(5s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.2:80 w2");
    pair.servers[web2] = {false, 1ms, {}};
    pair.until(15s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.9:80 w1");
    pair.servers[web1] = {};
    pair.until(46s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1");
    EXPECT_THAT(order_of_events(pair.machine(0), 1ms),
                ElementsAre("remove web1", "remove web2", "add sorry_server", "remove sorry_server",
                            "add web1"));
}

TEST(LvsRouter, SorryServerServesBesideServersThatAreQuiesced) {
    FakePair pair(read_config(two_servers("  sorry_server = 10.0.0.9\n  quiesce_server = 1\n")));
    pair.start_settled();
    pair.servers[web1] = pair.servers[web2] = {false, 1ms, {}};
    pair.until(5s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w0, 10.0.0.2:80 w0, 10.0.0.9:80 w1");
}

TEST(LvsRouter, SorryServerServesUntilTheFirstCheckOfAColdStart) {
    FakePair pair(read_config(two_servers("  sorry_server = 10.0.0.9\n")));
    pair.start(0);
    pair.until(6s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.9:80 w1");
    pair.until(6001ms);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1, 10.0.0.2:80 w1");
}

TEST(LvsRouter, WeightsFollowTheLoadThatIsAskedFor) {
    FakePair pair(read_config(globals + http_service("  load_monitor = uptime\n",
                                                     server_block(1, 8) + server_block(2, 8))));
    pair.servers[web1].load = 0.0;
    pair.start_settled();
    pair.until(25s);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w12, 10.0.0.2:80 w8");
    const auto measured = pair.machine(0).told_of<ports::LoadMeasured>();
    ASSERT_EQ(measured.size(), 2U);
    EXPECT_EQ(measured[0].second.load, 0.0);
    EXPECT_EQ(measured[1].second.load, std::nullopt);
}

TEST(LvsRouter, SplitBrainEndsWithTheBackupYielding) {
    FakePair pair(read_config(two_servers()));
    pair.start_settled();
    pair.until(20s);
    bool cut = true;
    pair.channel = [&](std::size_t, pulse::Path) {
        return cut ? std::nullopt : std::optional<Duration>{1ms};
    };
    pair.until(40s);
    EXPECT_EQ(pair.active_routers(), 2);
    cut = false;
    pair.until(42s + 2ms);
    EXPECT_TRUE(pair.active(0));
    EXPECT_FALSE(pair.active(1));
    EXPECT_THAT(pair.machine(1).addresses, IsEmpty());
    EXPECT_EQ(servers_in(pair.machine(1)), "");
    EXPECT_EQ(pair.machine(1).sync, "backup eth1 3");
    ASSERT_FALSE(pair.machine(0).announced.empty());
    EXPECT_GE(pair.machine(0).announced.front().first, Time{} + 40s);
}

TEST(LvsRouter, DeadRouterProcessHandsTheServiceOver) {
    FakePair pair(read_config(two_servers()));
    pair.start_settled();
    pair.until(20s);
    pair.router(0).router_died();
    EXPECT_FALSE(pair.active(0));
    EXPECT_THAT(order_of_events(pair.machine(0), 20s),
                ElementsAre("inactive", "remove web1", "remove web2", "no service",
                            "lower 192.168.10.100", "lower 10.0.0.254"));
    EXPECT_EQ(servers_in(pair.machine(0)), "");
    pair.until(23s);
    EXPECT_TRUE(pair.active(1));
    pair.until(10min);
    EXPECT_EQ(pair.active_routers(), 1);
    EXPECT_TRUE(pair.active(1));
}

TEST(LvsRouter, ReleaseHandsTheServiceOverAndTheChecksEnd) {
    FakePair pair(read_config(two_servers()));
    pair.start_settled();
    pair.until(20s);
    pair.router(0).release();
    pair.until(20002ms);
    EXPECT_FALSE(pair.active(0));
    EXPECT_TRUE(pair.active(1));
    const auto checks = pair.machine(0).told_of<ports::CheckEnded>().size();
    pair.until(60s);
    EXPECT_EQ(pair.machine(0).told_of<ports::CheckEnded>().size(), checks);
    EXPECT_THAT(pair.machine(0).addresses, IsEmpty());
}

TEST(LvsRouter, ThatBeganSettledTakesTheServiceBackLikeAnyOther) {
    FakePair pair(read_config(globals + http_service("", server_block(1, 64))));
    pair.start_settled(4s);
    pair.until(20s);
    pair.router(0).release();
    pair.until(40s);
    ASSERT_TRUE(pair.active(1));
    pair.router(1).release();
    pair.until(40001ms);  // its word has come, the first probe is on its way
    ASSERT_TRUE(pair.active(0));
    EXPECT_EQ(servers_in(pair.machine(0)), "");
    pair.until(40002ms);
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w2");
}

TEST(LvsRouter, TerminatedRouterLeavesNothingBehindAndNothingUnderWay) {
    FakePair pair(read_config(two_servers()));
    pair.start(0);
    pair.until(7s);
    ASSERT_TRUE(pair.active(0));
    pair.router(0).terminate();
    EXPECT_FALSE(pair.router(0).running());
    EXPECT_THAT(pair.machine(0).addresses, IsEmpty());
    EXPECT_EQ(servers_in(pair.machine(0)), "");
    EXPECT_EQ(pair.time.waiting(), 0U);
}

TEST(LvsRouter, CrashBreaksOffWhatIsUnderWay) {
    FakePair pair(read_config(two_servers("  load_monitor = rup\n")));
    pair.servers[web1] = {true, 3s, 0.5};
    pair.start_settled();
    pair.until(22s);
    pair.crash(0);
    const auto told = pair.machine(0).told.size();
    pair.until(60s);
    EXPECT_EQ(pair.machine(0).told.size(), told);
}

TEST(LvsRouter, DeadLinkHandsTheServiceOverIfLinksAreWatched) {
    FakePair pair(read_config(two_servers() + "monitor_links = 1\n"));
    pair.start_settled();
    pair.until(20s);
    pair.machine(0).links = false;
    pair.router(0).links_changed(false);
    pair.until(23s);
    EXPECT_FALSE(pair.active(0));
    EXPECT_TRUE(pair.active(1));
}

TEST(LvsRouter, KnowsAtItsStartThatALinkIsDown) {
    FakePair pair(read_config(two_servers() + "monitor_links = 1\n"));
    pair.machine(0).links = false;
    pair.start(0);
    pair.until(60s);
    EXPECT_FALSE(pair.active(0));
}

TEST(LvsRouter, WhoHasThePrimarysAddressIsPrimary) {
    FakePair pair(read_config(two_servers() + "failback = primary\n"));
    pair.start_settled();
    pair.until(20s);
    pair.crash(0);
    pair.until(40s);
    EXPECT_TRUE(pair.active(1));
    pair.start(0);
    pair.until(60s);
    EXPECT_TRUE(pair.active(0));
    EXPECT_FALSE(pair.active(1));
}

TEST(LvsRouter, HeartbeatsAndTheirWordsAreTold) {
    FakePair pair(read_config(two_servers()));
    pair.start_settled();
    pair.until(1301ms);
    EXPECT_THAT(pair.machine(0).told_of<ports::HeartbeatSent>(),
                ElementsAre(Pair(Time{} + 300ms, ports::HeartbeatSent{pulse::Path::public_net,
                                                                      pulse::Word::running}),
                            Pair(Time{} + 300ms, ports::HeartbeatSent{pulse::Path::private_net,
                                                                      pulse::Word::running})));
    EXPECT_THAT(pair.machine(0).told_of<ports::HeartbeatHeard>(),
                ElementsAre(Pair(Time{} + 1301ms, ports::HeartbeatHeard{pulse::Path::public_net,
                                                                        pulse::Word::stopped}),
                            Pair(Time{} + 1301ms, ports::HeartbeatHeard{pulse::Path::private_net,
                                                                        pulse::Word::stopped})));
    pair.router(0).hear(pulse::Path::public_net, std::vector<std::uint8_t>{1, 2, 3});
    EXPECT_TRUE(pair.machine(0).noted("heartbeat of 3 bytes"));
}

TEST(LvsRouter, WorksBelowASecond) {
    auto config = read_config(two_servers());
    config.keepalive = 250ms;
    config.deadtime = 1s;
    FakePair pair(config);
    pair.start(0, {pulse::Start::settled_active, 100ms, 150ms, {}});
    pair.start(1, {pulse::Start::settled_backup, 200ms, 150ms, {}});
    pair.until(10s);
    EXPECT_FALSE(pair.active(1));
    pair.crash(0);  // its last word went out at 9.85 s
    pair.until(10850ms);
    EXPECT_FALSE(pair.active(1));
    pair.until(10851ms);
    EXPECT_TRUE(pair.active(1));
}

TEST(LvsRouter, RefusesAConfigurationThatItCannotRunWith) {
    auto config = read_config(two_servers());
    config.deadtime = 0s;
    FakePair pair(config);
    EXPECT_THROW(pair.start(0), std::invalid_argument);
}

TEST(LvsRouter, WhatIpvsRefusesIsToldAndTheRestGoesOn) {
    auto config = read_config(two_servers());
    auto second = config.virtual_servers[0];
    second.name = "broken";
    second.port = Port{81};
    second.scheduler = "nonsense";
    config.virtual_servers.insert(config.virtual_servers.begin(), second);
    FakePair pair(config);
    pair.start_settled();
    EXPECT_EQ(servers_in(pair.machine(0)), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
    EXPECT_TRUE(pair.machine(0).noted(
        "IPVS refused to add service broken, scheduler nonsense: there is no such scheduler"));
    EXPECT_THAT(pair.machine(0).addresses, UnorderedElementsAre(vip, nat_router));
}

}  // namespace
}  // namespace lvslab::router
