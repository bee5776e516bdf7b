// SPDX-License-Identifier: GPL-2.0-only
// Floating addresses, dead machines and cut links as neighbours and clients meet them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>

#include "sim/packet/ethernet.hpp"
#include "sim/packet/neighbour.hpp"
#include "tests/packet/cluster_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
using std::chrono::milliseconds;

constexpr Machine lvs1{Machine::Kind::router, 0};
constexpr Machine lvs2{Machine::Kind::router, 1};
constexpr Machine web1{Machine::Kind::server, 0};
constexpr Machine the_gateway{Machine::Kind::gateway};

scenario::Scenario pair(NetworkType type = NetworkType::direct) {
    auto s = cluster(type, 1, 1);
    s.routers.push_back(router("lvs2", "192.168.26.8/24", "10.11.12.8/24"));
    return s;
}

/// Both routers have a director; a datagram is asked every half second from 1 s on.
struct PairRun : ClusterRun {
    explicit PairRun(std::uint64_t seed = 1, scenario::Scenario s = pair())
        : ClusterRun(std::move(s), 1'000, seed), second(network, 1, scenario, {}, recorder) {
        second.load(scenario.config);
    }

    void ask_until(double end) {
        for (double t = 1; t <= end; t += 0.5) {
            ask(0, Protocol::udp, vip, t);
            asked.push_back(t);
        }
    }
    void at(double t, std::function<void()> what) {
        ns3::Simulator::Schedule(ns3::Seconds(t), std::move(what));
    }
    /// At 2.2 s the first router dies and the second one has its addresses.
    void take_over() {
        at(2.2, [this] {
            network.crash(lvs1);
            for (const auto& f : network.topology().floating) {
                network.raise_address(1, f.address);
            }
        });
    }
    void announce(double t) {
        at(t, [this] { network.announce_address(1, vip.address); });
    }
    /// When the first question after 2.2 s was asked that was answered.
    std::optional<double> answered_again() const {
        for (std::size_t i = 0; i < asked.size(); ++i) {
            if (asked[i] > 2.2 && clients[i]->received_bytes > 0) {
                return asked[i];
            }
        }
        return std::nullopt;
    }

    Director second;
    std::vector<double> asked;
};

TEST(Takeover, WithoutAnAnnouncementStrandsClientsUntilTheGatewayDoubtsItsNeighbour) {
    std::vector<double> stranded;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        PairRun run(seed);
        run.ask_until(70);
        run.take_over();
        run.go(75);
        ASSERT_TRUE(run.answered_again());
        stranded.push_back(*run.answered_again());
        // Confirmed at 1 s, reachable for 15 to 45 s, then 5 s of delay and 3 s of probes.
        EXPECT_GE(stranded.back(), 1 + 15 + 8);
        EXPECT_LE(stranded.back(), 1 + 45 + 8 + 1.5);
    }
    EXPECT_NE(*std::ranges::min_element(stranded), *std::ranges::max_element(stranded));
}

TEST(Takeover, WithAnAnnouncementIsFollowedAtOnce) {
    PairRun run;
    run.ask_until(10);
    run.take_over();
    run.announce(2.3);
    run.go(12);
    EXPECT_EQ(run.answered_again(), 2.5);
    // The announcement is doubted, asked about by unicast, and confirmed.
    EXPECT_EQ(run.network.neighbour(the_gateway, vip.address)->state(Time{std::chrono::seconds(9)}),
              NeighbourState::reachable);
}

TEST(Takeover, ALostAnnouncementIsMadeGoodByTheNext) {
    PairRun run;
    run.ask_until(10);
    run.take_over();
    run.at(2.25, [&] { run.network.set_loss({lvs2, Side::public_net}, Way::out, 1); });
    run.announce(2.3);
    run.at(2.6, [&] { run.network.set_loss({lvs2, Side::public_net}, Way::out, {}); });
    run.announce(3.3);
    run.go(12);
    EXPECT_EQ(run.answered_again(), 3.5);
}

TEST(Takeover, OfNatsAddressIsFollowedByServersThatHearOfIt) {
    for (const bool announced : {false, true}) {
        PairRun run(1, pair(NetworkType::nat));
        run.ask_until(10);
        run.take_over();
        run.announce(2.3);
        if (announced) {
            run.at(2.3, [&] { run.network.announce_address(1, *run.scenario.config.nat_router); });
        }
        run.go(12);
        EXPECT_EQ(run.answered_again().has_value(), announced);
    }
}

