// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include "tests/real/lvsrouter/two_routers.hpp"

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST_F(TwoRouters, TheBackupTakesOverFromAMachineThatIsGone) {
    begin();
    routers[0]->kill_both();
    // The machine is off, and its addresses with it.
    ASSERT_EQ(std::system("ip link set pub-a down; ip link set priv-a down"), 0);
    EXPECT_TRUE(until([&] { return serves(1); }));
    EXPECT_EQ(routers[1]->status().at("role"), "active");
    routers[0]->wait();
    ASSERT_EQ(std::system("ip link set pub-a up; ip link set priv-a up"), 0);
}

TEST_F(TwoRouters, TheSupervisorClearsAfterAHungDaemonBeforeTheBackupTakesOver) {
    begin();
    ::kill(routers[0]->daemon().value(), SIGSTOP);
    EXPECT_TRUE(until([&] { return serves(1); }));
    pass(3 * deadtime);
    EXPECT_EQ(both_had_vip, 0ns);
    EXPECT_FALSE(routers[0]->has_vip());
    EXPECT_TRUE(routers[0]->table().services.empty());
    EXPECT_EQ(routers[0]->status().at("role"), "standby") << "it started again, and stands by";
}

TEST_F(TwoRouters, ADaemonThatIsKilledHandsTheServiceOver) {
    begin();
    ::kill(routers[0]->daemon().value(), SIGKILL);
    EXPECT_TRUE(until([&] { return serves(1); }));
    pass(3 * deadtime);
    EXPECT_EQ(both_had_vip, 0ns);
    EXPECT_TRUE(serves(1));
    EXPECT_TRUE(routers[0]->table().services.empty());
}

TEST_F(TwoRouters, TheDaemonEndsInOrderWhenItsSupervisorIsKilled) {
    begin();
    ::kill(routers[0]->supervisor(), SIGKILL);
    EXPECT_TRUE(until([&] { return serves(1); }));
    EXPECT_FALSE(routers[0]->has_vip());
    EXPECT_TRUE(routers[0]->table().services.empty());
    EXPECT_EQ(both_had_vip, 0ns);
}

TEST_F(TwoRouters, WhatBothProcessesLeaveIsClearedByTheNextStart) {
    begin();
    routers[0]->kill_both();
    routers[0]->wait();
    EXPECT_TRUE(routers[0]->has_vip());
    routers[0]->start();
    EXPECT_TRUE(until([&] { return !routers[0]->has_vip() && serves(1); }));
    pass(2 * deadtime);
    EXPECT_FALSE(routers[0]->has_vip());
    EXPECT_TRUE(routers[0]->table().services.empty()) << "the partner has the role";
}

TEST_F(TwoRouters, AReloadChangesOneWeightAndABadFileNothing) {
    begin();
    routers[0]->write_lvs_cf(lvs_cf(0));
    EXPECT_EQ(routers[0]->command({"reload"}), 0);
    const auto after = routers[0]->table();
    const auto weight_of = [&](std::string_view server) {
        for (const auto& d : after.services.at(0).destinations) {
            if (d.server == Endpoint::parse(server).value()) {
                return d.settings.weight;
            }
        }
        return Weight{-1};
    };
    EXPECT_EQ(weight_of("10.1.0.101:80"), Weight{1});
    EXPECT_EQ(weight_of("10.1.0.102:80"), Weight{0});
    routers[0]->write_lvs_cf("keepalive = soon\n");
    std::string output;
    EXPECT_EQ(routers[0]->command({"reload"}, &output), 2);
    EXPECT_THAT(output, HasSubstr("lvs.cf:1:13"));
    EXPECT_THAT(output, HasSubstr("the old configuration stays"));
    pass(2 * deadtime);
    EXPECT_EQ(routers[0]->table().services.at(0).destinations.size(), 2U);
}

TEST_F(TwoRouters, AFileOfOtherRoutersIsRefusedAtAReload) {
    begin();
    auto text = lvs_cf();
    text.replace(text.find("primary = 10.0.0.11"), 19, "primary = 10.0.0.77");
    const std::string own = "primary_private = 10.1.0.11";
    text.replace(text.find(own), own.size(), "primary_private = 10.1.0.77");
    routers[0]->write_lvs_cf(text);
    std::string output;
    EXPECT_EQ(routers[0]->command({"reload"}, &output), 2);
    EXPECT_THAT(output, HasSubstr("lvs.cf:1:11: this host has neither"));
    EXPECT_THAT(output, HasSubstr("the old configuration stays"));
    EXPECT_THAT(routers[0]->log(), HasSubstr("warning: configuration not reloaded"));
    EXPECT_EQ(routers[0]->status().at("router"), "primary");
    EXPECT_TRUE(serves(0));
}

