// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <tuple>

#include "tests/packet/traffic.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;

struct ClusterRun {
    ClusterRun(const scenario::Scenario& s, std::uint32_t response_bytes)
        : scenario(s),
          network(scenario, {.seed = 1}),
          director(network, 0, scenario, {}, recorder) {
        for (unsigned i = 0; i < scenario.servers.size(); ++i) {
            servers.push_back(std::make_unique<AnsweringServer>(network, i, response_bytes));
        }
    }
    AskingClient& ask(unsigned client, Protocol protocol, const Endpoint& to, double at) {
        clients.push_back(std::make_unique<AskingClient>(network.client(0, client), protocol, to,
                                                         ns3::Seconds(at), 100));
        return *clients.back();
    }
    void go(double seconds = 10) {
        ns3::Simulator::Stop(ns3::Seconds(seconds));
        ns3::Simulator::Run();
    }
    std::vector<unsigned> decisions_per_server() const {
        std::vector<unsigned> count(scenario.servers.size());
        for (const auto& d : recorder.all<journal::Decision>()) {
            if (d.server != journal::no_index) {
                ++count[d.server];
            }
        }
        return count;
    }

    scenario::Scenario scenario;
    Recorder recorder;
    Network network;
    Director director;
    std::vector<std::unique_ptr<AnsweringServer>> servers;
    std::vector<std::unique_ptr<AskingClient>> clients;
};

const Endpoint vip{*Address::parse("192.168.26.10"), Port{80}};

class EveryForwardingMethod : public ::testing::TestWithParam<std::tuple<NetworkType, Protocol>> {};

TEST_P(EveryForwardingMethod, ServesEveryConnectionAndSpreadsThem) {
    const auto [type, protocol] = GetParam();
    const std::uint32_t response = protocol == Protocol::tcp ? 10'000 : 1'000;
    ClusterRun run(cluster(type, 4, 10), response);
    for (unsigned i = 0; i < 100; ++i) {
        run.ask(i % 10, protocol, vip, 0.01 * i);
    }
    run.go();
    for (const auto& client : run.clients) {
        EXPECT_EQ(client->received_bytes, response);
        EXPECT_FALSE(client->refused);
    }
    EXPECT_EQ(run.decisions_per_server(), (std::vector<unsigned>{25, 25, 25, 25}));
}

INSTANTIATE_TEST_SUITE_P(Network, EveryForwardingMethod,
                         ::testing::Combine(::testing::Values(NetworkType::nat, NetworkType::direct,
                                                              NetworkType::tunnel),
                                            ::testing::Values(Protocol::tcp, Protocol::udp)));

}  // namespace
}  // namespace lvslab::packet_world::testing
