// SPDX-License-Identifier: GPL-2.0-only
// A router that finds its services in IPVS goes on with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/router/router_story.hpp"

namespace lvslab::router {
namespace {

using testing::IsEmpty;

const Address web3 = Address::v4(0x0A000003U);

/// A machine whose IPVS an earlier run has left with two servers and a connection to each.
struct RestartedRouter {
    explicit RestartedRouter(const std::string& text)
        : config(read_config(text)),
          machine(time, servers, config.primary),
          daemon(machine.ports()) {
        found = {{{"", http}, {}, {}}};  // wlc, as two_servers() has it
        machine.table.add_service(http, found[0].settings, {});
        leave(web1, 1);
        leave(web2, 2);
        for (std::uint16_t port = 1000; port < 1003; ++port) {
            ipvs::Segment syn;
            syn.source = {Address::v4(0xC0000201U), Port{port}};
            syn.destination = {vip, Port{80}};
            syn.flags = ipvs::TcpFlags::syn;
            EXPECT_EQ(machine.table.step(syn, {}).action, ipvs::Action::forward);
        }
    }
    void leave(const Address& server, int weight) {
        const TableDestination d{{"", {server, Port{80}}}, {.weight = Weight{weight}}};
        EXPECT_EQ(machine.table.add_destination(http, d.server.endpoint, d.settings, {}),
                  ipvs::ControlResult::ok);
        found[0].destinations.push_back(d);
    }
    void start() { daemon.start(config, {.found = found}); }
    void until(Duration when) { time.run_until(Time{} + when); }
    std::int64_t connections() {
        std::int64_t sum = 0;
        for (const auto& d : machine.table.destinations(http)) {
            sum += d.active + d.inactive;
        }
        return sum;
    }

