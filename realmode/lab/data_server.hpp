// SPDX-License-Identifier: GPL-2.0-only
/// The third tier: a data server, alone or as an active/passive pair.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "realmode/lab/data_service.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/run_timers.hpp"
#include "realmode/lab/standby_pair.hpp"

namespace lvslab::lab {

/// Its nodes, what runs on them, and which of them has the service address, as the packet world
/// has it. Faults of one node meet it here, after the network has done its part; nodes are numbered
/// as Machine::node. Tells DataRole of a pair, the start excepted, where the first node is active.
class DataServer {
public:
    /// All of them must outlive it.
    DataServer(boost::asio::io_context& loop, RunTimers& timers, LabNetwork& network,
               unsigned index, const scenario::Scenario& scenario, journal::Sink& sink,
               std::uint64_t seed);

    /// At that time, as the faults below.
    void crash(unsigned node, Time when);
    void restart(unsigned node);
    /// The machine stands still, and goes on. One whose place was taken meanwhile wakes as standby.
    void freeze(unsigned node, Time when);
    void thaw(unsigned node);
    void stop(unsigned node, Time when);
    void start(unsigned node);
    void slow_down(unsigned node, double factor) { nodes_[node].service->slow_down(factor); }
    /// Whether the node's service has not been stopped (it need not be active).
    bool running(unsigned node) const { return !nodes_[node].stopped; }

private:
    struct Node {
        std::unique_ptr<DataService> service;
        bool stopped = false;
    };

    StandbyPair::Actions actions();
    void activate(unsigned node);
    void tell(unsigned node, bool active, Time when);

    RunTimers& timers_;
    LabNetwork& network_;
    journal::Sink& sink_;
    unsigned index_;
    std::vector<Node> nodes_;
    StandbyPair pair_;
};

}  // namespace lvslab::lab
