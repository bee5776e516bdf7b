// SPDX-License-Identifier: GPL-2.0-only
/// The third tier: a data server, alone or as an active/passive pair.
#pragma once

#include <memory>
#include <vector>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"
#include "core/ports/timers.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/standby_pair.hpp"

namespace lvslab::world {

/// One node of a data server as a world has it: its service and its share of the network.
class DataNode {
public:
    virtual ~DataNode() = default;

    /// The service starts, with nothing of what was. No error if it runs.
    virtual void start() = 0;
    /// The service ends: its connections are reset, what waited is lost, its port refuses.
    virtual void stop() = 0;
    /// The machine dies: as stop(), but nobody hears of it.
    virtual void crash() = 0;
    /// The machine stands still: no work is done until thaw().
    virtual void freeze() = 0;
    virtual void thaw() = 0;
    /// Work takes `factor` times as long, also after a start; 1 = as the scenario says.
    virtual void slow_down(double factor) = 0;

    /// It has the service address, or has it no more.
    virtual void raise_address() = 0;
    virtual void lower_address() = 0;
    /// One gratuitous ARP for it.
    virtual void announce_address() = 0;
};

/// Its nodes, and which of them has the service address. Faults of one node meet it here, after the
/// network has done its part; nodes are numbered as Machine::node.
///
/// A standby serves nothing before it takes over. Both nodes have the same data (a shared disk, or
/// a replica that is up to date): none is lost.
class DataServer {
public:
    /// `nodes` is one, or two if the scenario's server has a standby; node 0 serves from now on.
    /// Timers and sink must outlive it. Tells the sink DataRole of a pair, the start excepted,
    /// where the first node is active.
    DataServer(ports::Timers& timers, unsigned index, const scenario::DataServer& server,
               journal::Sink& sink, std::vector<std::unique_ptr<DataNode>> nodes);

    /// At that time, as the faults below.
    void crash(unsigned node, Time when);
    /// Boots; one that runs has crashed before.
    void restart(unsigned node);
    /// The machine stands still, and goes on. One whose place was taken meanwhile wakes as standby.
    void freeze(unsigned node, Time when);
    void thaw(unsigned node);
    /// Its service ends. The pair notices.
    void stop(unsigned node, Time when);
    void start(unsigned node);
    /// Work takes `factor` times as long; 1 = as the scenario says.
    void slow_down(unsigned node, double factor) { nodes_[node]->slow_down(factor); }
    /// Whether the node's service has not been stopped (it need not be active).
    bool running(unsigned node) const { return !stopped_[node]; }

private:
    StandbyPair::Actions actions();
    void activate(unsigned node);
    void tell(unsigned node, bool active, Time when);

    ports::Timers& timers_;
    journal::Sink& sink_;
    unsigned index_;
    std::vector<std::unique_ptr<DataNode>> nodes_;
    std::vector<bool> stopped_;
    StandbyPair pair_;
};

}  // namespace lvslab::world
