// SPDX-License-Identifier: GPL-2.0-only
/// A network, its director, an answering application on every real server, and clients that ask.
#pragma once

#include "tests/packet/traffic.hpp"

namespace lvslab::packet_world::testing {

/// The virtual address and port of cluster().
inline const Endpoint vip{*Address::parse("192.168.26.10"), Port{80}};

struct ClusterRun {
    ClusterRun(scenario::Scenario s, std::uint32_t response_bytes, std::uint64_t seed = 1)
        : scenario(std::move(s)),
          network(scenario, {.seed = seed}),
          director(network, 0, scenario, {}, recorder) {
        director.load(scenario.config);
        for (unsigned i = 0; i < scenario.servers.size(); ++i) {
            servers.push_back(std::make_unique<AnsweringServer>(network, i, response_bytes));
        }
    }

    /// Client `client` asks `to` once, `at` seconds into the run.
    AskingClient& ask(unsigned client, Protocol protocol, const Endpoint& to, double at,
                      std::uint32_t request_bytes = 100) {
        clients.push_back(std::make_unique<AskingClient>(network.client(0, client), protocol, to,
                                                         ns3::Seconds(at), request_bytes));
        return *clients.back();
    }
    /// `count` questions of clients 0, 1, ..., one every `every` seconds.
    void ask_evenly(unsigned count, Protocol protocol, double every = 0.01) {
        const auto group = scenario.clients.front().count;
        for (unsigned i = 0; i < count; ++i) {
            ask(i % group, protocol, vip, every * i);
        }
    }
    void go(double seconds = 10) {
        ns3::Simulator::Stop(ns3::Seconds(seconds) - ns3::Simulator::Now());
        ns3::Simulator::Run();
    }

    unsigned served(std::uint64_t response_bytes) const {
        return static_cast<unsigned>(std::ranges::count_if(
            clients, [&](const auto& c) { return c->received_bytes == response_bytes; }));
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
    TrafficCounters traffic(const std::string& node) const {
        const auto& names = network.counted_nodes();
        const auto found = std::ranges::find(names, node);
        return network.traffic(static_cast<std::size_t>(found - names.begin()));
    }

    scenario::Scenario scenario;
    Recorder recorder;
    Network network;
    Director director;
    std::vector<std::unique_ptr<AnsweringServer>> servers;
    std::vector<std::unique_ptr<AskingClient>> clients;
};

}  // namespace lvslab::packet_world::testing
