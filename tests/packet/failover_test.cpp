// SPDX-License-Identifier: GPL-2.0-only
/// Whole runs with daemons and faults: what clients meet while routers and servers die and return.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>

#include "sim/packet/world.hpp"
#include "tests/packet/router_pair.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using journal::Outcome;
using scenario::Fault;
using scenario::FaultKind;
using scenario::FaultTarget;

Fault fault_at(Duration at, FaultKind kind, FaultTarget::Kind target, unsigned index) {
    Fault fault;
    fault.kind = kind;
    fault.at = Time{at};
    fault.target.kind = target;
    fault.target.index = index;
    fault.what = "fault";
    return fault;
}

/// 20 connections a second for 20 s, heartbeats (1, 3), checks each 2 s.
scenario::Scenario shop(NetworkType type) {
    auto s = pair_scenario(seconds(1), seconds(3), type, 3);
    edit_service(s, [](auto& v) {
        v.timeout = seconds(2);
        v.reentry = seconds(4);
    });
    s.workloads[0].arrivals = scenario::ConstantArrivals{20};
    s.workloads[0].length = seconds(20);
    s.drain = seconds(5);
    return s;
}

/// Connections opened within a span, by outcome.
std::map<Outcome, unsigned> opened_between(const WorldRun& run, Duration from, Duration to) {
    std::map<std::uint64_t, Time> opened;
    std::map<Outcome, unsigned> outcomes;
    for (const auto& e : run.events.events) {
        if (const auto* o = std::get_if<journal::ConnectionOpened>(&e.payload)) {
            opened[o->connection] = e.time;
        } else if (const auto* c = std::get_if<journal::ConnectionClosed>(&e.payload)) {
            const auto at = opened.at(c->connection);
            if (at >= Time{from} && at < Time{to}) {
                ++outcomes[c->outcome];
            }
        }
    }
    return outcomes;
}

class EveryFailingCluster : public ::testing::TestWithParam<NetworkType> {};

TEST_P(EveryFailingCluster, ConnectionsFollowTheVirtualAddressToTheOtherRouter) {
    auto scenario = shop(GetParam());
    scenario.faults.push_back(fault_at(seconds(8), FaultKind::crash, FaultTarget::Kind::router, 0));
    const WorldRun run(scenario);
    expect_accounts(run);
    // Before the crash everything is served by the first router, from a second after the latest
    // takeover on by the other one.
    EXPECT_EQ(opened_between(run, Duration{}, seconds(7)),
              (std::map<Outcome, unsigned>{{Outcome::served, 140}}));
    EXPECT_EQ(opened_between(run, seconds(12), seconds(20)),
              (std::map<Outcome, unsigned>{{Outcome::served, 160}}));
    std::set<std::uint32_t> deciding;
    for (const auto& e : run.events.events) {
        if (const auto* d = std::get_if<journal::Decision>(&e.payload)) {
            EXPECT_EQ(d->router, e.time < Time{seconds(8)} ? 0U : 1U);
            deciding.insert(d->router);
        }
    }
    EXPECT_EQ(deciding.size(), 2U);
    const auto changed = run.events.all<journal::NodeChanged>();
    ASSERT_EQ(changed.size(), 1U);
    EXPECT_EQ(changed[0].node, "lvs1");
    EXPECT_EQ(changed[0].state, journal::NodeState::crashed);
}

TEST_P(EveryFailingCluster, DeadServerGetsNoConnectionOnceItsCheckHasFailed) {
    auto scenario = shop(GetParam());
    scenario.faults.push_back(fault_at(seconds(6), FaultKind::crash, FaultTarget::Kind::server, 1));
    scenario.faults.push_back(
        fault_at(seconds(14), FaultKind::restart, FaultTarget::Kind::server, 1));
    const WorldRun run(scenario);
    expect_accounts(run);
    std::optional<Time> out, back;
    for (const auto& e : run.events.events) {
        if (const auto* r = std::get_if<journal::DestinationRemoved>(&e.payload)) {
            EXPECT_EQ(r->server, 1U);
            out = e.time;
        } else if (const auto* a = std::get_if<journal::DestinationAdded>(&e.payload);
                   a != nullptr && out) {
            EXPECT_EQ(a->server, 1U);
            back = e.time;
        } else if (const auto* d = std::get_if<journal::Decision>(&e.payload)) {
            EXPECT_FALSE(d->server == 1 && out && !back);
        }
    }
    ASSERT_TRUE(out && back);
    EXPECT_GE(*out, Time{seconds(6)});
    EXPECT_LE(*out, Time{seconds(6)} + 3 * seconds(2));
    EXPECT_GT(*back, Time{seconds(14)});
    EXPECT_LE(*back, Time{seconds(14)} + 2 * seconds(2) + milliseconds(100));
    const auto after = opened_between(run, *out - Time{}, seconds(20));
    EXPECT_EQ(after.size(), 1U);
    EXPECT_TRUE(after.contains(Outcome::served));
}

