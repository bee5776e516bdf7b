// SPDX-License-Identifier: GPL-2.0-only
// FTP clusters by NAT as the manual's chapter 3.5 has them, and what each missing piece breaks.
#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using scenario::FtpTransfers;

constexpr std::array modes = {FtpTransfers::Mode::active, FtpTransfers::Mode::passive,
                              FtpTransfers::Mode::extended_passive,
                              FtpTransfers::Mode::extended_active};
const auto vip = *Address::parse("192.168.26.10");

scenario::Scenario ftp_cluster(FtpTransfers::Mode mode) {
    auto s = busy_cluster(config::NetworkType::nat, Protocol::tcp, 3, 12, seconds(6));
    auto& w = s.workloads[0];
    w.kind = scenario::Workload::Kind::ftp;
    w.ftp.mode = mode;
    w.to = {vip, Port{21}};
    w.response = scenario::Constant{5000};
    w.requests = 2;
    w.timeout = seconds(8);
    auto& v = s.config.virtual_servers[0];
    v.port = Port{21};
    for (auto& real : v.servers) {
        real.port = Port{21};
    }
    return s;
}

scenario::Scenario with_helper(FtpTransfers::Mode mode) {
    auto s = ftp_cluster(mode);
    s.routers[0].running.ftp_helper = true;
    return s;
}

scenario::MarkRule mark(std::uint16_t first, std::uint16_t last) {
    scenario::MarkRule rule;
    rule.protocol = Protocol::tcp;
    rule.destination = lvslab::Network{vip, 32};
    rule.first_port = Port{first};
    rule.last_port = Port{last};
    rule.mark = Fwmark{21};
    return rule;
}

void mark_packets(scenario::Scenario& s, const std::vector<scenario::MarkRule>& rules) {
    s.marks = rules;
    s.routers[0].running.marks = rules;
}

/// Mark 21 for port 21 and 10000:20000, persistence, pasv_address, and MASQUERADE from port 20.
scenario::Scenario by_the_manual(FtpTransfers::Mode mode) {
    auto s = ftp_cluster(mode);
    auto& v = s.config.virtual_servers[0];
    v.fwmark = Fwmark{21};
    v.persistent = seconds(300);
    mark_packets(s, {mark(21, 21), mark(10000, 20000)});
    for (auto& server : s.servers) {
        server.ftp.pasv_min_port = Port{10000};
        server.ftp.pasv_max_port = Port{20000};
        server.ftp.pasv_address = vip;
    }
    scenario::NatRule rule;
    rule.protocol = Protocol::tcp;
    rule.source = *lvslab::Network::parse("10.11.12.0/24");
    rule.first_source_port = rule.last_source_port = Port{20};
    s.routers[0].running.nat = {rule};
    return s;
}

std::uint64_t served(const scenario::Scenario& s) {
    const WorldRun run(s);
    expect_accounts(run);
    EXPECT_EQ(run.result.connections, 12U);
    return run.count(journal::Outcome::served);
}

TEST(FtpCluster, EachModeIsServedWithTheHelper) {
    for (const auto mode : modes) {
        EXPECT_EQ(served(with_helper(mode)), 12U) << int(mode);
    }
}

TEST(FtpCluster, EachModeIsServedAsTheManualHasIt) {
    for (const auto mode : modes) {
        EXPECT_EQ(served(by_the_manual(mode)), 12U) << int(mode);
    }
}

TEST(FtpCluster, UploadsAreServedInEachMode) {
    for (const auto mode : modes) {
        for (auto s : {with_helper(mode), by_the_manual(mode)}) {
            s.workloads[0].ftp.upload = true;
            EXPECT_EQ(served(s), 12U) << int(mode);
        }
    }
}

TEST(FtpCluster, WithoutHelperMarksAndRulesNothingIsServed) {
    for (const auto mode : modes) {
        EXPECT_EQ(served(ftp_cluster(mode)), 0U) << int(mode);
    }
}

TEST(FtpCluster, WithoutMasqueradeActiveTransfersBreakAndPassiveOnesDoNot) {
    for (const auto mode : modes) {
        auto s = by_the_manual(mode);
        s.routers[0].running.nat.clear();
        EXPECT_EQ(served(s), FtpTransfers::server_connects(mode) ? 0U : 12U) << int(mode);
    }
}

TEST(FtpCluster, WithoutTheMarkOfTheRangePassiveTransfersBreakAndActiveOnesDoNot) {
    for (const auto mode : modes) {
        auto s = by_the_manual(mode);
        mark_packets(s, {mark(21, 21)});
        EXPECT_EQ(served(s), FtpTransfers::server_connects(mode) ? 12U : 0U) << int(mode);
    }
}

TEST(FtpCluster, APassiveRangeOutsideTheMarksBreaksPassiveTransfers) {
    auto s = by_the_manual(FtpTransfers::Mode::passive);
    for (auto& server : s.servers) {
        server.ftp.pasv_min_port = Port{30000};
        server.ftp.pasv_max_port = Port{40000};
    }
    EXPECT_EQ(served(s), 0U);
}

