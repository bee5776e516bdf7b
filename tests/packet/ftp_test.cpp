// SPDX-License-Identifier: GPL-2.0-only
// FTP's dialogue over simulated TCP: straight to a server, and through NAT with the helper.
#include <gtest/gtest.h>

#include "core/packet/rewrite.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/ftp_client.hpp"
#include "sim/packet/ftp_control.hpp"
#include "sim/packet/ftp_server.hpp"
#include "sim/packet/packet_headers.hpp"
#include "sim/packet/routing_hook.hpp"
#include "tests/packet/traffic.hpp"

namespace lvslab::packet_world::testing {
namespace {

using scenario::FtpTransfers;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Endpoint vip{*Address::parse("192.168.26.10"), Port{21}};

scenario::Scenario ftp_cluster(FtpTransfers::Mode mode, unsigned servers = 1, bool upload = false) {
    auto s = cluster(config::NetworkType::nat, servers, 4);
    s.workloads.resize(1);
    s.config.virtual_servers.resize(1);
    s.workloads[0].kind = scenario::Workload::Kind::ftp;
    s.workloads[0].ftp.mode = mode;
    s.workloads[0].ftp.upload = upload;
    s.workloads[0].to = vip;
    return s;
}

/// NAT of one service on port 21 by core::Ipvs alone, in the place of the director.
class FtpNat : public PacketFilter {
public:
    FtpNat(Network& network, const scenario::Scenario& s, bool helper)
        : hook_(network.hook(0)), ipvs_(options(helper)) {
        const ipvs::ServiceKey key{Protocol::tcp, vip, {}, Family::ipv4};
        ipvs::ServiceSettings settings;
        settings.scheduler = "rr";
        ipvs_.add_service(key, settings, Time{});
        for (const auto& server : s.servers) {
            ipvs_.add_destination(key, {server.interface.address, Port{21}}, {}, Time{});
            servers_.push_back(server.interface.address);
        }
        hook_.set_filter(this);
    }
    ~FtpNat() override { hook_.set_filter(nullptr); }

    bool take(const ArrivedPacket& arrived) override {
        const PacketHeaders headers(arrived.header, arrived.packet);
        if (!headers.flow()) {
            return false;
        }
        const auto& flow = *headers.flow();
        const bool reply = std::ranges::find(servers_, flow.source.address) != servers_.end();
        if (!reply && flow.destination.address != vip.address) {
            return false;
        }
        const ipvs::Segment segment{
            reply ? ipvs::Direction::from_server : ipvs::Direction::from_client,
            flow.protocol,
            flow.source,
            flow.destination,
            static_cast<ipvs::TcpFlags>(flow.tcp_flags),
            {},
            1};
        const auto verdict = ipvs_.step(segment, now());
        if (verdict.action != ipvs::Action::forward) {
            return verdict.action != ipvs::Action::pass;
        }
        const auto done = [&](const ns3::Ptr<ns3::Packet>& packet, const ns3::Ipv4Header& header) {
            ns3::Ipv4Header to;
            to.SetDestination(header.GetDestination());
            auto error = ns3::Socket::ERROR_NOTERROR;
            const auto route = hook_.RouteOutput(nullptr, to, nullptr, error);
            arrived.forward(route, packet, header);
            return true;
        };
        if (verdict.ftp_control) {
            const auto out = ftp_.pass(ipvs_, segment, verdict, arrived.packet, arrived.header);
            return !out || done(out->packet, out->header);
        }
        EXPECT_TRUE(reply ? packet::rewrite_source(headers.editor(), verdict.virtual_endpoint)
                          : packet::rewrite_destination(headers.editor(), verdict.server));
        return done(headers.rewritten_packet(), headers.rewritten_header());
    }

private:
    static ipvs::Options options(bool helper) {
        ipvs::Options o;
        o.ftp_helper = helper;
        return o;
    }
    RoutingHook& hook_;
    ipvs::Ipvs ipvs_;
    FtpControl ftp_;
    std::vector<Address> servers_;
};

struct FtpRun : ConnectionOwner {
    explicit FtpRun(scenario::Scenario s, bool straight = false, bool helper = true)
        : scenario(std::move(s)), network(scenario, {.seed = 1, .plain_router = straight}) {
        if (!straight) {
            nat.emplace(network, scenario, helper);
        }
        for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
            servers.push_back(std::make_unique<FtpServer>(network, i, scenario, Port{21}, 1));
        }
    }
    ~FtpRun() override {
        for (auto& c : clients) {
            c->leave();
        }
    }

