// SPDX-License-Identifier: GPL-2.0-only
/// The third tier in the flow world: data servers, alone or in pairs, and the real servers' side.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/data_accesses.hpp"
#include "core/server/station.hpp"
#include "core/world/data_server.hpp"
#include "sim/flow/network.hpp"
#include "sim/flow/simulation.hpp"

namespace lvslab::flow_world {

class ServerHost;

/// A data server: world::DataServer, and what reaches the node that has its address.
class DataServerHost {
public:
    DataServerHost(Simulation& simulation, unsigned index, const scenario::Scenario& scenario,
                   journal::Sink& sink, std::uint64_t seed);

    /// The node that has the service address: it may be dead, or its service stopped.
    unsigned holder() const { return holder_; }
    bool serves() const;
    /// An access is there; `answered` is called when it has been worked off.
    void submit(std::function<void()> answered);
    /// Faults meet it.
    world::DataServer& server() { return server_; }

private:
    class Node;
    std::vector<std::unique_ptr<world::DataNode>> nodes(Simulation& simulation,
                                                        const scenario::DataServer& server,
                                                        std::uint64_t seed);

    std::vector<Node*> nodes_;
    unsigned holder_ = 0;
    world::DataServer server_;
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