TEST_F(TwoRouters, AReloadSaysThatAnotherProgramHasTheNewHeartbeatPort) {
    begin();
    routers[0]->occupy(Endpoint::parse("10.0.0.11:5390").value());
    routers[0]->write_lvs_cf(lvs_cf() + "heartbeat_port = 5390\n");
    std::string output;
    EXPECT_EQ(routers[0]->command({"reload"}, &output), 0);
    const auto finding = std::string(
        "warning: heartbeats on the public path: 10.0.0.11:5390/udp is in use by another program");
    EXPECT_THAT(output, ContainsRegex("lvs.cf:[0-9]+:18: " + finding));
    EXPECT_THAT(routers[0]->log(), HasSubstr(finding));
    routers[0]->write_lvs_cf(lvs_cf());
    EXPECT_EQ(routers[0]->command({"reload"}, &output), 0);
    EXPECT_THAT(output, Not(HasSubstr("heartbeats on")));
}

TEST_F(TwoRouters, ARealServersNameThatIsGoneKeepsNoDeadDaemonFromComingBack) {
    auto text = lvs_cf();
    text.replace(text.find("10.1.0.102"), 10, "server-two");
    routers[0]->write_lvs_cf(text);
    std::ofstream("/etc/hosts") << "127.0.0.1 localhost\n10.1.0.102 server-two\n";
    routers[0]->start();
    ASSERT_TRUE(until([&] { return serves(0); }));
    std::ofstream("/etc/hosts") << "127.0.0.1 localhost\n";
    const auto before = routers[0]->daemon().value();
    ::kill(before, SIGKILL);
    EXPECT_TRUE(until([&] {
        const auto now = routers[0]->daemon();
        return now && *now != before && routers[0]->status().is_object();
    }));
    EXPECT_THAT(routers[0]->log(), HasSubstr("lvs.cf is not fit; the one that was in force stays"));
    EXPECT_TRUE(until([&] { return serves(0); }));
}

