// SPDX-License-Identifier: GPL-2.0-only
/// The model of a scenario file: what runs against which configuration, and what is compared.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/quantities.hpp"
#include "core/base/time.hpp"
#include "core/config/lvs_config.hpp"
#include "core/journal/expectation.hpp"
#include "core/scenario/acceptable.hpp"
#include "core/scenario/data_server.hpp"
#include "core/scenario/distribution.hpp"
#include "core/scenario/fault.hpp"
#include "core/scenario/host_files.hpp"
#include "core/scenario/link.hpp"
#include "core/scenario/mark_rule.hpp"

namespace lvslab::trace {
class Trace;
}

namespace lvslab::scenario {

/// How a run begins.
enum class Start : std::uint8_t {
    /// At 0 s the first router is active with its addresses up, every active server is in with its
    /// full weight, and the daemons run with phases drawn from the seed.
    settled,
    /// The daemons start at 0 s plus their phase, and nobody is active.
    cold,
};

/// An LVS router. Addresses come with the prefix length of their network.
struct Router {
    std::string name;
    Network public_interface;
    std::optional<Network> private_interface;  ///< NAT needs it; else servers are on the public one
    SourceLocation location;
    std::string config_path{};   ///< as written in the scenario
    config::LvsConfig config{};  ///< its own file's; Scenario::config if it names none
    HostFiles running{};         ///< what is in force when the run begins
    HostFiles at_boot{};         ///< what is in force after a restart
    Link public_link{}, private_link{};
    Duration packet_cost{};  ///< CPU time that a forwarded packet costs; 0 = none
};

enum class Discipline : std::uint8_t { fcfs, processor_sharing };

/// What a proxy cache keeps. A request to a destination address that the server has not served
/// among its last `objects` different ones is a miss and costs `miss` on top of `service`.
struct Cache {
    unsigned objects = 1;
    Distribution miss;  ///< seconds of work, drawn at the request's service_quantile
};

/// How a direct-routing or tunnel server takes packets for the virtual address (manual, 3.2).
enum class VipGuard : std::uint8_t {
    loopback,     ///< an alias that answers no ARP
    arptables,    ///< an alias on Ethernet; arptables_jf drops ARP for it and mangles its source
    redirect,     ///< no alias: iptables REDIRECT takes the packets
    unprotected,  ///< an alias on Ethernet that answers ARP: the ARP problem
    none,         ///< nothing: packets for the virtual address are dropped
};

/// What vsftpd.conf says about passive data connections (manual, 3.5.3.2).
struct FtpServer {
    Port pasv_min_port{32768}, pasv_max_port{60999};
    std::optional<Address> pasv_address;  ///< told to clients; unset = the server's own
};

/// A real server: a host with an application that is a queueing model.
struct Server {
    std::string name;
    Network interface;
    unsigned workers = 8;           ///< requests served at one time
    std::optional<unsigned> queue;  ///< waiting places; unset = unbounded
    Discipline discipline = Discipline::fcfs;
    Distribution service;        ///< seconds of work in a request
    double speed = 1;            ///< divides the work
    std::optional<Cache> cache;  ///< set: a proxy cache
    Link link;
    std::vector<Address> gateways;  ///< default routes in use; empty = what the topology says
    VipGuard vip = VipGuard::loopback;
    VipGuard vip_at_boot = VipGuard::loopback;  ///< after a restart
    Duration packet_cost{};                     ///< CPU time that a packet for the service costs
    bool ip_forward = false;
    /// What it answers to a check's `send`; unset = what the lvs.cf expects.
    std::optional<std::string> answer;
    Distribution check_service = Constant{0};  ///< seconds of work in a check
    std::optional<DataNeed> data;              ///< what a request asks of a data server
    FtpServer ftp;
    SourceLocation location;
};

/// Clients behind a link of their own each.
struct ClientGroup {
    std::string name;
    unsigned count = 1;
    Network network;  ///< client i has the address network + 2 + i (see client_address)
    Link link;
    SourceLocation location;
    /// The clients are the proxies of one farm: every connection, also of one session, leaves by
    /// another of them, drawn anew.
    bool proxies = false;
};

/// Open-loop arrivals of connections.
struct ConstantArrivals {
    double per_second;
};
struct PoissonArrivals {
    double per_second;
};
/// Poisson at `per_second` while on; exponential on and off times.
struct OnOffArrivals {
    double per_second;
    Duration mean_on, mean_off;
};
/// Exactly these times after the workload's start.
struct ListedArrivals {
    std::vector<Duration> at;
};
/// The connections of a trace (core/trace/trace.hpp), counted from the workload's start: times,
/// clients, sizes and pauses are its own, and so are the service demands that it tells. Copies of a
/// scenario share it.
struct TracedArrivals {
    std::shared_ptr<const trace::Trace> trace;  ///< finished, with a connection at least
};
using Arrivals =
    std::variant<ConstantArrivals, PoissonArrivals, OnOffArrivals, ListedArrivals, TracedArrivals>;

/// Many destination addresses, as a transparent proxy cache sees them: the hosts of a network
/// (its first and last address left out), the k-th of them chosen in proportion to 1 / k^zipf.
/// They reach the router by a firewall mark (Scenario::marks) and a fwmark service; the gateway
/// routes the network to the router.
struct DestinationRange {
    Network network;
    Port port;
    double zipf = 0;  ///< 0 = all alike
};

/// FTP: a connection is a control connection that fetches, or stores, one file after the other.
struct FtpTransfers {
    enum class Mode : std::uint8_t {
        active,            ///< PORT: the server connects to the client
        passive,           ///< PASV
        extended_passive,  ///< EPSV
        extended_active,   ///< EPRT: as PORT
    };
    static bool server_connects(Mode mode) {
        return mode == Mode::active || mode == Mode::extended_active;
    }

