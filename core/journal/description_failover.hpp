// SPDX-License-Identifier: GPL-2.0-only
/// The part of the table of event kinds that tells of machines, routers, checks, connection
/// synchronisation, links, sessions and data servers.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include "core/journal/event.hpp"
#include "core/journal/field.hpp"

namespace lvslab::journal {

inline constexpr std::array<std::string_view, 5> node_state_words{
    "up", "crashed", "hung", "service_stopped", "daemons_suspended"};
inline constexpr std::array<std::string_view, 2> path_words{"public", "private"};

template <>
struct Description<NodeChanged> {
    static constexpr std::string_view name = "node_changed";
    static constexpr std::string_view meaning =
        "A machine is in another state from now on; each is up until told otherwise.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields =
        std::tuple{Field{"node", "", "name of the router, real server, data server or gateway",
                         &NodeChanged::node},
                   Field{"state", "",
                         "up; crashed (dead and silent); hung (frozen, memory kept); "
                         "service_stopped (its application ended, a router's: the router process); "
                         "daemons_suspended (a router's kernel goes on without its daemons)",
                         &NodeChanged::state, NameList::plain, node_state_words}};
};

template <>
struct Description<FaultInjected> {
    static constexpr std::string_view name = "fault_injected";
    static constexpr std::string_view meaning = "A fault of the scenario is put into effect.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"fault", "", "place in the scenario's list of faults, from 0", &FaultInjected::fault},
        Field{"what", "", "what is done to whom", &FaultInjected::what}};
};

template <>
struct Description<RoleChanged> {
    static constexpr std::string_view name = "role_changed";
    static constexpr std::string_view meaning =
        "A router became active or inactive; a crashed one has lost its role without a word.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields =
        std::tuple{Field{"router", "", "LVS router", &RoleChanged::router, NameList::routers},
                   Field{"active", "", "it is active from now on", &RoleChanged::active},
                   Field{"reason", "", "why, in the words of pulse", &RoleChanged::reason}};
};

template <>
struct Description<HeartbeatSent> {
    static constexpr std::string_view name = "heartbeat_sent";
    static constexpr std::string_view meaning = "A heartbeat leaves a router.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router that sends", &HeartbeatSent::router, NameList::routers},
        Field{"path", "", "network it takes: public, private", &HeartbeatSent::path,
              NameList::plain, path_words},
        Field{"running", "", "the word: true = running, false = stopped", &HeartbeatSent::running}};
};

template <>
struct Description<HeartbeatHeard> {
    static constexpr std::string_view name = "heartbeat_heard";
    static constexpr std::string_view meaning =
        "A heartbeat of its partner has arrived at a router.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router that hears", &HeartbeatHeard::router, NameList::routers},
        Field{"path", "", "network it took: public, private", &HeartbeatHeard::path,
              NameList::plain, path_words},
        Field{"running", "", "the word: true = running, false = stopped",
              &HeartbeatHeard::running}};
};

template <>
struct Description<HeartbeatPath> {
    static constexpr std::string_view name = "heartbeat_path";
    static constexpr std::string_view meaning =
        "Whether words of one router can reach another; told at the start and at each change.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"from", "", "LVS router that sends", &HeartbeatPath::from, NameList::routers},
        Field{"to", "", "LVS router that should hear", &HeartbeatPath::to, NameList::routers},
        Field{"path", "", "network: public, private", &HeartbeatPath::path, NameList::plain,
              path_words},
        Field{"open", "", "every word arrives; a path that loses some is not open",
              &HeartbeatPath::open},
        Field{"delay", "s", "time that a word takes, at the most, but for queues",
              &HeartbeatPath::delay}};
};

template <>
struct Description<AddressRaised> {
    static constexpr std::string_view name = "address_raised";
    static constexpr std::string_view meaning = "A router takes up a floating address.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields =
        std::tuple{Field{"router", "", "LVS router", &AddressRaised::router, NameList::routers},
                   Field{"address", "", "the address", &AddressRaised::address}};
};

