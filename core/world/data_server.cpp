// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/data_server.hpp"

#include <utility>

namespace lvslab::world {

DataServer::DataServer(ports::Timers& timers, unsigned index, const scenario::DataServer& server,
                       journal::Sink& sink, std::vector<std::unique_ptr<DataNode>> nodes)
    : timers_(timers),
      sink_(sink),
      index_(index),
      nodes_(std::move(nodes)),
      stopped_(nodes_.size()),
      pair_(timers, static_cast<unsigned>(nodes_.size()),
            server.standby ? server.standby->takeover : Duration{}, actions()) {
    nodes_[0]->raise_address();
    nodes_[0]->start();
}

StandbyPair::Actions DataServer::actions() {
    return {.activate = [this](unsigned node) { activate(node); },
            // The address stays until the other node takes it: a service that was stopped refuses.
            .deactivate = [this](unsigned node, Time when) { tell(node, false, when); },
            .announce = [this](unsigned node) { nodes_[node]->announce_address(); }};
}

void DataServer::activate(unsigned node) {
    for (unsigned other = 0; other < nodes_.size(); ++other) {
        if (other != node) {
            // One that hangs does not come back to its old connections: the cluster's manager stops
            // its service as it wakes.
            nodes_[other]->crash();
            nodes_[other]->lower_address();
        }
    }
    nodes_[node]->raise_address();
    nodes_[node]->start();
    tell(node, true, timers_.now());
}

void DataServer::tell(unsigned node, bool active, Time when) {
    if (nodes_.size() > 1) {
        sink_.take({when, journal::DataRole{index_, node, active}});
    }
}

void DataServer::crash(unsigned node, Time when) {
    nodes_[node]->crash();
    pair_.died(node, when);
}

void DataServer::restart(unsigned node) {
    start(node);
}

void DataServer::freeze(unsigned node, Time when) {
    nodes_[node]->freeze();
    pair_.died(node, when);
}

void DataServer::thaw(unsigned node) {
    nodes_[node]->thaw();
    if (!stopped_[node]) {
        pair_.returned(node);
    }
}

void DataServer::stop(unsigned node, Time when) {
    stopped_[node] = true;
    nodes_[node]->stop();
    pair_.died(node, when);
}

void DataServer::start(unsigned node) {
    stopped_[node] = false;
    pair_.returned(node);
}

}  // namespace lvslab::world