TEST_P(EveryFailingCluster, StoppedApplicationResetsItsConnections) {
    auto scenario = shop(GetParam());
    for (auto& server : scenario.servers) {
        server.service = scenario::Constant{0.5};
        server.workers = 100;
    }
    scenario.faults.push_back(fault_at(seconds(6), FaultKind::stop, FaultTarget::Kind::server, 1));
    const WorldRun run(scenario);
    expect_accounts(run);
    // A third of the 10 connections that were open.
    const auto open = opened_between(run, seconds(6) - milliseconds(400), seconds(6));
    EXPECT_GE(open.at(Outcome::refused), 1U) << "reset before the first byte of an answer";
    EXPECT_GE(open.at(Outcome::served), 1U);
    EXPECT_FALSE(open.contains(Outcome::timed_out)) << "a RST says so, nobody waits";
}

INSTANTIATE_TEST_SUITE_P(Failover, EveryFailingCluster,
                         ::testing::Values(NetworkType::nat, NetworkType::direct,
                                           NetworkType::tunnel));

TEST(Failover, HungServerFinishesItsWorkLater) {
    auto scenario = shop(NetworkType::nat);
    scenario.servers[1].service = scenario::Constant{1};
    scenario.servers[1].workers = 100;
    auto hang = fault_at(seconds(6), FaultKind::hang, FaultTarget::Kind::server, 1);
    hang.length = seconds(3);
    scenario.faults.push_back(hang);
    scenario.workloads[0].timeout = seconds(10);
    const WorldRun run(scenario);
    expect_accounts(run);
    for (const auto& r : run.events.all<journal::ResponseReceived>()) {
        if (r.server == 1) {
            EXPECT_GE(r.response_time, seconds(1));
        }
    }
    const auto caught = opened_between(run, seconds(6) - milliseconds(800), seconds(6));
    EXPECT_EQ(caught.size(), 1U);
    EXPECT_TRUE(caught.contains(Outcome::served)) << "it still has their requests";
}

TEST(Failover, HungRouterDecidesNothingUntilItIsToldToGoOn) {
    auto scenario = shop(NetworkType::nat);
    auto hang = fault_at(seconds(6), FaultKind::hang, FaultTarget::Kind::router, 0);
    hang.length = seconds(5);
    scenario.faults.push_back(hang);
    const WorldRun run(scenario);
    auto state = journal::NodeState::up;
    unsigned decisions_at_once = 0;
    for (const auto& e : run.events.events) {
        if (const auto* n = std::get_if<journal::NodeChanged>(&e.payload)) {
            EXPECT_EQ(n->node, "lvs1");
            state = n->state;
        } else if (const auto* d = std::get_if<journal::Decision>(&e.payload);
                   d != nullptr && d->router == 0) {
            EXPECT_EQ(state, journal::NodeState::up);
            decisions_at_once += e.time == Time{seconds(11)} ? 1U : 0U;
        }
    }
    EXPECT_GE(decisions_at_once, 1U) << "what waited in its card is worked off";
}

TEST(Failover, DirectorAndLinkTrafficAddUp) {
    auto scenario = shop(NetworkType::nat);
    scenario.faults.push_back(fault_at(seconds(8), FaultKind::crash, FaultTarget::Kind::router, 0));
    scenario.faults.push_back(
        fault_at(seconds(14), FaultKind::restart, FaultTarget::Kind::router, 0));
    const WorldRun run(scenario);
    const auto directors = run.events.all<journal::DirectorTraffic>();
    ASSERT_FALSE(directors.empty());
    for (const auto& t : directors) {
        EXPECT_EQ(t.seen, t.passed + t.forwarded + t.replies + t.dropped + t.rejected + t.reset);
    }
    const auto links = run.events.all<journal::LinkTraffic>();
    ASSERT_FALSE(links.empty());
    for (const auto& l : links) {
        EXPECT_EQ(l.offered, l.delivered + l.lost + l.cut + l.waiting) << l.link;
    }
}