    void fetch(std::uint16_t source_port, std::vector<std::uint64_t> sizes,
               const Endpoint& to = vip) {
        scenario::PlannedConnection plan{};
        plan.source = {client_address(scenario.clients[0], 0), Port{source_port}};
        plan.to = to;
        for (const auto size : sizes) {
            plan.requests.push_back({1, size, 0.5, {}});
        }
        clients.push_back(make_ftp_connection(*this, plan, network.client(0, 0), scenario));
        clients.back()->open();
    }
    std::size_t counted(std::string_view node) const {
        const auto& names = network.counted_nodes();
        return static_cast<std::size_t>(std::ranges::find(names, node) - names.begin());
    }
    void go(double s = 30) {
        ns3::Simulator::Stop(ns3::Seconds(s));
        ns3::Simulator::Run();
    }

    void responded(const ClientConnection& c, std::uint32_t, Duration,
                   std::uint64_t bytes) override {
        received.push_back(bytes);
        answered_by.push_back(c.server());
    }
    void ended(ClientConnection&, journal::Outcome outcome) override {
        outcomes.push_back(outcome);
    }

    scenario::Scenario scenario;
    Network network;
    std::optional<FtpNat> nat;
    std::vector<std::unique_ptr<FtpServer>> servers;
    std::vector<std::unique_ptr<ClientConnection>> clients;
    std::vector<std::uint64_t> received;
    std::vector<std::uint32_t> answered_by;
    std::vector<journal::Outcome> outcomes;
};

constexpr std::array modes = {FtpTransfers::Mode::active, FtpTransfers::Mode::passive,
                              FtpTransfers::Mode::extended_passive,
                              FtpTransfers::Mode::extended_active};
const std::vector<std::uint64_t> files = {1000, 300000, 1};

TEST(Ftp, EachModeFetchesFilesStraightFromAServer) {
    for (const auto mode : modes) {
        FtpRun run(ftp_cluster(mode), true);
        run.fetch(4000, files, {run.scenario.servers[0].interface.address, Port{21}});
        run.go();
        EXPECT_EQ(run.received, files) << int(mode);
        EXPECT_EQ(run.outcomes, std::vector{journal::Outcome::served}) << int(mode);
        EXPECT_EQ(run.answered_by, (std::vector<std::uint32_t>{0, 0, 0}));
    }
}

TEST(Ftp, EachModePassesNatWithTheHelper) {
    for (const auto mode : modes) {
        FtpRun run(ftp_cluster(mode, 2));
        run.fetch(4000, files);
        run.fetch(4001, files);
        run.go();
        EXPECT_EQ(run.outcomes, std::vector(2, journal::Outcome::served)) << int(mode);
        EXPECT_EQ(run.received.size(), 6U) << int(mode);
        EXPECT_EQ(std::ranges::count(run.answered_by, 0U), 3) << int(mode);
    }
}

TEST(Ftp, EachModeStoresFilesStraightAndThroughNatWithTheHelper) {
    for (const auto mode : modes) {
        for (const bool straight : {true, false}) {
            FtpRun run(ftp_cluster(mode, 1, true), straight);
            run.fetch(
                4000, files,
                straight ? Endpoint{run.scenario.servers[0].interface.address, Port{21}} : vip);
            run.go();
            // The server's 226 is the response.
            EXPECT_EQ(run.received, std::vector<std::uint64_t>(files.size(), 0)) << int(mode);
            EXPECT_EQ(run.outcomes, std::vector{journal::Outcome::served}) << int(mode);
            const auto got = run.network.traffic(run.counted("web1")).received_bytes;
            EXPECT_GT(got, 301'001U) << int(mode);
            EXPECT_LT(got, 340'000U) << int(mode);
        }
    }
}

TEST(Ftp, AStoredFileSurvivesALossyLink) {
    for (const auto mode : modes) {
        auto s = ftp_cluster(mode, 1, true);
        s.clients[0].link.loss = 0.05;
        FtpRun run(s, true);
        for (std::uint16_t port = 4000; port < 4010; ++port) {
            run.fetch(port, {2000, 20000, 2000},
                      {run.scenario.servers[0].interface.address, Port{21}});
        }
        run.go(300);
        EXPECT_EQ(run.outcomes, std::vector(10, journal::Outcome::served)) << int(mode);
    }
}

TEST(Ftp, AServerThatEndsWhileAFileIsStoredBreaksIt) {
    FtpRun run(ftp_cluster(FtpTransfers::Mode::passive, 1, true), true);
    run.fetch(4000, {50'000'000}, {run.scenario.servers[0].interface.address, Port{21}});
    ns3::Simulator::Schedule(ns3::MilliSeconds(600), &FtpServer::stop, run.servers[0].get());
    run.go();
    EXPECT_TRUE(run.received.empty());
    ASSERT_EQ(run.outcomes.size(), 1U);
    EXPECT_NE(run.outcomes.front(), journal::Outcome::served);
}

TEST(Ftp, WithoutTheHelperNoDataConnectionPassesNat) {
    for (const auto mode : modes) {
        FtpRun run(ftp_cluster(mode), false, false);
        run.fetch(4000, files);
        run.go(100);
        EXPECT_TRUE(run.received.empty()) << int(mode);
        EXPECT_TRUE(run.outcomes.empty() || run.outcomes.front() != journal::Outcome::served);
    }
}

TEST(Ftp, EachModeSurvivesALossyLink) {
    for (const auto mode : modes) {
        auto s = ftp_cluster(mode);
        s.clients[0].link.loss = 0.05;
        FtpRun run(s, true);
        for (std::uint16_t port = 4000; port < 4010; ++port) {
            run.fetch(port, {2000, 2000, 2000, 2000, 2000},
                      {run.scenario.servers[0].interface.address, Port{21}});
        }
        run.go(300);
        EXPECT_EQ(run.outcomes, std::vector(10, journal::Outcome::served)) << int(mode);
    }
}

TEST(Ftp, TheHelperKeepsNumbersRightOverALossyLink) {
    auto s = ftp_cluster(FtpTransfers::Mode::passive);
    s.clients[0].link.loss = 0.05;
    FtpRun run(s);
    for (std::uint16_t port = 4000; port < 4010; ++port) {
        run.fetch(port, {2000, 2000, 2000, 2000, 2000});
    }
    run.go(300);
    EXPECT_EQ(run.received.size(), 50U);
    EXPECT_EQ(run.outcomes, std::vector(10, journal::Outcome::served));
}

TEST(Ftp, SessionOfAClientThatVanishedEndsAfter300Seconds) {
    FtpRun run(ftp_cluster(FtpTransfers::Mode::passive), true);
    const auto socket =
        ns3::Socket::CreateSocket(run.network.client(0, 0), ns3::TcpSocketFactory::GetTypeId());
    socket->Connect(to_ns3(Endpoint{run.scenario.servers[0].interface.address, Port{21}}));
    run.go(299);
    EXPECT_EQ(run.servers[0]->held(), 1U);
    run.go(2);
    EXPECT_EQ(run.servers[0]->held(), 0U);
    std::string heard;
    while (const auto packet = socket->Recv()) {
        if (packet->GetSize() == 0) {
            break;
        }
        std::string more(packet->GetSize(), ' ');
        packet->CopyData(reinterpret_cast<std::uint8_t*>(more.data()), packet->GetSize());
        heard += more;
    }
    EXPECT_TRUE(heard.ends_with("421 Timeout.\r\n")) << heard;
}

TEST(Ftp, StoppedServerRefusesAndServesWhenItStartsAgain) {
    FtpRun run(ftp_cluster(FtpTransfers::Mode::passive), true);
    const Endpoint server{run.scenario.servers[0].interface.address, Port{21}};
    run.servers[0]->stop();
    run.fetch(4000, files, server);
    run.go();
    EXPECT_EQ(run.outcomes, std::vector{journal::Outcome::refused});
    run.servers[0]->start();
    run.fetch(4001, files, server);
    run.go();
    EXPECT_EQ(run.received, files);
    EXPECT_EQ(run.outcomes.back(), journal::Outcome::served);
}

// A handshake that is under way when its listener's process ends belongs to nobody.
TEST(Ftp, StopAtAnyTimeLeavesNoSession) {
    for (const auto mode : modes) {
        for (std::uint64_t t = 0; t <= 600; t += 4) {
            FtpRun run(ftp_cluster(mode, 1, t % 8 == 0), true);
            run.fetch(4000, {1000, 1000}, {run.scenario.servers[0].interface.address, Port{21}});
            ns3::Simulator::Schedule(ns3::MilliSeconds(t), &FtpServer::stop, run.servers[0].get());
            run.go();
            EXPECT_EQ(run.outcomes.size(), 1U) << int(mode) << " " << t << " ms";
            EXPECT_EQ(run.servers[0]->held(), 0U) << int(mode) << " " << t << " ms";
        }
    }
}

}  // namespace
}  // namespace lvslab::packet_world::testing
