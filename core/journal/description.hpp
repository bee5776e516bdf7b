// SPDX-License-Identifier: GPL-2.0-only
/// The one table of event kinds: name, level and fields of each, with unit and meaning. The file
/// format, the JSON lines, the CSV headers and the documentation all come from here.
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

#include "core/journal/description_failover.hpp"
#include "core/journal/description_segment.hpp"
#include "core/journal/event.hpp"
#include "core/journal/field.hpp"

namespace lvslab::journal {

inline constexpr std::array<std::string_view, 4> origin_words{"refused", "entry", "scheduled",
                                                              "persistence"};
inline constexpr std::array<std::string_view, 5> outcome_words{"served", "refused", "reset",
                                                               "timed_out", "unfinished"};

template <>
struct Description<RunStarted> {
    static constexpr std::string_view name = "run_started";
    static constexpr std::string_view meaning = "What ran, and the names behind all later indices.";
    static constexpr Level level = Level::none;
    static constexpr auto fields = std::tuple{
        Field{"scenario", "", "name of the scenario", &RunStarted::scenario},
        Field{"world", "", "world that ran it: packet, flow, kernel", &RunStarted::world},
        Field{"scheduler", "", "scheduler of every service; empty = as the lvs.cf says",
              &RunStarted::scheduler},
        Field{"seed", "", "seed of the run", &RunStarted::seed},
        Field{"servers", "", "names of the real servers", &RunStarted::servers},
        Field{"weights", "", "configured weight of each real server", &RunStarted::weights},
        Field{"workers", "requests", "requests each real server serves at one time",
              &RunStarted::workers},
        Field{"workloads", "", "names of the workloads", &RunStarted::workloads},
        Field{"services", "", "names of the virtual services", &RunStarted::services},
        Field{"routers", "", "names of the LVS routers", &RunStarted::routers},
        Field{"data_servers", "", "names of the data servers", &RunStarted::data_servers},
        Field{"keepalive", "s",
              "time between heartbeats of each router, by its lvs.cf; empty = no daemons run",
              &RunStarted::keepalive},
        Field{"deadtime", "s", "silence that means death to each router, by its lvs.cf",
              &RunStarted::deadtime}};
};

template <>
struct Description<RunEnded> {
    static constexpr std::string_view name = "run_ended";
    static constexpr std::string_view meaning = "The run ended as planned.";
    static constexpr Level level = Level::none;
    static constexpr auto fields = std::tuple{};
};

/// DestinationAdded and DestinationEdited carry the same fields.
template <class Event>
constexpr auto destination_fields =
    std::tuple{Field{"router", "", "LVS router", &Event::router, NameList::routers},
               Field{"service", "", "virtual service", &Event::service, NameList::services},
               Field{"server", "", "real server", &Event::server, NameList::servers},
               Field{"weight", "", "weight from now on", &Event::weight}};

template <>
struct Description<DestinationAdded> {
    static constexpr std::string_view name = "destination_added";
    static constexpr std::string_view meaning = "A real server is put into a virtual service.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = destination_fields<DestinationAdded>;
};

template <>
struct Description<DestinationEdited> {
    static constexpr std::string_view name = "destination_edited";
    static constexpr std::string_view meaning =
        "A real server's weight in a virtual service is changed.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = destination_fields<DestinationEdited>;
};

template <>
struct Description<DestinationRemoved> {
    static constexpr std::string_view name = "destination_removed";
    static constexpr std::string_view meaning = "A real server is taken out of a virtual service.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &DestinationRemoved::router, NameList::routers},
        Field{"service", "", "virtual service", &DestinationRemoved::service, NameList::services},
        Field{"server", "", "real server", &DestinationRemoved::server, NameList::servers}};
};

template <>
struct Description<Decision> {
    static constexpr std::string_view name = "decision";
    static constexpr std::string_view meaning =
        "The director met a connection's first packet and chose a real server, or none.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &Decision::router, NameList::routers},
        Field{"service", "", "virtual service", &Decision::service, NameList::services},
        Field{"server", "", "real server; null = no destination available", &Decision::server,
              NameList::servers},
        Field{"origin", "",
              "where the choice came from: scheduled, persistence (a template), refused, entry",
              &Decision::origin, NameList::plain, origin_words},
        Field{"client", "", "client's address and port", &Decision::client},
        Field{"virtual", "", "address and port that the client connects to",
              &Decision::virtual_endpoint}};
};