TEST(GratuitousArp, IsTheFrameThatSendArpMakes) {
    const auto folder = std::filesystem::temp_directory_path() / "lvslab_gratuitous_arp";
    std::filesystem::create_directories(folder);
    {
        PairRun run;
        run.network.enable_pcap({"lvs2"}, folder.string());
        run.announce(1);
        run.go(2);
    }
    std::ifstream file(folder / "lvs2-public.pcap", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::filesystem::remove_all(folder);
    ASSERT_EQ(bytes.size(), 24U + 16U + 60U);
    const std::string mac = bytes.substr(46, 6);
    const std::string address{"\xC0\xA8\x1A\x0A"};
    const std::string arp = std::string("\xFF\xFF\xFF\xFF\xFF\xFF", 6) + mac +
                            std::string("\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02", 10) + mac +
                            address + mac + address + std::string(18, '\0');
    EXPECT_EQ(bytes.substr(40), arp);
}

TEST(Neighbours, ThatNobodyUsesCostNoEvents) {
    PairRun run;
    run.ask(0, Protocol::udp, vip, 1);
    run.go(100);
    const auto before = ns3::Simulator::GetEventCount();
    run.go(100'000);
    EXPECT_LE(ns3::Simulator::GetEventCount() - before, 2U);
}

TEST(Machine, ThatCrashedIsSilentAndComesBackWithoutFloatingAddresses) {
    PairRun run;
    run.ask_until(6);
    run.at(2.2, [&] { run.network.crash(lvs1); });
    run.at(4.2, [&] {
        run.network.restart(lvs1);
        EXPECT_FALSE(run.network.has_address(0, vip.address));
        run.network.raise_address(0, vip.address);
    });
    run.go(8);
    EXPECT_EQ(run.answered_again(), 4.5);
    EXPECT_EQ(run.network.state(lvs1), MachineState::up);
}

TEST(Machine, ThatHangsGoesOnWithWhatCameInMeanwhile) {
    PairRun run;
    run.ask_until(4);
    run.at(2.2, [&] { run.network.hang(lvs1); });
    run.at(3.2, [&] {
        EXPECT_EQ(run.served(1'000), 3U);
        run.network.resume(lvs1);
    });
    run.go(6);
    EXPECT_EQ(run.served(1'000), 7U) << "nothing was lost";
}

TEST(Machine, ThatHangsHasRoomForItsRingOnly) {
    PairRun run;
    run.ask(0, Protocol::udp, vip, 1);
    run.at(2, [&] { run.network.hang(lvs1); });
    for (unsigned i = 0; i < EthernetPort::ring_frames + 50; ++i) {
        run.ask(0, Protocol::udp, vip, 2.1 + 0.001 * i);
    }
    run.at(3, [&] { run.network.resume(lvs1); });
    run.go(5);
    EXPECT_EQ(run.served(1'000), 1 + EthernetPort::ring_frames);
}

TEST(Link, ThatIsCutOneWayStillCarriesTheOtherAndHasACarrier) {
    PairRun run;
    run.ask_until(5);
    run.at(2.2, [&] {
        run.network.cut({web1}, Way::out);
        EXPECT_TRUE(run.network.has_carrier(0, Side::public_net));
        run.network.cut({lvs2, Side::public_net}, Way::both);
        EXPECT_FALSE(run.network.has_carrier(1, Side::public_net));
        EXPECT_TRUE(run.network.has_carrier(1, Side::private_net));
    });
    run.at(4.2, [&] { run.network.heal({web1}, Way::both); });
    run.go(8);
    EXPECT_EQ(run.answered_again(), 4.5);
    for (const auto& link : run.network.link_traffic()) {
        EXPECT_EQ(link.offered, link.delivered + link.lost + link.cut + link.waiting);
        if (link.link == "web1/up") {
            EXPECT_EQ(link.cut, 4U);
        }
        if (link.link == "web1/down") {
            EXPECT_EQ(link.cut, 0U);
        }
    }
}

TEST(Link, TakesLongerWhileAFaultDelaysIt) {
    PairRun run;
    run.at(0.5, [&] {
        run.network.set_extra_delay({web1}, Way::both, milliseconds(200));
        const auto route = run.network.heartbeat_route(0, 1, Side::public_net);
        EXPECT_TRUE(route.open);
        EXPECT_EQ(route.delay, Duration{});
    });
    auto& client = run.ask(0, Protocol::udp, vip, 1);
    // Twice an address is asked for and told across that link, then the question and its answer.
    run.go(2.2);
    EXPECT_EQ(client.received_bytes, 0U);
    run.go(2.3);
    EXPECT_EQ(client.received_bytes, 1'000U);
}

TEST(HeartbeatPath, IsCutForHeartbeatsAlone) {
    PairRun run;
    unsigned heard = 0, other = 0;
    const auto listen = [&](std::uint16_t port, unsigned& count) {
        auto socket =
            ns3::Socket::CreateSocket(run.network.router(1), ns3::UdpSocketFactory::GetTypeId());
        socket->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), port));
        socket->SetRecvCallback(
            ns3::Callback<void, ns3::Ptr<ns3::Socket>>([&](ns3::Ptr<ns3::Socket> s) {
                while (s->Recv()) {
                    ++count;
                }
            }));
        return socket;
    };
    const auto listening = {listen(539, heard), listen(540, other)};
    auto sender =
        ns3::Socket::CreateSocket(run.network.router(0), ns3::UdpSocketFactory::GetTypeId());
    for (const double t : {1.0, 2.0, 3.0}) {
        run.at(t, [sender] {
            for (const std::uint16_t port : {std::uint16_t{539}, std::uint16_t{540}}) {
                sender->SendTo(ns3::Create<ns3::Packet>(4), 0,
                               ns3::InetSocketAddress("192.168.26.8", port));
            }
        });
    }
    run.at(1.5, [&] {
        run.network.cut_heartbeats(Side::public_net, Way::both);
        EXPECT_FALSE(run.network.heartbeat_route(0, 1, Side::public_net).open);
        EXPECT_TRUE(run.network.heartbeat_route(0, 1, Side::private_net).open);
    });
    run.at(2.5, [&] { run.network.heal_heartbeats({}, Way::both); });
    run.go(4);
    EXPECT_EQ(heard, 2U);
    EXPECT_EQ(other, 3U);
    EXPECT_EQ(listening.size(), 2U);
}

}  // namespace
}  // namespace lvslab::packet_world::testing