TEST(Failover, HeartbeatPathsAreToldAtTheStartAndWhenTheyChange) {
    auto scenario = shop(NetworkType::nat);
    scenario.faults.push_back(
        fault_at(seconds(4), FaultKind::suspend, FaultTarget::Kind::router, 1));
    scenario.faults.push_back(
        fault_at(seconds(5), FaultKind::resume, FaultTarget::Kind::router, 1));
    const WorldRun run(scenario);
    std::map<Duration, unsigned> open, closed;
    for (const auto& e : run.events.events) {
        if (const auto* p = std::get_if<journal::HeartbeatPath>(&e.payload)) {
            ++(p->open ? open : closed)[e.time - Time{}];
        }
    }
    EXPECT_EQ(open, (std::map<Duration, unsigned>{{Duration{}, 4}, {seconds(5), 4}}));
    EXPECT_EQ(closed, (std::map<Duration, unsigned>{{seconds(4), 4}}));
}

TEST(Failover, RebootedRouterHasOnlyWhatItHasAtBoot) {
    // The manual's 2.5: ip_forward was set by hand and not in sysctl.conf. The router that comes
    // back takes over again and drops every reply.
    auto scenario = shop(NetworkType::nat);
    scenario.routers[0].at_boot.ip_forward = false;
    scenario.faults.push_back(fault_at(seconds(2), FaultKind::crash, FaultTarget::Kind::router, 0));
    scenario.faults.push_back(
        fault_at(seconds(7), FaultKind::restart, FaultTarget::Kind::router, 0));
    scenario.faults.push_back(
        fault_at(seconds(10), FaultKind::crash, FaultTarget::Kind::router, 1));
    const WorldRun run(scenario);
    EXPECT_EQ(opened_between(run, seconds(6), seconds(9)),
              (std::map<Outcome, unsigned>{{Outcome::served, 60}}));
    const auto after = opened_between(run, seconds(14), seconds(20));
    EXPECT_FALSE(after.contains(Outcome::served));
}

TEST(Failover, LoadMonitorAsksTheServersAndFollows) {
    auto scenario = shop(NetworkType::nat);
    for (const auto* monitor : {"rup", "uptime"}) {
        edit_service(scenario, [&](auto& v) {
            v.load_monitor = monitor;
            for (auto& server : v.servers) {
                server.weight = Weight{8};
            }
        });
        scenario.workloads[0].length = seconds(60);
        scenario.servers[0].service = scenario::Constant{1};
        scenario.servers[0].workers = 100;
        const WorldRun run(scenario);
        std::map<std::uint32_t, double> last;
        for (const auto& l : run.events.all<journal::LoadMeasured>()) {
            last[l.server] = l.load;
        }
        ASSERT_EQ(last.size(), 3U) << monitor;
        EXPECT_GT(last[0], 1.0) << monitor << ": some seven requests run on it at any time";
        EXPECT_LT(last[1], 0.5) << monitor;
    }
}

TEST(Failover, RwhodTellsItsLoadEveryThreeMinutesWhoeverAsks) {
    auto scenario = shop(NetworkType::nat);
    edit_service(scenario, [](auto& v) { v.load_monitor = "ruptime"; });
    scenario.workloads[0].length = seconds(400);
    scenario.servers[0].service = scenario::Constant{1};
    scenario.servers[0].workers = 100;
    const WorldRun run(scenario);
    std::map<std::uint32_t, std::set<double>> told;
    std::map<std::uint32_t, unsigned> asked;
    for (const auto& l : run.events.all<journal::LoadMeasured>()) {
        told[l.server].insert(l.load);
        ++asked[l.server];
    }
    ASSERT_EQ(told.size(), 3U);
    EXPECT_LE(told[0].size(), 3U) << "two or three broadcasts in 400 s";
    EXPECT_GT(asked[0], 5 * told[0].size()) << "the same load counts again and again";
    EXPECT_GT(*told[0].rbegin(), 1.0) << "some seven requests run on it at any time";
    EXPECT_LT(*told[1].rbegin(), 0.5);
}