template <>
struct Description<AddressLowered> {
    static constexpr std::string_view name = "address_lowered";
    static constexpr std::string_view meaning = "A router gives up a floating address.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields =
        std::tuple{Field{"router", "", "LVS router", &AddressLowered::router, NameList::routers},
                   Field{"address", "", "the address", &AddressLowered::address}};
};

template <>
struct Description<AddressAnnounced> {
    static constexpr std::string_view name = "address_announced";
    static constexpr std::string_view meaning =
        "A router sends a gratuitous ARP for a floating address.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields =
        std::tuple{Field{"router", "", "LVS router", &AddressAnnounced::router, NameList::routers},
                   Field{"address", "", "the address", &AddressAnnounced::address},
                   Field{"nth", "", "which of the five, from 1", &AddressAnnounced::nth}};
};

template <>
struct Description<RouterNote> {
    static constexpr std::string_view name = "router_note";
    static constexpr std::string_view meaning = "A line of a router's log.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields =
        std::tuple{Field{"router", "", "LVS router", &RouterNote::router, NameList::routers},
                   Field{"text", "", "the line", &RouterNote::text}};
};

template <>
struct Description<ServiceSet> {
    static constexpr std::string_view name = "service_set";
    static constexpr std::string_view meaning = "A router adds a virtual service or edits it.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &ServiceSet::router, NameList::routers},
        Field{"service", "", "virtual service", &ServiceSet::service, NameList::services},
        Field{"scheduler", "", "scheduler from now on", &ServiceSet::scheduler},
        Field{"persistent", "s", "time that a persistence template lives; 0 = not persistent",
              &ServiceSet::persistent},
        Field{"persistence_mask", "", "clients that differ only outside it are one to persistence",
              &ServiceSet::persistence_mask}};
};

template <>
struct Description<ServiceRemoved> {
    static constexpr std::string_view name = "service_removed";
    static constexpr std::string_view meaning = "A router takes a virtual service away.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &ServiceRemoved::router, NameList::routers},
        Field{"service", "", "virtual service", &ServiceRemoved::service, NameList::services}};
};

template <>
struct Description<CheckEnded> {
    static constexpr std::string_view name = "check_ended";
    static constexpr std::string_view meaning =
        "A router's check of a real server has come to its end.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &CheckEnded::router, NameList::routers},
        Field{"service", "", "virtual service", &CheckEnded::service, NameList::services},
        Field{"server", "", "real server", &CheckEnded::server, NameList::servers},
        Field{"up", "", "it answered as expected", &CheckEnded::up},
        Field{"duration", "s", "time that the check took", &CheckEnded::duration}};
};

template <>
struct Description<LoadMeasured> {
    static constexpr std::string_view name = "load_measured";
    static constexpr std::string_view meaning = "A router has learned a real server's load.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &LoadMeasured::router, NameList::routers},
        Field{"service", "", "virtual service", &LoadMeasured::service, NameList::services},
        Field{"server", "", "real server", &LoadMeasured::server, NameList::servers},
        Field{"load", "", "average number of processes that run or wait, over one minute",
              &LoadMeasured::load}};
};

template <>
struct Description<SyncSent> {
    static constexpr std::string_view name = "sync_sent";
    static constexpr std::string_view meaning =
        "One datagram of connection synchronisation leaves the master.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields =
        std::tuple{Field{"router", "", "LVS router", &SyncSent::router, NameList::routers},
                   Field{"connections", "connections", "connections in it", &SyncSent::connections},
                   Field{"bytes", "B", "its payload", &SyncSent::bytes}};
};

