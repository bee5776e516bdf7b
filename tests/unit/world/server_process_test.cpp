// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/server_process.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/server/application.hpp"
#include "tests/unit/world/timers_by_hand.hpp"

namespace lvslab::world {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A server whose requests take a second each, one worker.
struct ServerProcessTest : ::testing::Test {
    ServerProcessTest() {
        server.service = scenario::Constant{1.0};
        server.workers = 1;
        process.start(server);
    }
    bool ask(server::Station::Ticket ticket) {
        return process.offer([&](server::Application& application, Time now) {
            return application.arrive(ticket, 0.5, Address{}, now);
        });
    }
    void pass(Duration until) { timers.pass(Time{until}); }

    TimersByHand timers;
    scenario::Server server;
    std::string done;
    ServerProcess<server::Application> process{
        timers, [this](server::Station::Ticket ticket) {
            done += std::to_string(ticket) + "@" +
                    std::to_string(timers.now().time_since_epoch() / milliseconds(1)) + " ";
        }};
};

TEST_F(ServerProcessTest, WorksOffWhatComes) {
    ask(1);
    ask(2);
    EXPECT_EQ(process.population(), 2U);
    pass(milliseconds(1500));
    EXPECT_EQ(done, "1@1000 ");
    pass(seconds(5));
    EXPECT_EQ(done, "1@1000 2@2000 ");
    EXPECT_EQ(timers.waiting(), 0U);
}

TEST_F(ServerProcessTest, ItsClockStandsStillWithItsMachine) {
    ask(1);
    ask(2);
    pass(milliseconds(400));
    process.freeze();
    pass(seconds(10));
    EXPECT_EQ(done, "");
    EXPECT_EQ(process.load(0).work_done, milliseconds(400));
    process.thaw();
    pass(seconds(20));
    EXPECT_EQ(done, "1@10600 2@11600 ");
}

TEST_F(ServerProcessTest, WhatIsDueFreesItsPlaceBeforeTheNextOneComes) {
    server.queue = 0;
    process.end();
    process.start(server);
    EXPECT_TRUE(ask(1));
    EXPECT_FALSE(ask(2));
    // An alarm of the same time that was asked for later would find it free anyway: this one goes
    // off before the process's own, which is asked for anew.
    bool third = false;
    timers.at(Time{seconds(1)}, [&] { third = ask(3); });
    process.freeze();
    process.thaw();
    pass(seconds(3));
    EXPECT_TRUE(third);
    EXPECT_EQ(done, "1@1000 3@2000 ");
    EXPECT_EQ(process.load(0).refused, 1U);
}

TEST_F(ServerProcessTest, LosesWhatWaitsWhenItEndsAndKeepsItsCounts) {
    ask(1);
    pass(milliseconds(300));
    process.end();
    EXPECT_FALSE(process.running());
    EXPECT_EQ(timers.waiting(), 0U);
    pass(seconds(2));
    EXPECT_EQ(done, "");
    process.start(server);
    EXPECT_EQ(process.population(), 0U);
    ask(2);
    pass(seconds(9));
    EXPECT_EQ(done, "2@3000 ");
    EXPECT_EQ(process.load(0).work_done, milliseconds(1300));
}

TEST_F(ServerProcessTest, AMachineThatDiesDoesNotStandStillAnyMore) {
    process.freeze();
    process.crash();
    EXPECT_FALSE(process.frozen());
    process.start(server);
    ask(1);
    pass(seconds(2));
    EXPECT_EQ(done, "1@1000 ");
}

TEST_F(ServerProcessTest, StaysSlowWhenItStartsAnew) {
    process.slow_down(3);
    process.end();
    process.start(server);
    ask(1);
    pass(seconds(9));
    EXPECT_EQ(done, "1@3000 ");
}

TEST_F(ServerProcessTest, EndedByWhomItTellsOfWork) {
    ServerProcess<server::Application> fragile{timers, [&](auto) { fragile.end(); }};
    fragile.start(server);
    fragile.offer([](server::Application& a, Time now) { return a.arrive(1, 0.5, {}, now); });
    pass(seconds(2));
    EXPECT_FALSE(fragile.running());
    EXPECT_EQ(timers.waiting(), 0U);
}

TEST_F(ServerProcessTest, EndedByWorkThatWasDueItTakesNothingNew) {
    ServerProcess<server::Application> fragile{timers, [&](auto) { fragile.end(); }};
    const auto arrival = [](server::Application& a, Time now) { return a.arrive(1, 0.5, {}, now); };
    bool taken = true, released = false;
    // Both are asked for the moment at which the work is due, ahead of the process's own alarm.
    timers.at(Time{seconds(1)}, [&] {
        taken = fragile.offer(arrival);
        fragile.release(1, [&] { released = true; });
    });
    fragile.start(server);
    EXPECT_TRUE(fragile.offer(arrival));
    pass(seconds(2));
    EXPECT_FALSE(taken);
    EXPECT_FALSE(released);
    EXPECT_EQ(timers.waiting(), 0U);
}

}  // namespace
}  // namespace lvslab::world