    config::LvsConfig config;
    VirtualTime time;
    std::map<Address, ServerState> servers;
    FakeMachine machine;
    ServiceDaemon daemon;
    ServiceTable found;
};

TEST(FoundServices, OfTheSameFileAreNotTouched) {
    RestartedRouter router(two_servers());
    router.start();
    router.until(40s);
    EXPECT_EQ(router.machine.changes, 0);
    EXPECT_EQ(router.machine.clears, 0);
    EXPECT_EQ(router.connections(), 3);
}

TEST(FoundServices, AreToldAsIfTheyHadBeenPutIn) {
    RestartedRouter router(two_servers());
    router.leave(web3, 1);  // not in the file
    router.start();
    const auto services = router.machine.told_of<ports::ServiceSet>();
    ASSERT_EQ(services.size(), 1U);
    EXPECT_EQ(services[0].second.service.name, "http");
    const auto added = router.machine.told_of<ports::DestinationAdded>();
    ASSERT_EQ(added.size(), 2U);
    EXPECT_EQ(added[1].second.server.name, "web2");
    EXPECT_EQ(added[1].second.weight, Weight{2});
    EXPECT_EQ(router.machine.told_of<ports::DestinationRemoved>().size(), 1U);
}

TEST(FoundServices, WhatIsNotWantedGoesAtOnceAndNothingElse) {
    RestartedRouter router(globals + http_service("", server_block(2, 2)));
    router.start();
    EXPECT_EQ(servers_in(router.machine), "10.0.0.2:80 w2");
    EXPECT_EQ(router.machine.changes, 1);
}

TEST(FoundServices, ServiceThatIsNotWantedGoesAtOnce) {
    const ipvs::ServiceKey mail{Protocol::tcp, {vip, Port{25}}, {}, {}};
    RestartedRouter router(two_servers());
    router.machine.table.add_service(mail, {}, {});
    router.found.push_back({{"", mail}, {}, {}});
    router.start();
    EXPECT_EQ(router.machine.changes, 1);
    EXPECT_EQ(router.machine.table.remove_service(mail, {}), ipvs::ControlResult::no_such_service);
}

TEST(FoundServices, NewServerComesInThroughItsFirstCheck) {
    RestartedRouter router(
        globals + http_service("", server_block(1, 1) + server_block(2, 2) + server_block(3, 64)));
    router.start();
    EXPECT_EQ(servers_in(router.machine), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
    router.until(1ms);
    EXPECT_EQ(servers_in(router.machine), "10.0.0.1:80 w1, 10.0.0.2:80 w2, 10.0.0.3:80 w2");
}

TEST(FoundServices, ServerThatFailsItsFirstCheckLeaves) {
    RestartedRouter router(two_servers());
    router.servers[web2] = {false, 3ms, {}};
    router.start();
    EXPECT_EQ(servers_in(router.machine), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
    router.until(3ms);
    EXPECT_EQ(servers_in(router.machine), "10.0.0.1:80 w1");
}

TEST(FoundServices, ChangedSettingsAreChangedInPlace) {
    RestartedRouter router(
        globals + http_service("  persistent = 300\n", server_block(1, 1) + server_block(2, 1)));
    router.start();
    EXPECT_EQ(servers_in(router.machine), "10.0.0.1:80 w1, 10.0.0.2:80 w1");
    EXPECT_EQ(router.machine.changes, 2);
    EXPECT_EQ(router.connections(), 3);
}

TEST(FoundServices, QuiescedServerStaysQuiescedUntilReentry) {
    RestartedRouter router(
        globals + http_service("  quiesce_server = 1\n",
                               server_block(1, 1) + server_block(2, 2) + server_block(3, 1)));
    router.leave(web3, 0);
    router.start();
    router.until(19s);
    EXPECT_EQ(servers_in(router.machine), "10.0.0.1:80 w1, 10.0.0.2:80 w2, 10.0.0.3:80 w0");
    router.until(21s);  // reentry = 30, timeout = 10: the third success
    EXPECT_EQ(servers_in(router.machine), "10.0.0.1:80 w1, 10.0.0.2:80 w2, 10.0.0.3:80 w1");
    EXPECT_EQ(router.machine.changes, 1);
}

TEST(FoundServices, SorryServerStaysOnlyWhileNoServerServes) {
    RestartedRouter router(two_servers("  sorry_server = 10.0.0.9\n"));
    router.leave(sorry, 1);
    router.start();
    EXPECT_EQ(servers_in(router.machine), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
}

TEST(FoundServices, AreAskedForByTheRouterWhenItsServicesStart) {
    const auto config = read_config(two_servers());
    VirtualTime time;
    std::map<Address, ServerState> servers;
    FakeMachine machine(time, servers, config.primary);
    int asked = 0;
    RouterOptions options;
    options.force_active = true;
    options.found = [&] {
        ++asked;
        return ServiceTable{};
    };
    LvsRouter router(config, machine.ports(), options);
    EXPECT_EQ(asked, 0);
    router.start();
    time.run_until(Time{} + 30s);
    EXPECT_TRUE(router.active());
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(machine.clears, 0);
    EXPECT_EQ(servers_in(machine), "10.0.0.1:80 w1, 10.0.0.2:80 w2");
}

// ---- many changes in one go ----

TEST(DataplaneChange, RefusedServiceKeepsItsServersOutOfWhoeversStandsThere) {
    VirtualTime time;
    std::map<Address, ServerState> servers;
    FakeMachine machine(time, servers, web1);
    machine.table.add_service(http, {}, {});
    const Endpoint server{web1, Port{80}};
    const ipvs::ServiceKey mail{Protocol::tcp, {vip, Port{25}}, {}, {}};
    const std::vector<ports::DataplaneChange> changes{
        ports::AddService{http, {}}, ports::AddDestination{http, server, {}},
        ports::AddService{mail, {}}, ports::AddDestination{mail, server, {}}};
    using Result = ipvs::ControlResult;
    EXPECT_EQ(machine.change(changes),
              (std::vector{Result::exists, Result::no_such_service, Result::ok, Result::ok}));
    EXPECT_THAT(machine.table.destinations(http), IsEmpty());
}

}  // namespace
}  // namespace lvslab::router
