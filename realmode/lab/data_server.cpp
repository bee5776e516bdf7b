// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/data_server.hpp"

namespace lvslab::lab {
namespace {

unsigned nodes_of(const scenario::DataServer& server) {
    return server.standby ? 2 : 1;
}

}  // namespace

DataServer::DataServer(boost::asio::io_context& loop, RunTimers& timers, LabNetwork& network,
                       unsigned index, const scenario::Scenario& scenario, journal::Sink& sink,
                       std::uint64_t seed)
    : timers_(timers),
      network_(network),
      sink_(sink),
      index_(index),
      pair_(timers, nodes_of(scenario.data[index]),
            scenario.data[index].standby ? scenario.data[index].standby->takeover : Duration{},
            actions()) {
    const auto& server = scenario.data[index];
    for (unsigned node = 0; node < nodes_of(server); ++node) {
        nodes_.push_back({std::make_unique<DataService>(
            loop, timers, network, world::Machine{world::Machine::Kind::data_server, index, node},
            server, seed)});
    }
    network_.raise_data_address(index_, 0);
    nodes_[0].service->start();
}

StandbyPair::Actions DataServer::actions() {
    return {.activate = [this](unsigned node) { activate(node); },
            // The address stays until the other node takes it: a service that was stopped refuses.
            .deactivate = [this](unsigned node, Time when) { tell(node, false, when); },
            .announce = [this](unsigned node) { network_.announce_data_address(index_, node); }};
}

void DataServer::activate(unsigned node) {
    for (unsigned other = 0; other < nodes_.size(); ++other) {
        if (other != node) {
            // One that hangs does not come back to its old connections: the cluster's manager stops
            // its service as it wakes.
            nodes_[other].service->crash();
            network_.lower_data_address(index_, other);
        }
    }
    network_.raise_data_address(index_, node);
    nodes_[node].service->start();
    tell(node, true, timers_.now());
}

void DataServer::tell(unsigned node, bool active, Time when) {
    if (nodes_.size() > 1) {
        sink_.take({when, journal::DataRole{index_, node, active}});
    }
}

void DataServer::crash(unsigned node, Time when) {
    nodes_[node].service->crash();
    pair_.died(node, when);
}

void DataServer::restart(unsigned node) {
    nodes_[node].stopped = false;
    pair_.returned(node);
}

void DataServer::freeze(unsigned node, Time when) {
    nodes_[node].service->freeze();
    pair_.died(node, when);
}

void DataServer::thaw(unsigned node) {
    nodes_[node].service->thaw();
    if (!nodes_[node].stopped) {
        pair_.returned(node);
    }
}

void DataServer::stop(unsigned node, Time when) {
    nodes_[node].stopped = true;
    nodes_[node].service->stop();
    pair_.died(node, when);
}

void DataServer::start(unsigned node) {
    nodes_[node].stopped = false;
    pair_.returned(node);
}

}  // namespace lvslab::lab
