// SPDX-License-Identifier: GPL-2.0-only
/// Shop sessions over the director: who keeps their cart, by persistence, marks and masks.
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using journal::Outcome;
using scenario::Workload;

constexpr Port http{80}, https{443};

/// `count` sessions of four requests, HTTP and HTTPS in turn, of ten clients and two servers.
scenario::Scenario shop(NetworkType type = NetworkType::nat, unsigned count = 40) {
    auto s = busy_cluster(type, Protocol::tcp, 2, count, seconds(4));
    auto& w = s.workloads[0];
    w.kind = Workload::Kind::sessions;
    w.sessions = {4, scenario::Constant{0.2}, {http, https}};
    auto secure = s.config.virtual_servers[0];
    secure.name = "web-https";
    secure.port = https;
    for (auto& server : secure.servers) {
        server.port = https;
    }
    // In the same order rr would send each new client alike in both services, by luck.
    std::ranges::reverse(secure.servers);
    s.config.virtual_servers.push_back(secure);
    return s;
}

/// Both ports are one service, found by mark 80 alone.
scenario::Scenario marked_shop(NetworkType type = NetworkType::nat) {
    auto s = shop(type);
    s.config.virtual_servers.pop_back();
    s.config.virtual_servers[0].fwmark = Fwmark{80};
    for (const auto port : {http, https}) {
        scenario::MarkRule rule;
        rule.protocol = Protocol::tcp;
        rule.destination = lvslab::Network{s.workloads[0].to.address, 32};
        rule.first_port = rule.last_port = port;
        rule.mark = Fwmark{80};
        s.marks.push_back(rule);
        s.routers[0].running.marks.push_back(rule);
    }
    return s;
}

void make_persistent(scenario::Scenario& s) {
    for (auto& v : s.config.virtual_servers) {
        v.persistent = seconds(300);
    }
}

struct Sessions {
    explicit Sessions(const scenario::Scenario& s) : run(s) {
        expect_accounts(run);
        std::set<std::uint64_t> seen;
        for (const auto& end : run.events.all<journal::SessionEnded>()) {
            EXPECT_TRUE(seen.insert(end.session).second) << end.session << " told twice";
            requests += end.requests;
            broken += end.broken ? 1 : 0;
        }
        ended = seen.size();
    }

    WorldRun run;
    std::size_t ended = 0, broken = 0, requests = 0;
};

TEST(Sessions, AreBrokenByASchedulerThatKnowsNoClients) {
    // rr: the next request of the same client goes to the other server but for chance.
    const Sessions sessions(marked_shop());
    EXPECT_EQ(sessions.ended, 40U);
    EXPECT_EQ(sessions.requests, 160U);
    EXPECT_EQ(sessions.run.count(Outcome::served), 160U);
    EXPECT_GT(sessions.broken, 20U);
}

TEST(Sessions, AreBrokenBetweenTwoPersistentServicesOfOneShop) {
    auto s = shop();
    make_persistent(s);
    const Sessions sessions(s);
    EXPECT_EQ(sessions.run.count(Outcome::served), 160U);
    EXPECT_GT(sessions.broken, 20U);
    // Each port alone keeps its client at one server: what breaks is the step between the two.
    std::map<Port, std::map<Address, std::set<std::uint32_t>>> servers;
    for (const auto& d : sessions.run.events.all<journal::Decision>()) {
        servers[d.virtual_endpoint.port][d.client.address].insert(d.server);
    }
    ASSERT_EQ(servers.size(), 2U);
    for (const auto& [port, by_client] : servers) {
        for (const auto& [client, met] : by_client) {
            EXPECT_EQ(met.size(), 1U) << port.value() << ' ' << client.to_string();
        }
    }
}

TEST(Sessions, OfOneMarkWithPersistenceKeepTheirServer) {
    for (const auto type : {NetworkType::nat, NetworkType::direct, NetworkType::tunnel}) {
        auto s = marked_shop(type);
        make_persistent(s);
        const Sessions sessions(s);
        EXPECT_EQ(sessions.ended, 40U);
        EXPECT_EQ(sessions.run.count(Outcome::served), 160U);
        EXPECT_EQ(sessions.broken, 0U);
    }
}

TEST(Sessions, BehindAProxyFarmNeedAMaskOverTheFarm) {
    auto s = marked_shop();
    s.clients[0].proxies = true;
    make_persistent(s);
    EXPECT_GT(Sessions(s).broken, 20U) << "each proxy has a template of its own";
    s.config.virtual_servers[0].pmask = Address::parse("255.255.255.0");
    const Sessions masked(s);
    EXPECT_EQ(masked.ended, 40U);
    EXPECT_EQ(masked.broken, 0U);
    std::set<std::uint32_t> met;
    for (const auto& d : masked.run.events.all<journal::Decision>()) {
        met.insert(d.server);
    }
    EXPECT_EQ(met.size(), 1U) << "the whole farm is one client: no balance";
}

TEST(Sessions, LeaveAProxyFarmByManyAddresses) {
    auto s = marked_shop();
    s.clients[0].proxies = true;
    const Sessions sessions(s);
    std::set<Address> sources;
    for (const auto& d : sessions.run.events.all<journal::Decision>()) {
        sources.insert(d.client.address);
    }
    EXPECT_EQ(sources.size(), 10U);
}

TEST(Sessions, ConnectionThatFailsIsNoMeetingWithAnotherServer) {
    auto s = marked_shop();
    make_persistent(s);
    // web1 refuses all it is asked: its queue has no place.
    s.servers[0].workers = 1;
    s.servers[0].queue = 0;
    s.servers[0].service = scenario::Constant{1000};
    const Sessions sessions(s);
    EXPECT_EQ(sessions.ended, 40U);
    EXPECT_EQ(sessions.requests, 160U);
    EXPECT_GT(sessions.run.count(Outcome::refused), 0U);
    EXPECT_EQ(sessions.broken, 0U);
}

TEST(Sessions, LoseTheirCartWithTheServerThatHasIt) {
    auto s = marked_shop();
    make_persistent(s);
    s.changes.push_back({.at = Time{seconds(2)},
                         .kind = scenario::MembershipChange::Kind::leave,
                         .server = 0,
                         .location = {}});
    const Sessions sessions(s);
    EXPECT_EQ(sessions.ended, 40U);
    EXPECT_GT(sessions.broken, 0U);
    EXPECT_LT(sessions.broken, 10U) << "only those under way at 2 s";
}

TEST(Sessions, RunThatIsStoppedEndsThoseUnderWay) {
    const auto s = marked_shop();
    RunOptions options;
    options.progress = [](Time now) { return now < Time{seconds(2)}; };
    const WorldRun run(s, options);
    EXPECT_FALSE(run.result.complete);
    std::size_t short_ones = 0;
    std::size_t requests = 0;
    for (const auto& end : run.events.all<journal::SessionEnded>()) {
        short_ones += end.requests < 4 ? 1 : 0;
        requests += end.requests;
    }
    EXPECT_GT(short_ones, 0U);
    EXPECT_EQ(requests, run.result.connections);
}

TEST(Sessions, OtherWorkloadsTellNone) {
    const WorldRun run(busy_cluster(NetworkType::nat, Protocol::tcp, 2, 10, seconds(1)));
    EXPECT_TRUE(run.events.all<journal::SessionEnded>().empty());
}

}  // namespace
}  // namespace lvslab::packet_world::testing