    Mode mode = Mode::passive;
    bool upload = false;                          ///< STOR in place of RETR
    Distribution file = Constant{1024.0 * 1024};  ///< bytes of a file
    unsigned transfers = 1;                       ///< files on one control connection
};

/// Sessions of a shop that keeps carts in its servers: each request has a TCP connection of its
/// own. A session is broken if a request meets another server than its first one.
struct ShopSessions {
    unsigned requests = 2;
    Distribution think = Constant{1};  ///< seconds from a request's arrival to the next one's
    std::vector<Port> ports;           ///< taken in turn; at least one
};

/// Connections from a client group to a virtual service.
struct Workload {
    enum class Kind : std::uint8_t { requests, ftp, sessions };

    std::string name;
    Kind kind = Kind::requests;
    FtpTransfers ftp;       ///< of Kind::ftp
    ShopSessions sessions;  ///< of Kind::sessions: what arrives are sessions
    unsigned from = 0;      ///< index into Scenario::clients
    Protocol protocol = Protocol::tcp;
    Endpoint to;  ///< with `destinations`: the first of them
    std::optional<DestinationRange> destinations;
    Arrivals arrivals = PoissonArrivals{1};
    Duration start{};       ///< when arrivals begin
    Duration length{};      ///< how long they go on ("for")
    Distribution request;   ///< bytes of a request
    Distribution response;  ///< bytes of a response
    unsigned requests = 1;  ///< keep-alive: requests on one connection, one after the other
    Distribution think;     ///< seconds between a response and the next request
    Duration timeout = std::chrono::seconds(30);  ///< the client gives a connection up after it
    SourceLocation location;
    SourceLocation request_location, response_location;  ///< the workload's if the file gives none
};

/// A real server leaves its virtual services, or joins them again, on the administrator's word.
struct MembershipChange {
    enum class Kind : std::uint8_t {
        leave,    ///< destination removed
        quiesce,  ///< weight 0
        join,     ///< put (back) with the lvs.cf's weight
    };
    Time at;
    Kind kind = Kind::leave;
    unsigned server = 0;  ///< index into Scenario::servers
    SourceLocation location;
};

/// A program of the lvs.cf's `send_program`: what it would do, for want of the program itself.
struct Program {
    std::string path;          ///< the command's first word
    unsigned round_trips = 1;  ///< with the server, each a small request and its answer
    std::string output;        ///< what it prints if the server answers
    int exit_status = 0;
    Duration duration{};  ///< besides its round trips
    SourceLocation location;
};

/// Replicas of the content on the real servers' own disks, brought up to date by rsync (manual,
/// 1.1.1). A server's replica is stale from a publication until its next rsync.
struct Content {
    Distribution publish = Constant{60};       ///< seconds from a publication to the next
    Duration rsync = std::chrono::minutes(5);  ///< period on each server, with a phase of its own
};

/// What `lvslab compare` runs.
struct Comparison {
    std::vector<std::string> schedulers;  ///< empty = the lvs.cf's own only
    unsigned seeds = 1;                   ///< repetitions, with seeds seed, seed+1, ...
};

/// What a run keeps.
struct Outputs {
    enum class Journal : std::uint8_t { none, decisions, all };
    Journal journal = Journal::decisions;
    Duration sample = std::chrono::milliseconds(500);  ///< period of the load samples
    std::vector<std::string> pcap;  ///< nodes whose links are captured; "all" = every one
};

/// A whole scenario, its configuration read and resolved.
struct Scenario {
    std::string name;
    std::string about;
    std::string config_path;   ///< as written in the scenario
    config::LvsConfig config;  ///< the first router's
    std::vector<Router> routers;
    std::vector<Server> servers;
    std::vector<DataServer> data;
    std::vector<ClientGroup> clients;
    /// Routes between the clients' networks and the routers' public one: an address of the latter
    /// (the last host address, 192.168.26.254 in the manual, if the scenario does not say).
    Address gateway;
    /// The second node of a redundant gateway (manual, appendix A's firewalls). It takes the
    /// gateway's addresses over, in every network, when the first one dies. Its own address is in
    /// the public network.
    std::optional<Standby> gateway_standby;
    std::vector<MarkRule> marks;  ///< those that the first router has when the run begins
    std::vector<Workload> workloads;
    std::vector<Program> programs;
    std::optional<Content> content;
    Start start = Start::settled;
    bool daemons = true;        ///< off: no heartbeats and no checks, the first router forwards
    std::vector<Fault> faults;  ///< in the file's order
    std::vector<journal::Expectation> expectations;
    std::set<Acceptable> accepted;  ///< what would be an error if it were not on purpose
    std::vector<MembershipChange> changes;
    Comparison compare;
    Outputs outputs;
    std::uint64_t seed = 1;
    Duration drain = std::chrono::seconds(30);  ///< after the last arrival, for what is under way
    SourceLocation location;

