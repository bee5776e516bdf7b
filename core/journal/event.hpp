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
    std::vector<std::string> data_servers;
    /// Of each router, by its own lvs.cf; empty = the routers run no daemons.
    std::vector<Duration> keepalive, deadtime;
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

/// What a machine is able to do.
enum class NodeState : std::uint8_t {
    up,                 ///< what every machine is until told otherwise
    crashed,            ///< dead and silent; its memory is lost
    hung,               ///< frozen, memory kept: nothing goes in or out
    service_stopped,    ///< the machine runs, its application (a router's: lvsd) does not
    daemons_suspended,  ///< a router's daemons are stopped (SIGSTOP); its kernel goes on forwarding
};
/// The state of a machine (router, real server, data server, gateway) is another one now.
struct NodeChanged {
    std::string node;
    NodeState state;
};
/// A fault of the scenario is put into effect.
struct FaultInjected {
    std::uint32_t fault;  ///< place in the scenario's list
    std::string what;     ///< "crash lvs1"
};

/// A router's pulse became active or inactive. A router that crashes tells nothing: whoever follows
/// the roles takes it as inactive and without addresses from NodeChanged on.
struct RoleChanged {
    std::uint32_t router;
    bool active;
    std::string reason;  ///< pulse's: "partner silent"
};
/// A heartbeat leaves a router.
struct HeartbeatSent {
    std::uint32_t router;
    std::uint8_t path;  ///< 0 public, 1 private
    bool running;       ///< the word: running, or stopped
};
/// A heartbeat of its partner has arrived at a router.
struct HeartbeatHeard {
    std::uint32_t router;
    std::uint8_t path;
    bool running;
};
/// Do words of router `from` reach router `to`? Told at the start and at each change.
struct HeartbeatPath {
    std::uint32_t from, to;
    std::uint8_t path;
    bool open;       ///< every word arrives; a path that loses some is not open
    Duration delay;  ///< that a word takes, at the most, but for queues
};
/// A router takes up, gives up or announces (gratuitous ARP) a floating address.
struct AddressRaised {
    std::uint32_t router;
    Address address;
};
struct AddressLowered {
    std::uint32_t router;
    Address address;
};
struct AddressAnnounced {
    std::uint32_t router;
    Address address;
    std::uint32_t nth;  ///< 1 to 5
};
/// A line of a router's log.
struct RouterNote {
    std::uint32_t router;
    std::string text;
};

/// A router adds a virtual service, or edits it.
struct ServiceSet {
    std::uint32_t router, service;
    std::string scheduler;
    Duration persistent;       ///< 0 = not persistent
    Address persistence_mask;  ///< clients that are one to persistence
};
struct ServiceRemoved {
    std::uint32_t router, service;
};
/// A router's check of a real server has come to its end.
struct CheckEnded {
    std::uint32_t router, service, server;
    bool up;  ///< it answered as expected
    Duration duration;
};
/// A router has learned a real server's load.
struct LoadMeasured {
    std::uint32_t router, service, server;
    double load;  ///< finite
};

/// One datagram of connection synchronisation leaves the master.
struct SyncSent {
    std::uint32_t router;
    std::uint32_t connections;
    std::uint32_t bytes;
};
/// One datagram of connection synchronisation is worked off by a backup.
struct SyncReceived {
    std::uint32_t router;
    std::uint32_t connections;
    std::uint32_t refused;  ///< of them, could not be taken
};

/// A sample of a director's packets since the run's start: `seen` is the sum of the rest.
struct DirectorTraffic {
    std::uint32_t router;
    std::uint64_t seen;
    std::uint64_t passed;     ///< none of IPVS's business
    std::uint64_t forwarded;  ///< to a real server
    std::uint64_t replies;    ///< of real servers, rewritten
    std::uint64_t dropped;
    std::uint64_t rejected;  ///< answered with ICMP port unreachable
    std::uint64_t reset;     ///< answered with RST
};
/// A sample of one direction of a link since the run's start: `offered` is the sum of the rest.
struct LinkTraffic {
    std::string link;  ///< "web1/up"
    std::uint64_t offered, delivered;
    std::uint64_t lost;  ///< by a full queue or by chance
    std::uint64_t cut;   ///< met a cut link or a machine without power
    std::uint64_t waiting;
};

/// A client's session of several connections is over.
struct SessionEnded {
    std::uint32_t workload;
    std::uint64_t session;
    std::uint32_t requests;
    bool broken;  ///< it met a server that does not know it
};
/// A response was older than what the data's owner has.
struct StaleResponse {
    std::uint64_t connection;
    std::uint32_t workload, server;
    Duration age;
};
/// A real server's request to a data server is over.
struct DataRequestEnded {
    std::uint32_t server, data;
    bool ok;
    Duration duration;
};
/// A node of a data server's pair became active or inactive.
struct DataRole {
    std::uint32_t data;
    std::uint32_t node;  ///< 0 the first, 1 the standby
    bool active;
};

/// What became of a segment, in the words of core/ipvs.
enum class Passage : std::uint8_t {
    passed,     ///< none of IPVS's business
    forwarded,  ///< to a real server, or back to the client
    dropped,
    rejected,  ///< answered with ICMP port unreachable
    reset,     ///< the host's stack answers with RST
    unseen,    ///< it went in, and nothing was seen to come out for it: a kernel does not say why
};
/// A router's IPVS has met a packet. Told only where a run is to be replayed.
struct SegmentSeen {
    std::uint32_t router;
    bool reply;             ///< a real server's, on its way to the client
    std::uint8_t protocol;  ///< IP protocol number
    std::uint8_t flags;     ///< of TCP: 1 FIN, 2 SYN, 4 RST, 16 ACK
    std::uint32_t mark;     ///< firewall mark; 0 = none
    Endpoint client, virtual_endpoint;
    Passage passage;
    Endpoint server;      ///< if it was forwarded: the real server
    std::uint8_t method;  ///< and how: ipvs::ForwardingMethod
};

/// A kernel's tick of this number began: its timer wheel goes by them. Told only where a run on a
/// kernel is to be replayed, once.
struct KernelTick {
    std::uint64_t jiffies;
};

using Payload =
    std::variant<RunStarted, RunEnded, DestinationAdded, DestinationEdited, DestinationRemoved,
                 Decision, ConnectionOpened, ResponseReceived, ConnectionClosed, ServerLoad,
                 DestinationLoad, NodeTraffic, NodeChanged, FaultInjected, RoleChanged,
                 HeartbeatSent, HeartbeatHeard, HeartbeatPath, AddressRaised, AddressLowered,
                 AddressAnnounced, RouterNote, ServiceSet, ServiceRemoved, CheckEnded, LoadMeasured,
                 SyncSent, SyncReceived, DirectorTraffic, LinkTraffic, SessionEnded, StaleResponse,
                 DataRequestEnded, DataRole, SegmentSeen, KernelTick>;

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
