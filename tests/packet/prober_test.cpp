// SPDX-License-Identifier: GPL-2.0-only
/// Health checks as real connections between a router and a real server's application.
#include "sim/packet/prober.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "core/router/check_settings.hpp"
#include "core/world/check_answers.hpp"
#include "core/world/machine_timers.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/server_application.hpp"
#include "sim/packet/simulation_timers.hpp"
#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {

using world::unanswerable_checks;
namespace {

using config::NetworkType;

/// One server of a cluster whose TCP or UDP service is checked as `edit` says.
struct Checked {
    using Edit = std::function<void(scenario::Scenario&, config::VirtualServer&)>;

    explicit Checked(const Edit& edit, NetworkType type = NetworkType::direct,
                     Protocol protocol = Protocol::tcp)
        : scenario(edited(edit, type, protocol)),
          network(scenario, {.seed = 1}),
          server(network, 0, scenario, events),
          prober(network.router(0), scenario, timers) {}

    static scenario::Scenario edited(const Edit& edit, NetworkType type, Protocol protocol) {
        auto s = busy_cluster(type, protocol, 1, 1, seconds(1));
        s.daemons = true;
        auto& v = s.config.virtual_servers[0];
        v.timeout = seconds(2);
        s.programs.push_back({.path = "/bin/ask",
                              .round_trips = 3,
                              .output = "fine",
                              .exit_status = 0,
                              .duration = milliseconds(100),
                              .location = {}});
        edit(s, v);
        return s;
    }
    void begin() {
        const auto& v = scenario.config.virtual_servers[0];
        began = now();
        prober.start(*router::check_probe(v, v.servers[0]), [this](bool up) {
            verdict = up;
            took = now() - began;
        });
    }
    void go(Duration length) {
        ns3::Simulator::Stop(to_ns3(length));
        ns3::Simulator::Run();
    }
    std::optional<bool> check(Duration within = seconds(20)) {
        verdict.reset();
        begin();
        EXPECT_FALSE(verdict) << "told from within start()";
        go(within);
        return verdict;
    }

    scenario::Scenario scenario;
    Recorder events;
    Network network;
    SimulationTimers clock;
    world::MachineTimers timers{clock};
    ServerApplication server;
    Prober prober;
    Time began{};
    Duration took{};
    std::optional<bool> verdict;
};

void nothing(scenario::Scenario&, config::VirtualServer&) {}

class EveryCheckedCluster : public ::testing::TestWithParam<NetworkType> {};

TEST_P(EveryCheckedCluster, HttpCheckOfPort80IsAnsweredAtTheServersOwnAddress) {
    Checked run(nothing, GetParam());
    EXPECT_EQ(run.check(), true);
    EXPECT_EQ(run.prober.under_way(), 0U);
    EXPECT_EQ(run.server.held(), 0U) << "a connection was left behind";
}

TEST_P(EveryCheckedCluster, TextIsAnsweredWithWhatTheLvsCfExpects) {
    Checked run(
        [](auto&, auto& v) {
            v.send = "PING\\r\\n";
            v.expect = "+PONG";
        },
        GetParam());
    EXPECT_EQ(run.check(), true);
}

INSTANTIATE_TEST_SUITE_P(Prober, EveryCheckedCluster,
                         ::testing::Values(NetworkType::nat, NetworkType::direct,
                                           NetworkType::tunnel));

TEST(Prober, BannerComesWithoutAnyQuestion) {
    Checked run([](auto&, auto& v) { v.expect = "220"; });
    EXPECT_EQ(run.check(), true);
}

TEST(Prober, UdpServiceAnswersADatagram) {
    const auto ask = [](auto&, auto& v) { v.send = "version"; };
    Checked run(ask, NetworkType::nat, Protocol::udp);
    EXPECT_EQ(run.check(), true);
    run.server.stop();
    EXPECT_EQ(run.check(), false);
    EXPECT_LT(run.took, milliseconds(1)) << "ICMP says that the port is closed";
}

TEST(Prober, AnswerOfTheScenarioIsJudgedAgainstTheLvsCf) {
    for (const bool fits : {true, false}) {
        Checked run([&](auto& s, auto& v) {
            v.send = "status";
            v.expect = "load: [0-9]+";
            v.use_regex = true;
            s.servers[0].answer = fits ? "load: 17" : "out of order";
        });
        EXPECT_EQ(run.check(), fits);
    }
}

TEST(Prober, RefusedPortIsKnownAtOnce) {
    Checked run(nothing);
    run.server.stop();
    EXPECT_EQ(run.check(), false);
    EXPECT_LT(run.took, milliseconds(1));
    run.server.start();
    EXPECT_EQ(run.check(), true);
}

TEST(Prober, SilentServerTakesTwoLimitsAtTheMost) {
    // Its kernel accepts, its application stands still: the connect succeeds, the answer does not
    // come.
    Checked run(nothing);
    run.server.freeze();
    EXPECT_EQ(run.check(), false);
    EXPECT_GE(run.took, seconds(2));
    EXPECT_LE(run.took, seconds(4));
    run.server.thaw();
    EXPECT_EQ(run.check(), true);
}

TEST(Prober, WorkOfACheckWaitsInTheSameQueueAsTheRequests) {
    Checked run([](auto& s, auto&) {
        s.servers[0].workers = 1;
        s.servers[0].queue = 0;
        s.servers[0].check_service = scenario::Constant{0.5};
    });
    EXPECT_EQ(run.check(), true);
    EXPECT_GE(run.took, milliseconds(500));
    run.server.slow_down(10);
    EXPECT_EQ(run.check(), false) << "5 s of work, 2 s of patience";
    // Two at one time: the second finds no place.
    run.server.slow_down(1);
    run.begin();
    EXPECT_EQ(run.check(), true);
    EXPECT_EQ(run.server.held(), 0U);
    run.server.sample();
    EXPECT_EQ(run.events.all<journal::ServerLoad>().back().refused, 1U);
}

TEST(Prober, HttpsCostsItsHandshake) {
    const auto by = [](config::CheckType type) {
        return [type](scenario::Scenario& s, config::VirtualServer& v) {
            v.check = type;
            v.check_body = "welcome";
            s.servers[0].link.delay = milliseconds(10);
        };
    };
    struct Cost {
        Duration time;
        std::uint64_t bytes;
    };
    const auto cost = [&](config::CheckType type) {
        Checked run(by(type));
        run.check();  // learns the neighbours' addresses
        const auto before = run.network.traffic(0).received_bytes;
        EXPECT_EQ(run.check(), true);
        return Cost{run.took, run.network.traffic(0).received_bytes - before};
    };
    const auto http = cost(config::CheckType::http);
    const auto https = cost(config::CheckType::https);
    // A round trip for TCP, one for TLS 1.3, one for the answer.
    EXPECT_NEAR(to_seconds(http.time), 0.040, 0.001);
    EXPECT_NEAR(to_seconds(https.time), 0.060, 0.001);
    EXPECT_GT(https.bytes, http.bytes + 2800) << "the certificate";
}

TEST(Prober, ProgramMakesItsRoundTripsAndTakesItsTime) {
    const auto program = [](scenario::Scenario& s, config::VirtualServer& v) {
        v.send_program = "/bin/ask %h";
        v.expect = "fine";
        s.servers[0].link.delay = milliseconds(10);
    };
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        Checked run(program, NetworkType::nat, protocol);
        run.check();  // learns the neighbours' addresses
        EXPECT_EQ(run.check(), true);
        // Three questions, TCP's handshake before them, and the program's own 100 ms.
        const auto trips = protocol == Protocol::tcp ? 4 : 3;
        EXPECT_GE(run.took, milliseconds(100 + 20 * trips));
        EXPECT_LT(run.took, milliseconds(105 + 20 * trips));
        run.server.stop();
        EXPECT_EQ(run.check(), false);
    }
}