    /// When the last workload's arrivals end.
    Time last_arrival() const;
    /// When the run ends: `drain` after the last workload's arrivals or after the beginning of the
    /// last fault that has a time of its own, whichever is later.
    Time end() const;
    /// The active virtual service that a packet from a client to `to` reaches, looked up as IPVS
    /// does: by mark, then by protocol, address and port, then by port 0. Null if there is none.
    const config::VirtualServer* service_for(Protocol p, const Address& from,
                                             const Endpoint& to) const;
};

/// The same for the lvs.cf and the mark rules of one router.
const config::VirtualServer* service_of(const config::LvsConfig& config,
                                        const std::vector<MarkRule>& marks, Protocol p,
                                        const Address& from, const Endpoint& to);

/// Where the clients of a workload connect to: its `to`, or each port of its sessions there. Of
/// `destinations` the first.
std::vector<Endpoint> endpoints_of(const Workload& workload);

/// Address of client i (from 0) of a group: the i-th host address of its network, counted from the
/// network address + 2 (+ 1 is the gateway's).
Address client_address(const ClientGroup& group, unsigned i);

/// Address of the destination with this popularity rank (from 0): network address + 1 + rank.
Address destination_address(const DestinationRange& range, unsigned rank);

/// The network that an interface is in: its address with the host bits cleared.
Network network_of(const Network& interface);

/// The host address of a network at this place, from 0: network address + 1 + i.
Address host_address(const Network& network, std::uint64_t i);

/// Addresses of a network without its first and its last; at most 2^63.
std::uint64_t host_count(const Network& network);

}  // namespace lvslab::scenario
