// SPDX-License-Identifier: GPL-2.0-only
/// The third tier in the flow world: data servers, alone or in pairs, and the real servers' side.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/active_passive.hpp"
#include "core/server/data_accesses.hpp"
#include "core/server/data_station.hpp"
#include "sim/flow/network.hpp"
#include "sim/flow/simulation.hpp"

namespace lvslab::flow_world {

class ServerHost;

/// An active/passive pair's roles and the alarm of its takeover.
class StandbyPair {
public:
    /// `begun` is called when a node becomes active, `ended` when the active one dies.
    StandbyPair(Simulation& simulation, unsigned nodes, Duration takeover,
                std::function<void(unsigned)> begun, std::function<void(unsigned)> ended);
    void died(unsigned node);
    void returned(unsigned node);
    std::optional<unsigned> active() const { return roles_.active(); }

private:
    void arm();

    Simulation& simulation_;
    server::ActivePassive roles_;
    std::function<void(unsigned)> begun_, ended_;
    ports::TimerId takeover_{};
};

/// A data server. Its nodes' stations are lost with their service, not its role alone.
class DataServerHost {
public:
    DataServerHost(Simulation& simulation, unsigned index, const scenario::Scenario& scenario,
                   journal::Sink& sink, std::uint64_t seed);

    /// The node that has the service address: it may be dead, or its service stopped.
    unsigned holder() const { return holder_; }
    bool serves() const { return nodes_[holder_].station.has_value(); }
    bool frozen() const { return nodes_[holder_].frozen_at.has_value(); }
    /// An access is there; `answered` is called when it has been worked off.
    void submit(std::function<void()> answered);

    void crash(unsigned node);
    void restart(unsigned node);
    void freeze(unsigned node);
    void thaw(unsigned node);
    void stop(unsigned node);
    void start(unsigned node);
    void slow_down(unsigned node, double factor);
    bool stopped(unsigned node) const { return nodes_[node].stopped; }

private:
    struct Node {
        RandomStream draws;
        std::optional<server::DataStation> station{};
        std::map<server::Station::Ticket, std::function<void()>> waiting{};
        double slowness = 1;
        bool stopped = false;
        std::optional<Time> frozen_at{};
        Duration frozen_for{};
        ports::TimerId event{};
    };
    void begun(unsigned node);
    void begin_service(unsigned node);
    void end_service(unsigned node);
    void tell(unsigned node, bool active);
    Time working_time(const Node& node) const;
    void serve(unsigned node);
    void arm(unsigned node);

    Simulation& simulation_;
    unsigned index_;
    const scenario::DataServer& server_;
    journal::Sink& sink_;
    std::vector<Node> nodes_;
    unsigned holder_ = 0;
    server::Station::Ticket next_ = 1;
    StandbyPair pair_;
};

/// What one real server asks of its data server: reads and writes one after the other, each a
/// question and its answer, behind a handshake where no connection is open (files: each request
/// has its own; database: they are kept).
class DataClient {
public:
    using Ticket = server::Station::Ticket;

    DataClient(Simulation& simulation, Network& network, std::uint32_t server,
               const scenario::Scenario& scenario, journal::Sink& sink, std::uint64_t seed,
               DataServerHost& data, ServerHost& host);

    void begin(Ticket request);
    /// The application has ended: nobody waits for answers.
    void end();

private:
    struct Request {
        server::DataAccesses accesses;
        Time asked_at{};
        std::uint64_t attempt = 0;  ///< which access; what belongs to an older one is late
    };
    void access(Ticket request);
    void ask(Ticket request, std::uint64_t attempt, Duration retry);
    void arrived(Ticket request, std::uint64_t attempt);
    void answer(Ticket request, std::uint64_t attempt, Duration retry);
    void ended(Ticket request, bool ok);
    bool current(Ticket request, std::uint64_t attempt) const;
    TravelTime way(bool there, std::uint64_t bytes) const;

    Simulation& simulation_;
    Network& network_;
    std::uint32_t server_;
    const scenario::DataNeed& need_;
    const scenario::DataServer& description_;
    journal::Sink& sink_;
    DataServerHost& data_;
    ServerHost& host_;
    RandomStream draws_;
    std::map<Ticket, Request> busy_;
    std::uint64_t attempts_ = 0;
    std::size_t idle_ = 0;  ///< open connections to a database
};

}  // namespace lvslab::flow_world