/// This process is the guest's name server, and gives no answer.
class SilentNameServer {
public:
    SilentNameServer() {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(53);
        at.sin_addr.s_addr = htonl(Address::parse("10.0.0.1").value().v4_host_order());
        EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
        std::ofstream("/etc/nsswitch.conf") << "hosts: files dns\n";
        std::ofstream("/etc/resolv.conf") << "nameserver 10.0.0.1\noptions timeout:5 attempts:2\n";
    }
    ~SilentNameServer() {
        std::ofstream("/etc/nsswitch.conf") << "hosts: files\n";
        ::close(socket_);
    }
    SilentNameServer(const SilentNameServer&) = delete;
    SilentNameServer& operator=(const SilentNameServer&) = delete;
    bool was_asked() const {
        char question = 0;
        return ::recv(socket_, &question, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
    }

private:
    int socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

std::string with_a_name(std::string lvs_cf) {
    return lvs_cf.replace(lvs_cf.find("10.1.0.102"), 10, "server-two.example");
}

TEST_F(TwoRouters, ANameServerThatIsSilentHoldsNoRouterUpThatReloads) {
    const SilentNameServer silent;
    begin();
    const auto daemon = routers[0]->daemon();
    routers[0]->write_lvs_cf(with_a_name(lvs_cf()));
    ::kill(routers[0]->supervisor(), SIGHUP);
    ASSERT_TRUE(until([&] { return silent.was_asked(); }));
    pass(3 * deadtime);
    EXPECT_EQ(routers[0]->status().at("role"), "active") << "it answers in the meantime";
    EXPECT_TRUE(serves(0));
    // A file without the name takes the place of the one that waits.
    routers[0]->write_lvs_cf(lvs_cf(0));
    EXPECT_EQ(routers[0]->command({"reload"}), 0);
    EXPECT_THAT(routers[0]->log(), Not(HasSubstr("configuration not reloaded")));
    routers[0]->write_lvs_cf(with_a_name(lvs_cf()));
    std::string output;
    EXPECT_EQ(routers[0]->command({"reload"}, &output), 2) << "nobody knows it in the end";
    EXPECT_THAT(output, HasSubstr("found \"server-two.example\", expected an address or the name"));
    EXPECT_THAT(routers[0]->log(), HasSubstr("warning: configuration not reloaded"));
    EXPECT_EQ(routers[0]->table().services.at(0).destinations.size(), 2U);
    EXPECT_EQ(routers[0]->daemon(), daemon) << "its supervisor took it for dead";
    EXPECT_FALSE(routers[1]->has_vip());
    EXPECT_EQ(both_had_vip, 0ns);
}

TEST_F(TwoRouters, ANameServerThatIsSilentKeepsNoRouterFromStopping) {
    const SilentNameServer silent;
    begin();
    routers[0]->write_lvs_cf(with_a_name(lvs_cf()));
    ::kill(routers[0]->supervisor(), SIGHUP);
    ASSERT_TRUE(until([&] { return silent.was_asked(); }));
    ASSERT_EQ(routers[0]->command({"stop"}), 0);
    EXPECT_EQ(routers[0]->wait(), 0);
    EXPECT_TRUE(until([&] { return serves(1); }));
}

TEST_F(TwoRouters, ADaemonThatTakesADeadOnesPlaceWaitsForNoSilentNameServer) {
    const SilentNameServer silent;
    std::ofstream("/etc/hosts") << "127.0.0.1 localhost\n10.1.0.102 server-two.example\n";
    routers[0]->write_lvs_cf(with_a_name(lvs_cf()));
    routers[0]->start();
    ASSERT_TRUE(until([&] { return serves(0); }));
    std::ofstream("/etc/hosts") << "127.0.0.1 localhost\n";
    const auto killed = std::chrono::steady_clock::now();
    ::kill(routers[0]->daemon().value(), SIGKILL);
    EXPECT_TRUE(until([&] { return !serves(0); }));
    EXPECT_TRUE(until([&] { return serves(0); })) << "it is alone";
    EXPECT_LT(std::chrono::steady_clock::now() - killed, 2s + 2 * deadtime + 1s);
    EXPECT_THAT(routers[0]->log(), HasSubstr("the one that was in force stays"));
}

TEST_F(TwoRouters, WarningsOfAGoodFileAreLoggedAtAReloadToo) {
    begin();
    auto text = lvs_cf();
    text.replace(text.find("deadtime = 800ms"), 16, "deadtime = 200ms");
    routers[0]->write_lvs_cf(text);
    ::kill(routers[0]->supervisor(), SIGHUP);
    EXPECT_TRUE(until([&] {
        const auto log = routers[0]->log();
        return log.find("roles flap: heartbeats come every 200ms") != std::string::npos &&
               log.find("deadtime (200ms) is not above keepalive (200ms)") != std::string::npos;
    }));
}

/// A pipe of one page with a reader that does not read.
class UnreadPipe {
public:
    explicit UnreadPipe(std::string path) : path_(std::move(path)) {
        ::unlink(path_.c_str());
        EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
        end_ = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        EXPECT_GE(::fcntl(end_, F_SETPIPE_SZ, 4096), 4096);
        fill();
    }
    ~UnreadPipe() {
        ::close(end_);
        ::unlink(path_.c_str());
    }
    UnreadPipe(const UnreadPipe&) = delete;
    UnreadPipe& operator=(const UnreadPipe&) = delete;
    const std::string& path() const { return path_; }

private:
    void fill() const {
        while (::write(end_, "x", 1) == 1) {
        }
    }

    std::string path_;
    int end_ = -1;
};

TEST_F(TwoRouters, NeitherAFullDiskNorABlockedReaderOfLogsAndEventsStopsARouter) {
    const UnreadPipe logs(routers[1]->folder() + "/logs");
    const UnreadPipe events(routers[0]->folder() + "/events");
    routers[0]->log_to("/dev/full");
    routers[0]->start({"--events", events.path()});
    ASSERT_TRUE(until([&] { return serves(0); }));
    routers[1]->log_to(logs.path());
    routers[1]->start({"--events", "/dev/full"});
    ASSERT_TRUE(until([&] { return routers[1]->status().is_object(); }));
    const auto daemons = std::pair(routers[0]->daemon(), routers[1]->daemon());
    for (const int from : {0, 1}) {
        EXPECT_EQ(routers[static_cast<std::size_t>(from)]->command({"release"}), 0);
        EXPECT_TRUE(until([&] { return serves(1 - from); }));
        EXPECT_EQ(routers[static_cast<std::size_t>(from)]->command({"reload"}), 0);
        pass(3 * deadtime);
    }
    EXPECT_EQ(std::pair(routers[0]->daemon(), routers[1]->daemon()), daemons) << "one was killed";
    EXPECT_EQ(both_had_vip, 0ns);
    for (const auto& router : routers) {
        EXPECT_EQ(router->command({"stop"}), 0);
        EXPECT_EQ(router->wait(), 0);
        EXPECT_FALSE(router->has_vip());
    }
}

TEST_F(TwoRouters, AnAddressWhoseDeviceIsMissingIsNotToldAsHeld) {
    auto text = lvs_cf();
    const std::string device = "eth0:1";
    text.replace(text.find(device), device.size(), "eth7:1");
    routers[0]->write_lvs_cf(text);
    const auto events = routers[0]->folder() + "/events";
    routers[0]->start({"--events", events});
    ASSERT_TRUE(until([&] {
        const auto now = routers[0]->status();
        return now.is_object() && now.at("role") == "active";
    }));
    pass(2 * deadtime);
    std::map<std::string, bool> held;
    const auto status = routers[0]->status();
    for (const auto& address : status.at("addresses")) {
        held[address.at("address")] = address.at("held");
    }
    EXPECT_EQ(held, (std::map<std::string, bool>{{"10.0.0.10", false}, {"10.1.0.10", true}}));
    std::ifstream lines(events);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_THAT(line, Not(AllOf(HasSubstr("address_"), HasSubstr("10.0.0.10\""))));
    }
}

TEST_F(TwoRouters, AServiceThatAnAdministratorTookOutIsNotToldAsInIpvs) {
    begin();
    EXPECT_EQ(routers[0]->status().at("services").at(0).at("in_ipvs"), true);
    routers[0]->ipvs().clear();
    EXPECT_EQ(routers[0]->status().at("services").at(0).at("in_ipvs"), false);
}

TEST_F(TwoRouters, ReleaseHandsOverAndStopLeavesNothing) {
    begin();
    std::string output;
    EXPECT_EQ(routers[0]->command({"release"}, &output), 0);
    EXPECT_EQ(output, "") << "the partner is there";
    EXPECT_TRUE(until([&] { return serves(1); }));
    EXPECT_EQ(both_had_vip, 0ns);
    EXPECT_EQ(routers[0]->command({"release"}, &output), 1);
    EXPECT_THAT(output, HasSubstr("not active"));
    EXPECT_EQ(routers[1]->command({"stop"}), 0);
    EXPECT_EQ(routers[1]->wait(), 0);
    EXPECT_FALSE(routers[1]->has_vip());
    EXPECT_TRUE(routers[1]->table().services.empty());
    EXPECT_TRUE(until([&] { return serves(0); }));
}

TEST_F(TwoRouters, AReleaseToADeadPartnerIsDoneWithAWarning) {
    begin();
    std::string output;
    EXPECT_EQ(routers[1]->command({"stop"}), 0);
    pass(2 * deadtime);
    EXPECT_EQ(routers[0]->command({"release"}, &output), 0);
    EXPECT_THAT(output, HasSubstr("warning: the partner is silent: nobody takes the services"));
    EXPECT_TRUE(until([&] { return serves(0); }));
}

TEST_F(TwoRouters, StopMayKeepServicesForTheNextStart) {
    routers[0]->start({"--active"});
    ASSERT_TRUE(until([&] { return serves(0); }));
    EXPECT_EQ(routers[0]->command({"stop", "--keep"}), 0);
    EXPECT_EQ(routers[0]->wait(), 0);
    EXPECT_FALSE(routers[0]->has_vip());
    ASSERT_EQ(routers[0]->table().services.size(), 1U);
    EXPECT_EQ(routers[0]->table().services[0].destinations.size(), 2U);
    routers[0]->start();
    EXPECT_TRUE(until([&] { return serves(0); }));
}

TEST_F(TwoRouters, ASecondRouterInTheSamePlaceIsRefused) {
    begin();
    const auto first = routers[0]->supervisor();
    routers[0]->start();
    EXPECT_EQ(routers[0]->wait(), 2);
    EXPECT_THAT(routers[0]->log(), HasSubstr("another lvsrouter runs here"));
    EXPECT_TRUE(serves(0));
    ::kill(first, SIGTERM);
    EXPECT_TRUE(until([&] { return !routers[0]->has_vip(); }));
}

TEST_F(TwoRouters, TheRouterKeepsThreeCapabilitiesAlone) {
    begin();
    std::ifstream in("/proc/" + std::to_string(routers[0]->daemon().value()) + "/status");
    const std::string status{std::istreambuf_iterator<char>(in), {}};
    EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000003400"));
    EXPECT_THAT(status, HasSubstr("CapBnd:\t0000000000003400"));
    EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
}

}  // namespace
}  // namespace lvslab::realmode
