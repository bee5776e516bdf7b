// SPDX-License-Identifier: GPL-2.0-only
// A new lvs.cf changes what it says and leaves the rest alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/router/router_story.hpp"

namespace lvslab::router {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

/// An active router at 20 s with a connection to each server.
struct ActiveRouter {
    explicit ActiveRouter(const std::string& text = two_servers()) : pair(read_config(text)) {
        pair.start_settled();
        pair.until(20s);
        for (std::uint16_t port = 1000; port < 1003; ++port) {
            connect(port);
        }
        machine().changes = 0;
        machine().told.clear();
    }
    void connect(std::uint16_t port) {
        ipvs::Segment syn;
        syn.source = {Address::v4(0xC0000201U), Port{port}};
        syn.destination = {vip, Port{80}};
        syn.flags = ipvs::TcpFlags::syn;
        EXPECT_EQ(machine().table.step(syn, pair.time.now()).action, ipvs::Action::forward);
    }
    std::int64_t connections_of(const Address& server) {
        for (const auto& d : machine().table.destinations(http)) {
            if (d.endpoint.address == server) {
                return d.active + d.inactive;
            }
        }
        return -1;
    }
    void reload(const std::string& text) { pair.router(0).reload(read_config(text)); }
    FakeMachine& machine() { return pair.machine(0); }

    FakePair pair;
};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), with);
}

TEST(Reload, OfTheSameFileChangesNothing) {
    ActiveRouter active;
    active.reload(two_servers());
    EXPECT_EQ(active.machine().changes, 0);
    active.pair.until(40s);
    EXPECT_EQ(active.machine().changes, 0);
    EXPECT_THAT(active.machine().announced, IsEmpty());
    const auto checks = active.machine().told_of<ports::CheckEnded>();
    ASSERT_EQ(checks.size(), 4U);  // at the times that they had before
    EXPECT_EQ(checks.front().first, Time{} + 20503ms);
}

TEST(Reload, ChangesAWeightAndKeepsEveryConnection) {
    ActiveRouter active;
    active.reload(globals + http_service("", server_block(1, 5) + server_block(2, 2)));
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.1:80 w5, 10.0.0.2:80 w2");
    EXPECT_EQ(active.machine().changes, 1);
    EXPECT_EQ(active.connections_of(web1) + active.connections_of(web2), 3);
    const auto edited = active.machine().told_of<ports::DestinationEdited>();
    ASSERT_EQ(edited.size(), 1U);
    EXPECT_EQ(edited[0].second.weight, Weight{5});
}

TEST(Reload, ChangesSchedulerAndPersistenceInPlace) {
    ActiveRouter active;
    active.reload(replaced(two_servers("  persistent = 300\n"), "wlc", "rr"));
    EXPECT_EQ(active.machine().changes, 1);
    const auto set = active.machine().told_of<ports::ServiceSet>();
    ASSERT_EQ(set.size(), 1U);
    EXPECT_EQ(set[0].second.settings.scheduler, "rr");
    EXPECT_EQ(set[0].second.settings.persistent, 300s);
    EXPECT_EQ(active.connections_of(web1) + active.connections_of(web2), 3);
}

TEST(Reload, RemovesOneServerAndLeavesTheOthers) {
    ActiveRouter active;
    const auto kept = active.connections_of(web2);
    active.reload(globals + http_service("", server_block(2, 2)));
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.2:80 w2");
    EXPECT_EQ(active.machine().changes, 1);
    EXPECT_EQ(active.connections_of(web2), kept);
    active.pair.until(60s);
    for (const auto& [at, check] : active.machine().told_of<ports::CheckEnded>()) {
        EXPECT_EQ(check.server.name, "web2");
    }
}

TEST(Reload, ServerMadeInactiveIsTakenOut) {
    ActiveRouter active;
    active.reload(replaced(two_servers(), "    active = 1\n", "    active = 0\n"));
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.2:80 w2");
}

TEST(Reload, NewServerComesInThroughItsFirstCheck) {
    ActiveRouter active;
    active.reload(globals +
                  http_service("", server_block(1, 1) + server_block(2, 2) + server_block(3, 64)));
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
    active.pair.until(20001ms);
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.1:80 w1, 10.0.0.2:80 w2, 10.0.0.3:80 w2");
}

TEST(Reload, KeepsAFailedServerOutAndItsCount) {
    ActiveRouter active;
    active.pair.servers[web2] = {false, 1ms, {}};
    active.pair.until(21s);
    active.pair.servers[web2] = {};
    active.pair.until(41s);  // two successes of three
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.1:80 w1");
    active.reload(globals + http_service("", server_block(2, 8) + server_block(1, 1)));
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.1:80 w1");
    active.pair.until(51s);
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.1:80 w1, 10.0.0.2:80 w1");
}

TEST(Reload, NewServiceBringsItsAddressAndLeavesTheOld) {
    ActiveRouter active;
    const std::string second =
        "virtual mail {\n  active = 1\n  address = 192.168.10.101 eth0:2\n  port = 25\n"
        "  server web1 {\n    address = 10.0.0.1\n    active = 1\n  }\n}\n";
    active.reload(two_servers() + second);
    const auto mail = Address::v4(0xC0A80A65U);
    EXPECT_THAT(active.machine().addresses, UnorderedElementsAre(vip, mail, nat_router));
    active.pair.until(60s);
    ASSERT_EQ(active.machine().announced.size(), 15U);
    EXPECT_EQ(active.machine().announced.back().first, Time{} + 24s);
    EXPECT_EQ(servers_in(active.machine(), {Protocol::tcp, {mail, Port{25}}, {}, {}}),
              "10.0.0.1:25 w1");
    EXPECT_EQ(active.connections_of(web1) + active.connections_of(web2), 3);
    active.machine().announced.clear();
    active.reload(two_servers());
    EXPECT_THAT(active.machine().addresses, UnorderedElementsAre(vip, nat_router));
    active.pair.until(90s);
    EXPECT_THAT(active.machine().announced, IsEmpty());
}

