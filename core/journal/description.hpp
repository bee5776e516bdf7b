// SPDX-License-Identifier: GPL-2.0-only
/// The one table of event kinds: name, level and fields of each, with unit and meaning. The file
/// format, the JSON lines, the CSV headers and the documentation all come from here.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <tuple>

#include "core/journal/event.hpp"

namespace lvslab::journal {

/// Which list of RunStarted an index points into.
enum class Names : std::uint8_t { plain, routers, services, servers, workloads };

/// One field of an event.
template <class Owner, class Member>
struct Field {
    std::string_view name;
    std::string_view unit;  ///< empty = none
    std::string_view meaning;
    Member Owner::*member;
    Names names = Names::plain;                    ///< what an index points into
    std::span<const std::string_view> words = {};  ///< names of an enumeration's values
};
template <class Owner, class Member, class... Rest>
Field(std::string_view, std::string_view, std::string_view, Member Owner::*, Rest...)
    -> Field<Owner, Member>;

inline constexpr std::array<std::string_view, 4> origin_words{"refused", "entry", "scheduled",
                                                              "persistence"};
inline constexpr std::array<std::string_view, 5> outcome_words{"served", "refused", "reset",
                                                               "timed_out", "unfinished"};

/// What is known of an event kind. A kind's number in files is its place in Payload, plus 1: new
/// kinds go to the end of Payload. A new field of an old kind is a new version of the format.
template <class Event>
struct Description;

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
        Field{"routers", "", "names of the LVS routers", &RunStarted::routers}};
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
    std::tuple{Field{"router", "", "LVS router", &Event::router, Names::routers},
               Field{"service", "", "virtual service", &Event::service, Names::services},
               Field{"server", "", "real server", &Event::server, Names::servers},
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
        Field{"router", "", "LVS router", &DestinationRemoved::router, Names::routers},
        Field{"service", "", "virtual service", &DestinationRemoved::service, Names::services},
        Field{"server", "", "real server", &DestinationRemoved::server, Names::servers}};
};

template <>
struct Description<Decision> {
    static constexpr std::string_view name = "decision";
    static constexpr std::string_view meaning =
        "The director met a connection's first packet and chose a real server, or none.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &Decision::router, Names::routers},
        Field{"service", "", "virtual service", &Decision::service, Names::services},
        Field{"server", "", "real server; null = no destination available", &Decision::server,
              Names::servers},
        Field{"origin", "",
              "where the choice came from: scheduled, persistence (a template), refused, entry",
              &Decision::origin, Names::plain, origin_words},
        Field{"client", "", "client's address and port", &Decision::client},
        Field{"virtual", "", "address and port that the client connects to",
              &Decision::virtual_endpoint}};
};

template <>
struct Description<ConnectionOpened> {
    static constexpr std::string_view name = "connection_opened";
    static constexpr std::string_view meaning = "A client begins to connect.";
    static constexpr Level level = Level::all;
    static constexpr auto fields =
        std::tuple{Field{"connection", "", "number of the connection in the plan",
                         &ConnectionOpened::connection},
                   Field{"workload", "", "workload", &ConnectionOpened::workload, Names::workloads},
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
        Field{"workload", "", "workload", &ResponseReceived::workload, Names::workloads},
        Field{"server", "", "real server that answered", &ResponseReceived::server, Names::servers},
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
        Field{"workload", "", "workload", &ConnectionClosed::workload, Names::workloads},
        Field{"server", "", "real server; null = none ever answered", &ConnectionClosed::server,
              Names::servers},
        Field{"outcome", "",
              "served (every response arrived), refused (broken before the first answer), reset "
              "(after), "
              "timed_out, unfinished (the run ended first)",
              &ConnectionClosed::outcome, Names::plain, outcome_words},
        Field{"duration", "s", "from the connect to the end", &ConnectionClosed::duration}};
};

template <>
struct Description<ServerLoad> {
    static constexpr std::string_view name = "server_load";
    static constexpr std::string_view meaning = "Sample of a real server's application.";
    static constexpr Level level = Level::decisions;
    static constexpr auto fields = std::tuple{
        Field{"server", "", "real server", &ServerLoad::server, Names::servers},
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
        Field{"router", "", "LVS router", &DestinationLoad::router, Names::routers},
        Field{"service", "", "virtual service", &DestinationLoad::service, Names::services},
        Field{"server", "", "real server", &DestinationLoad::server, Names::servers},
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