template <>
struct Description<SyncReceived> {
    static constexpr std::string_view name = "sync_received";
    static constexpr std::string_view meaning =
        "One datagram of connection synchronisation is worked off by the backup.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &SyncReceived::router, NameList::routers},
        Field{"connections", "connections", "connections in it", &SyncReceived::connections},
        Field{"refused", "connections", "of these, could not be taken", &SyncReceived::refused}};
};

template <>
struct Description<DirectorTraffic> {
    static constexpr std::string_view name = "director_traffic";
    static constexpr std::string_view meaning =
        "Sample of a director's packets since the run's start; seen is the sum of the rest.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &DirectorTraffic::router, NameList::routers},
        Field{"seen", "packets", "packets that IPVS looked at", &DirectorTraffic::seen},
        Field{"passed", "packets", "none of IPVS's business", &DirectorTraffic::passed},
        Field{"forwarded", "packets", "sent to a real server", &DirectorTraffic::forwarded},
        Field{"replies", "packets", "real servers' replies, rewritten", &DirectorTraffic::replies},
        Field{"dropped", "packets", "dropped", &DirectorTraffic::dropped},
        Field{"rejected", "packets", "answered with ICMP port unreachable",
              &DirectorTraffic::rejected},
        Field{"reset", "packets", "answered with RST", &DirectorTraffic::reset}};
};

template <>
struct Description<LinkTraffic> {
    static constexpr std::string_view name = "link_traffic";
    static constexpr std::string_view meaning =
        "Sample of one direction of a link since the run's start; offered is the sum of the rest.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"link", "", "name of the link and its direction", &LinkTraffic::link},
        Field{"offered", "packets", "packets given to it", &LinkTraffic::offered},
        Field{"delivered", "packets", "arrived", &LinkTraffic::delivered},
        Field{"lost", "packets", "lost in a full queue or by chance", &LinkTraffic::lost},
        Field{"cut", "packets", "met a cut link or a dead machine", &LinkTraffic::cut},
        Field{"waiting", "packets", "in the queue or on the way", &LinkTraffic::waiting}};
};

template <>
struct Description<SessionEnded> {
    static constexpr std::string_view name = "session_ended";
    static constexpr std::string_view meaning =
        "A client's session of several connections is over.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"workload", "", "workload", &SessionEnded::workload, NameList::workloads},
        Field{"session", "", "number of the session in the plan", &SessionEnded::session},
        Field{"requests", "requests", "requests it made", &SessionEnded::requests},
        Field{"broken", "", "it met a real server that does not know it", &SessionEnded::broken}};
};

template <>
struct Description<StaleResponse> {
    static constexpr std::string_view name = "stale_response";
    static constexpr std::string_view meaning =
        "A response was made from data that its owner has replaced.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"connection", "", "number of the connection in the plan", &StaleResponse::connection},
        Field{"workload", "", "workload", &StaleResponse::workload, NameList::workloads},
        Field{"server", "", "real server that answered", &StaleResponse::server, NameList::servers},
        Field{"age", "s", "how long ago the data was replaced", &StaleResponse::age}};
};

template <>
struct Description<DataRequestEnded> {
    static constexpr std::string_view name = "data_request_ended";
    static constexpr std::string_view meaning = "A real server's request to a data server is over.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"server", "", "real server that asked", &DataRequestEnded::server, NameList::servers},
        Field{"data", "", "data server", &DataRequestEnded::data, NameList::data_servers},
        Field{"ok", "", "it was answered", &DataRequestEnded::ok},
        Field{"duration", "s", "time that it took", &DataRequestEnded::duration}};
};

template <>
struct Description<DataRole> {
    static constexpr std::string_view name = "data_role";
    static constexpr std::string_view meaning =
        "A node of a data server's pair became active or inactive.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields =
        std::tuple{Field{"data", "", "data server", &DataRole::data, NameList::data_servers},
                   Field{"node", "", "0 = the first, 1 = the standby", &DataRole::node},
                   Field{"active", "", "it is active from now on", &DataRole::active}};
};

}  // namespace lvslab::journal