TEST(Reload, TimeoutsAreSetAgainOnlyIfTheyChanged) {
    ActiveRouter active(two_servers() + "tcp_timeout = 300\n");
    ASSERT_EQ(active.machine().timeouts.size(), 1U);
    active.reload(two_servers() + "tcp_timeout = 300\n");
    EXPECT_EQ(active.machine().timeouts.size(), 1U);
    active.reload(two_servers() + "tcp_timeout = 60\n");
    ASSERT_EQ(active.machine().timeouts.size(), 2U);
    EXPECT_EQ(active.machine().timeouts[1].tcp, 60s);
}

TEST(Reload, CheckTimeoutTakesEffect) {
    ActiveRouter active;
    active.reload(replaced(two_servers(), "timeout = 10", "timeout = 3"));
    active.pair.until(25s);
    const auto checks = active.machine().told_of<ports::CheckEnded>();
    ASSERT_EQ(checks.size(), 4U);
    EXPECT_EQ(checks[0].first, Time{} + 20001ms);  // its 3 s were over already
    EXPECT_EQ(checks[2].first, Time{} + 23002ms);
}

TEST(Reload, TimesOfHeartbeatsTakeEffect) {
    ActiveRouter active;
    const auto quick = replaced(replaced(two_servers(), "keepalive = 2", "keepalive = 250ms"),
                                "deadtime = 6", "deadtime = 1");
    active.reload(quick);
    EXPECT_TRUE(active.machine().noted("lvs.cf:6:13: keepalive is 2, but 250ms in lvs.cf:6:13"));
    active.pair.router(1).reload(read_config(quick));
    active.pair.until(30s);
    EXPECT_TRUE(active.pair.active(0));
    EXPECT_FALSE(active.pair.active(1));
    active.pair.crash(0);  // its last word has just gone out
    active.pair.until(31s);
    EXPECT_FALSE(active.pair.active(1));
    active.pair.until(31001ms);
    EXPECT_TRUE(active.pair.active(1));
}

TEST(Reload, SynchronisationFollowsItsSettings) {
    ActiveRouter active;
    EXPECT_EQ(active.machine().sync, "master eth1 3");
    active.reload(replaced(two_servers(), "syncd_id = 259", "syncd_id = 7"));
    EXPECT_EQ(active.machine().sync, "master eth1 7");
    active.reload(replaced(two_servers(), "syncdaemon = 1", "syncdaemon = 0"));
    EXPECT_EQ(active.machine().sync, "none");
    active.reload(two_servers());
    EXPECT_EQ(active.machine().sync, "master eth1 3");
}

TEST(Reload, OfAStandbyTakesEffectWhenItTakesOver) {
    ActiveRouter active;
    active.pair.router(1).reload(
        read_config(globals + http_service("", server_block(1, 5) + server_block(3, 1))));
    EXPECT_EQ(active.pair.machine(1).changes, 0);
    active.pair.crash(0);
    active.pair.until(40s);
    EXPECT_EQ(servers_in(active.pair.machine(1)), "10.0.0.1:80 w1, 10.0.0.3:80 w1");
}

TEST(Reload, BadFileLeavesTheOldOneAndSaysWhy) {
    ActiveRouter active;
    const auto bad = config::parse(two_servers() + "keepalive = soon\n", "lvs.cf", {});
    ASSERT_TRUE(bad.diagnostics.has_errors());
    active.pair.router(0).reload_failed(bad.diagnostics);
    EXPECT_EQ(active.machine().changes, 0);
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
    EXPECT_TRUE(active.machine().noted("the old one stays"));
    EXPECT_TRUE(active.machine().noted("lvs.cf:"));
    active.pair.until(60s);
    EXPECT_TRUE(active.pair.active(0));
}

TEST(Reload, FileThatNoRouterCanRunWithLeavesTheOldOne) {
    ActiveRouter active;
    active.reload(two_servers("  expect = \"(\"\n  use_regex = 1\n"));
    EXPECT_TRUE(active.machine().noted("the old one stays"));
    EXPECT_EQ(active.machine().changes, 0);
    EXPECT_EQ(active.pair.router(0).config(), read_config(two_servers()));
}

TEST(Reload, BreaksNothingWhileAProbeIsUnderWay) {
    ActiveRouter active;
    active.pair.servers[web2] = {true, 4s, {}};
    active.pair.until(22s);  // web2's probe began at 20.5 s
    active.reload(globals + http_service("", server_block(2, 2)));
    active.pair.until(25s);
    EXPECT_EQ(servers_in(active.machine()), "10.0.0.2:80 w2");
    const auto checks = active.machine().told_of<ports::CheckEnded>();
    ASSERT_FALSE(checks.empty());
    EXPECT_EQ(checks.back().second.duration, 4s);
}

TEST(Reload, RenamedBlocksKeepTheirServersAndGiveTheirNewNames) {
    ActiveRouter active;
    active.reload(replaced(replaced(two_servers(), "virtual http", "virtual shop"), "server web2",
                           "server www2"));
    EXPECT_EQ(active.machine().changes, 0);
    active.pair.servers[web2] = {false, 1ms, {}};
    active.pair.until(35s);
    const auto removed = active.machine().told_of<ports::DestinationRemoved>();
    ASSERT_EQ(removed.size(), 1U);
    EXPECT_EQ(removed[0].second.service.name, "shop");
    EXPECT_EQ(removed[0].second.server.name, "www2");
}

}  // namespace
}  // namespace lvslab::router