TEST(FtpCluster, WithoutPasvAddressTheClientIsSentToAPrivateAddress) {
    auto s = by_the_manual(FtpTransfers::Mode::passive);
    for (auto& server : s.servers) {
        server.ftp.pasv_address.reset();
    }
    EXPECT_EQ(served(s), 0U);
    // EPSV tells no address.
    s.workloads[0].ftp.mode = FtpTransfers::Mode::extended_passive;
    EXPECT_EQ(served(s), 12U);
}

TEST(FtpCluster, WithoutPersistenceDataConnectionsGoToOtherServers) {
    auto s = by_the_manual(FtpTransfers::Mode::passive);
    s.config.virtual_servers[0].persistent = {};
    EXPECT_LT(served(s), 12U);
}

/// A fault on every server at once.
void strike(scenario::Scenario& s, Duration at, scenario::FaultKind kind) {
    for (unsigned i = 0; i < s.servers.size(); ++i) {
        scenario::Fault fault;
        fault.kind = kind;
        fault.at = Time{at};
        fault.target.kind = scenario::FaultTarget::Kind::server;
        fault.target.index = i;
        fault.what = "fault";
        s.faults.push_back(fault);
    }
}

/// 2 control connections a second for 6 s, each open for more than a second.
scenario::Scenario thoughtful_clients() {
    auto s = with_helper(FtpTransfers::Mode::passive);
    s.workloads[0].think = scenario::Constant{1};
    return s;
}

/// Outcomes of the connections opened within a span.
std::set<journal::Outcome> opened_between(const WorldRun& run, Duration from, Duration to) {
    std::map<std::uint64_t, Time> opened;
    std::set<journal::Outcome> outcomes;
    for (const auto& e : run.events.events) {
        if (const auto* o = std::get_if<journal::ConnectionOpened>(&e.payload)) {
            opened[o->connection] = e.time;
        } else if (const auto* c = std::get_if<journal::ConnectionClosed>(&e.payload)) {
            const auto at = opened.at(c->connection);
            if (at >= Time{from} && at < Time{to}) {
                outcomes.insert(c->outcome);
            }
        }
    }
    return outcomes;
}

TEST(FtpCluster, AStoppedServerResetsItsSessionsAndRefusesUntilItStarts) {
    auto s = thoughtful_clients();
    strike(s, milliseconds(2200), scenario::FaultKind::stop);
    strike(s, milliseconds(4200), scenario::FaultKind::start);
    const WorldRun run(s);
    expect_accounts(run);
    using journal::Outcome;
    EXPECT_EQ(opened_between(run, {}, milliseconds(1000)), std::set{Outcome::served});
    // One file has been fetched, the second one is never asked for.
    EXPECT_EQ(opened_between(run, milliseconds(1400), milliseconds(2100)),
              std::set{Outcome::reset});
    EXPECT_EQ(opened_between(run, milliseconds(2200), milliseconds(4100)),
              std::set{Outcome::refused});
    EXPECT_EQ(opened_between(run, milliseconds(4200), seconds(6)), std::set{Outcome::served});
}

TEST(FtpCluster, ACrashedServerSaysNothingUntilItRestartsAndKnowsNoSessionThen) {
    auto s = thoughtful_clients();
    strike(s, milliseconds(2200), scenario::FaultKind::crash);
    const WorldRun dead(s);
    expect_accounts(dead);
    using journal::Outcome;
    EXPECT_EQ(opened_between(dead, {}, milliseconds(1000)), std::set{Outcome::served});
    EXPECT_EQ(opened_between(dead, milliseconds(1400), seconds(6)), std::set{Outcome::timed_out});

    strike(s, milliseconds(4200), scenario::FaultKind::restart);
    const WorldRun back(s);
    expect_accounts(back);
    // What the client says next is answered by a RST.
    EXPECT_EQ(opened_between(back, milliseconds(1400), milliseconds(2100)),
              std::set{Outcome::reset});
    EXPECT_EQ(opened_between(back, milliseconds(4200), seconds(6)), std::set{Outcome::served});
}

TEST(FtpCluster, AHungServerGoesOnWithItsSessionsLater) {
    auto s = thoughtful_clients();
    strike(s, milliseconds(2200), scenario::FaultKind::hang);
    strike(s, milliseconds(4200), scenario::FaultKind::resume);
    const WorldRun run(s);
    expect_accounts(run);
    EXPECT_EQ(run.count(journal::Outcome::served), 12U);
    for (const auto& e : run.events.events) {
        if (std::holds_alternative<journal::ResponseReceived>(e.payload)) {
            EXPECT_TRUE(e.time < Time{milliseconds(2300)} || e.time >= Time{milliseconds(4200)});
        }
    }
}

}  // namespace
}  // namespace lvslab::packet_world::testing