TEST(Prober, ProgramThatFailsOrPrintsSomethingElseIsDown) {
    for (const int status : {0, 1}) {
        Checked run([&](auto& s, auto& v) {
            v.send_program = "/bin/ask %h";
            v.expect = status == 0 ? "something else" : "fine";
            s.programs[0].exit_status = status;
        });
        EXPECT_EQ(run.check(), false);
    }
}

TEST(Prober, CancelledProbeTellsNothing) {
    Checked run(nothing);
    const auto& v = run.scenario.config.virtual_servers[0];
    const auto id =
        run.prober.start(*router::check_probe(v, v.servers[0]), [&](bool up) { run.verdict = up; });
    run.prober.cancel(id);
    run.go(seconds(10));
    EXPECT_FALSE(run.verdict);
}

TEST(Prober, HeldUpDaemonFindsTheAnswerBeforeItsLimit) {
    Checked run(nothing);
    run.begin();
    run.go(milliseconds(1));
    run.timers.suspend();
    run.go(seconds(30));
    EXPECT_TRUE(!run.verdict || *run.verdict);
    run.timers.resume();
    run.go(seconds(10));
    EXPECT_EQ(run.verdict, true);
}

TEST(CheckAnswers, WhatCannotBeKnownIsAskedForWithItsPlace) {
    const auto scenario = Checked::edited(
        [](auto& s, auto& v) {
            v.send = "status";
            v.expect = "load: [0-9]+";
            v.use_regex = true;
            s.servers[0].location = {"x.yaml", 7, 3};
        },
        NetworkType::nat, Protocol::tcp);
    EXPECT_EQ(unanswerable_checks(scenario).to_string(),
              "x.yaml:7:3: what web1 answers to the check of web-tcp is not known (load: [0-9]+); "
              "give the server an answer:\n");
}

TEST(CheckAnswers, ProgramsMustBeDeclared) {
    const auto scenario = Checked::edited(
        [](auto& s, auto& v) {
            v.send_program = "/bin/other %h";
            v.location = {"lvs.cf", 12, 1};
            s.programs[0].path = "/bin/ask";
        },
        NetworkType::nat, Protocol::tcp);
    const auto found = unanswerable_checks(scenario);
    EXPECT_TRUE(found.has_errors());
    EXPECT_EQ(found.items().at(0).location.to_string(), "lvs.cf:12:1");
}

}  // namespace
}  // namespace lvslab::packet_world::testing
