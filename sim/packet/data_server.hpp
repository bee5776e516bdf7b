// SPDX-License-Identifier: GPL-2.0-only
/// The third tier: a data server, alone or as an active/passive pair.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/standby_pair.hpp"

namespace lvslab::packet_world {

class DataService;

/// Its nodes, what runs on them, and which of them has the service address. Faults of one node meet
/// it here, after the network has done its part; nodes are numbered as Machine::node.
///
/// A standby serves nothing before it takes over. Both nodes have the same data (a shared disk, or
/// a replica that is up to date): none is lost.
class DataServer {
public:
    /// Network, scenario and sink must outlive it. Tells the sink DataRole of a pair, the start
    /// excepted, where the first node is active.
    DataServer(Network& network, unsigned index, const scenario::Scenario& scenario,
               journal::Sink& sink, std::uint64_t seed);
    ~DataServer();
    DataServer(const DataServer&) = delete;
    DataServer& operator=(const DataServer&) = delete;

    void crash(unsigned node);
    /// Boots; one that runs has crashed before.
    void restart(unsigned node);
    /// The machine stands still, and goes on. One whose place was taken meanwhile wakes as standby.
    void freeze(unsigned node);
    void thaw(unsigned node);
    /// Its service ends: connections are reset, its port refuses. The pair notices.
    void stop(unsigned node);
    void start(unsigned node);
    /// Work takes `factor` times as long; 1 = as the scenario says.
    void slow_down(unsigned node, double factor);
    /// Whether the node's service has not been stopped (it need not be active).
    bool running(unsigned node) const { return !nodes_[node].stopped; }

    /// Accesses answered by a node so far.
    std::uint64_t answered(unsigned node) const;
    std::uint64_t population(unsigned node) const;

private:
    struct Node {
        std::unique_ptr<DataService> service;
        bool stopped = false;
    };

    StandbyPair::Actions actions();
    void activate(unsigned node);
    void deactivate(unsigned node);
    void tell(unsigned node, bool active);

    Network& network_;
    journal::Sink& sink_;
    unsigned index_;
    std::vector<Node> nodes_;
    StandbyPair pair_;
};

}  // namespace lvslab::packet_world