TEST(Failover, ColdStartElectsOneAndServesFromThenOn) {
    auto scenario = shop(NetworkType::direct);
    scenario.start = scenario::Start::cold;
    const WorldRun run(scenario);
    const auto roles = run.events.all<journal::RoleChanged>();
    ASSERT_EQ(roles.size(), 1U);
    EXPECT_TRUE(roles[0].active);
    EXPECT_EQ(opened_between(run, seconds(5), seconds(20)),
              (std::map<Outcome, unsigned>{{Outcome::served, 300}}));
}

TEST(Failover, SameSeedSameBytes) {
    auto scenario = shop(NetworkType::nat);
    scenario.faults.push_back(fault_at(seconds(8), FaultKind::crash, FaultTarget::Kind::router, 0));
    const auto told = [&](std::uint64_t seed) {
        const WorldRun run(scenario, {.seed = seed});
        std::vector<std::pair<Time, std::size_t>> events;
        for (const auto& e : run.events.events) {
            events.emplace_back(e.time, e.payload.index());
        }
        return events;
    };
    EXPECT_EQ(told(1), told(1));
    EXPECT_NE(told(1), told(2));
}

/// Connections that were open at the crash and whose responses all arrived.
unsigned survivors(bool sync) {
    auto scenario = shop(NetworkType::nat);
    scenario.config.syncdaemon = sync;
    scenario.config.syncd_iface = "eth1";
    scenario.config.nat_router_device = "eth1:1";
    for (auto& r : scenario.routers) {
        r.config = scenario.config;
    }
    // A request every second for 20 s: each connection is there before and after the takeover.
    auto& w = scenario.workloads[0];
    w.requests = 12;
    w.think = scenario::Constant{1};
    w.timeout = seconds(30);
    w.length = seconds(4);
    scenario.drain = seconds(40);
    scenario.faults.push_back(fault_at(seconds(8), FaultKind::crash, FaultTarget::Kind::router, 0));
    const WorldRun run(scenario);
    expect_accounts(run);
    EXPECT_EQ(run.events.all<journal::SyncSent>().empty(), !sync);
    EXPECT_EQ(run.events.all<journal::SyncReceived>().empty(), !sync);
    return static_cast<unsigned>(run.count(Outcome::served));
}

TEST(Failover, SynchronisedConnectionsSurviveTheTakeoverAndOthersDoNot) {
    EXPECT_EQ(survivors(true), 80U);
    EXPECT_EQ(survivors(false), 0U);
}

std::string output_of(const std::string& command) {
    std::string output;
    auto* pipe = popen(command.c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const auto n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        output.append(buffer.data(), n);
    }
    pclose(pipe);
    return output;
}

TEST(Failover, CaptureShowsHeartbeatsAndFiveAnnouncements) {
    if (output_of("command -v tshark").empty()) {
        GTEST_SKIP() << "tshark is not installed (apt install tshark): captures are not checked";
    }
    namespace fs = std::filesystem;
    const auto folder = fs::temp_directory_path() / ("lvslab-failover-" + std::to_string(getpid()));
    fs::create_directories(folder);
    auto scenario = shop(NetworkType::nat);
    scenario.faults.push_back(fault_at(seconds(8), FaultKind::crash, FaultTarget::Kind::router, 0));
    const WorldRun run(scenario, {.pcap = {"lvs2"}, .pcap_folder = folder.string()});
    const auto read = [&](const std::string& filter, const std::string& field) {
        std::map<std::string, unsigned> seen;
        std::istringstream lines(output_of("tshark -n -r " +
                                           (folder / "lvs2-public.pcap").string() + " -Y '" +
                                           filter + "' -T fields -e " + field + " 2>/dev/null"));
        for (std::string line; std::getline(lines, line);) {
            ++seen[line];
        }
        return seen;
    };
    // "running" of the one, "stopped" of the other, as the original sends them.
    const auto words = read("udp.port == 539", "udp.payload");
    EXPECT_EQ(words.size(), 2U);
    EXPECT_GE(words.at("dadbadbd"), 8U + 8U);
    EXPECT_GE(words.at("bddabdad"), 8U);
    const auto announced = read("arp.isgratuitous && arp.opcode == 2", "arp.src.proto_ipv4");
    EXPECT_EQ(announced.at("192.168.26.10"), 5U);
    fs::remove_all(folder);
}

}  // namespace
}  // namespace lvslab::packet_world::testing