template <>
struct Description<ConnectionOpened> {
    static constexpr std::string_view name = "connection_opened";
    static constexpr std::string_view meaning = "A client begins to connect.";
    static constexpr Level level = Level::all;
    static constexpr auto fields = std::tuple{
        Field{"connection", "", "number of the connection in the plan",
              &ConnectionOpened::connection},
        Field{"workload", "", "workload", &ConnectionOpened::workload, NameList::workloads},
        Field{"client", "", "client's address and port", &ConnectionOpened::client},
        Field{"to", "", "address and port that it connects to", &ConnectionOpened::to}};
};

template <>
struct Description<ResponseReceived> {
    static constexpr std::string_view name = "response_received";
    static constexpr std::string_view meaning = "A response has arrived whole at the client.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"connection", "", "number of the connection in the plan",
              &ResponseReceived::connection},
        Field{"request", "", "number of the request in its connection, from 0",
              &ResponseReceived::request},
        Field{"workload", "", "workload", &ResponseReceived::workload, NameList::workloads},
        Field{"server", "", "real server that answered", &ResponseReceived::server,
              NameList::servers},
        Field{"response_time", "s",
              "from the start of the request (the first one's: of the connect) to the last byte",
              &ResponseReceived::response_time},
        Field{"bytes", "B", "size of the response", &ResponseReceived::bytes}};
};

template <>
struct Description<ConnectionClosed> {
    static constexpr std::string_view name = "connection_closed";
    static constexpr std::string_view meaning =
        "A connection has come to its end; every opened connection has one.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"connection", "", "number of the connection in the plan",
              &ConnectionClosed::connection},
        Field{"workload", "", "workload", &ConnectionClosed::workload, NameList::workloads},
        Field{"server", "", "real server; null = none ever answered", &ConnectionClosed::server,
              NameList::servers},
        Field{"outcome", "",
              "served (every response arrived), refused (broken before the first answer), reset "
              "(after), "
              "timed_out, unfinished (the run ended first)",
              &ConnectionClosed::outcome, NameList::plain, outcome_words},
        Field{"duration", "s", "from the connect to the end", &ConnectionClosed::duration}};
};

template <>
struct Description<ServerLoad> {
    static constexpr std::string_view name = "server_load";
    static constexpr std::string_view meaning = "Sample of a real server's application.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"server", "", "real server", &ServerLoad::server, NameList::servers},
        Field{"busy", "requests", "requests in service", &ServerLoad::busy},
        Field{"queued", "requests", "requests waiting", &ServerLoad::queued},
        Field{"work_done", "s", "worker time spent since the run's start", &ServerLoad::work_done},
        Field{"refused", "requests", "requests turned away by the full queue since the run's start",
              &ServerLoad::refused}};
};

template <>
struct Description<DestinationLoad> {
    static constexpr std::string_view name = "destination_load";
    static constexpr std::string_view meaning =
        "Sample of the director's table: one virtual service's view on one real server.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &DestinationLoad::router, NameList::routers},
        Field{"service", "", "virtual service", &DestinationLoad::service, NameList::services},
        Field{"server", "", "real server", &DestinationLoad::server, NameList::servers},
        Field{"weight", "", "weight now", &DestinationLoad::weight},
        Field{"active", "connections", "entries in an active state", &DestinationLoad::active},
        Field{"inactive", "connections", "all other entries", &DestinationLoad::inactive}};
};

template <>
struct Description<NodeTraffic> {
    static constexpr std::string_view name = "node_traffic";
    static constexpr std::string_view meaning =
        "Sample of one node's counters since the run's start.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"node", "", "name of the node", &NodeTraffic::node},
        Field{"received_packets", "packets", "packets received", &NodeTraffic::received_packets},
        Field{"received_bytes", "B", "bytes received", &NodeTraffic::received_bytes},
        Field{"sent_packets", "packets", "packets sent", &NodeTraffic::sent_packets},
        Field{"sent_bytes", "B", "bytes sent", &NodeTraffic::sent_bytes}};
};

/// Calls visit(field) for each field of the event kind, in order.
template <class Event, class Visit>
constexpr void for_each_field(Visit&& visit) {
    std::apply([&](const auto&... field) { (visit(field), ...); }, Description<Event>::fields);
}

/// Calls visit.template operator()<Event>() for each event kind, in the order of Payload.
template <class Visit>
constexpr void for_each_kind(Visit&& visit) {
    [&]<class... Kinds>(std::type_identity<std::variant<Kinds...>>) {
        (visit.template operator()<Kinds>(), ...);
    }(std::type_identity<Payload>{});
}

}  // namespace lvslab::journal
