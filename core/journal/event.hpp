// SPDX-License-Identifier: GPL-2.0-only
/// What can happen in a run. Worlds tell these events; reducers and sinks consume them.
/// An index names an entry of the RunStarted event's lists (servers, clients, services), so that an
/// event stays small.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/quantities.hpp"
#include "core/base/time.hpp"

namespace lvslab::journal {

/// The index of no server, no client, no service.
inline constexpr std::uint32_t no_index = 0xFFFFFFFFU;

/// How much of a run is kept: each level holds the ones before it.
enum class Level : std::uint8_t { none, decisions, all };

/// The first event of every journal: what ran, and the names behind the indices.
struct RunStarted {
    std::string scenario;
    std::string world;  ///< "packet", "flow", "kernel"
    std::string
        scheduler;  ///< the scheduler that all services run with; empty = as the lvs.cf says
    std::uint64_t seed = 0;
    std::vector<std::string> servers;
    std::vector<std::int32_t> weights;   ///< configured weight of each server (first service's)
    std::vector<std::uint32_t> workers;  ///< concurrency of each server
    std::vector<std::string> workloads;
    std::vector<std::string> services;  ///< virtual services, by their lvs.cf names
    std::vector<std::string> routers;
};
/// The last event: the run ended as planned.
struct RunEnded {};

/// A real server is put into a virtual service.
struct DestinationAdded {
    std::uint32_t router, service, server;
    std::int32_t weight;
};
/// A real server's weight is changed in a virtual service.
struct DestinationEdited {
    std::uint32_t router, service, server;
    std::int32_t weight;
};
/// A real server is taken out of a virtual service.
struct DestinationRemoved {
    std::uint32_t router, service, server;
};

/// The director met a connection's first packet.
struct Decision {
    std::uint32_t router, service;
    std::uint32_t server;  ///< no_index = no destination available
    std::uint8_t origin;   ///< ipvs::Origin: 2 scheduled, 3 persistence; 0 = refused
    Endpoint client, virtual_endpoint;
};

/// A client begins to connect.
struct ConnectionOpened {
    std::uint64_t connection;  ///< number in the plan
    std::uint32_t workload;
    Endpoint client, to;
};
/// A response has arrived whole at the client.
struct ResponseReceived {
    std::uint64_t connection;
    std::uint32_t request;  ///< 0 = the connection's first
    std::uint32_t workload, server;
    Duration response_time;  ///< from the start of the request (the first one's: of the connect)
    std::uint64_t bytes;
};

enum class Outcome : std::uint8_t {
    served,      ///< every response arrived
    refused,     ///< no server took it: broken before the first byte of a response
    reset,       ///< broken after that
    timed_out,   ///< not finished within the workload's timeout
    unfinished,  ///< the run ended first
};
/// A connection has come to its end, one way or another. Every opened connection has one.
struct ConnectionClosed {
    std::uint64_t connection;
    std::uint32_t workload, server;  ///< server: no_index if it never answered
    Outcome outcome;
    Duration duration;
};

/// A sample of a real server's application.
struct ServerLoad {
    std::uint32_t server;
    std::uint32_t busy;    ///< requests in service (processor sharing: at the most `workers` count)
    std::uint32_t queued;  ///< requests waiting
    Duration work_done;    ///< worker time spent since the run's start
    std::uint64_t refused;  ///< requests turned away by the full queue since the run's start
};
/// A sample of the director's table: one virtual service's view on one real server.
struct DestinationLoad {
    std::uint32_t router, service, server;
    std::int32_t weight;
    std::int64_t active, inactive;
};
/// A sample of one node's counters since the run's start.
struct NodeTraffic {
    std::string node;
    std::uint64_t received_packets, received_bytes, sent_packets, sent_bytes;
};

using Payload = std::variant<RunStarted, RunEnded, DestinationAdded, DestinationEdited,
                             DestinationRemoved, Decision, ConnectionOpened, ResponseReceived,
                             ConnectionClosed, ServerLoad, DestinationLoad, NodeTraffic>;

struct Event {
    Time time;
    Payload payload;
};

/// Whoever takes events as they happen: a journal writer, a reducer, both.
class Sink {
public:
    virtual ~Sink() = default;
    virtual void take(const Event& event) = 0;
};

}  // namespace lvslab::journal
