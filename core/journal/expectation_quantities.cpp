// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/expectation_quantities.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lvslab::journal {
namespace {

using Id = QuantityId;
constexpr unsigned workload = Subjects::workload, server = Subjects::server,
                   router = Subjects::router;
constexpr unsigned target = Subjects::server | Subjects::dead | Subjects::removed;

constexpr auto count = Unit::count;
constexpr auto total = Shape::total, series = Shape::series, gauge = Shape::gauge;

// id, name, other name, unit, shape, preposition, subjects, needs one, as share, in a window,
// meaning
constexpr std::array rows{
    QuantityRow{Id::takeover, "takeover", "", Unit::duration, series, "", 0, false, false, true,
                "from the loss of the active router (crash, hang, role given up; else the last "
                "fault of a router or the heartbeat) until another one is active"},
    QuantityRow{Id::takeovers, "takeovers", "", count, total, "", 0, false, false, true,
                "times that a router became active after another one"},
    QuantityRow{Id::role_changes, "role changes", "", count, total, "of", router, false, false,
                true, "times that a router became active or inactive, the start not counted"},
    QuantityRow{Id::active_routers, "active routers", "", count, gauge, "", 0, false, false, true,
                "routers in the active role whose machine runs"},
    QuantityRow{Id::owners, "owners", "", count, gauge, "of", Subjects::address, true, false, true,
                "running routers that have this floating address"},
    QuantityRow{Id::outage, "outage", "", Unit::duration, total, "of", workload, false, false, true,
                "longest time in which clients of one workload waited and no response arrived; "
                "what clients see"},
    QuantityRow{Id::response_time, "response time", "response times", Unit::duration, series, "of",
                workload | server, false, false, true,
                "from the start of a request (the first one's: of the connect) to the last byte"},
    QuantityRow{Id::responses, "responses", "", count, total, "of", workload | server, false, false,
                true, "responses that arrived whole"},
    QuantityRow{Id::ended, "ended connections", "", count, total, "of", workload, false, false,
                true, "connections that came to an end, one way or another"},
    QuantityRow{Id::served, "served", "served share", count, total, "of", workload, false, true,
                true, "connections whose every response arrived; % of those that ended"},
    QuantityRow{Id::refused, "refused", "", count, total, "of", workload, false, true, true,
                "connections broken before the first byte of a response; % of those that ended"},
    QuantityRow{Id::reset, "reset", "", count, total, "of", workload, false, true, true,
                "connections broken after that; % of those that ended"},
    QuantityRow{Id::timed_out, "timed out", "", count, total, "of", workload, false, true, true,
                "connections not finished within the workload's timeout; % of those that ended"},
    QuantityRow{Id::unfinished, "unfinished", "", count, total, "of", workload, false, true, true,
                "connections that the run's end met; % of those that ended"},
    QuantityRow{Id::failed, "failed", "", count, total, "of", workload, false, true, true,
                "refused, reset and timed out together; % of those that ended"},
    QuantityRow{Id::survived, "survived connections", "", count, total, "of", workload, false, true,
                true,
                "connections that were open when the active router was lost and were served after "
                "the takeover; % of those open then that ended after it, the run's end not "
                "counted"},
    QuantityRow{Id::connections, "connections", "new connections", count, total, "to", target,
                false, true, true,
                "connections that a director sent to a server; % of all that it sent"},
    QuantityRow{Id::scheduled, "scheduled connections", "", count, total, "to", target, false, true,
                true, "of these, the scheduler chose the server"},
    QuantityRow{Id::persistent, "persistent connections", "", count, total, "to", target, false,
                true, true, "of these, a persistence template chose the server"},
    QuantityRow{Id::unplaced, "connections without a server", "", count, total, "", 0, false, false,
                true, "connections that a director had no server for"},
    QuantityRow{Id::share, "share", "", Unit::share, total, "of", server, true, false, true,
                "part of the connections that directors sent that went to this server"},
    QuantityRow{Id::utilisation, "utilisation", "", Unit::share, total, "of", server, true, false,
                true, "worker time used over worker time there was, between the window's samples"},
    QuantityRow{Id::response_rate, "response rate", "", Unit::rate, total, "of", workload | server,
                false, false, true, "responses over the window's length"},
    QuantityRow{Id::throughput, "throughput", "", Unit::bit_rate, total, "of", workload | server,
                false, false, true, "bytes of responses over the window's length"},
    QuantityRow{Id::detection, "detection", "", Unit::duration, series, "of", server, false, false,
                true, "from the time that a server stops to serve until it is taken out"},
    QuantityRow{Id::reentry, "re-entry", "reentry", Unit::duration, series, "of", server, false,
                false, true, "from the time that a server serves again until it is put back"},
    QuantityRow{Id::removals, "removals", "", count, total, "of", server, false, false, true,
                "times that a server was taken out at the active router"},
    QuantityRow{Id::pool_size, "servers in the pool", "", count, gauge, "", 0, false, false, true,
                "servers with a weight above 0 in a service of the active router"},
    QuantityRow{Id::weight, "weight", "", count, gauge, "of", server, true, false, true,
                "weight at the active router, the largest of its services; 0 = not in"},
    QuantityRow{Id::checks, "checks", "", count, total, "of", server | router, false, false, true,
                "health checks that ended"},
    QuantityRow{Id::failed_checks, "failed checks", "", count, total, "of", server | router, false,
                true, true, "health checks that found the server down; % of all checks"},
    QuantityRow{Id::sessions, "sessions", "", count, total, "of", workload, false, false, true,
                "shop sessions that ended"},
    QuantityRow{Id::broken_sessions, "broken sessions", "", count, total, "of", workload, false,
                true, true,
                "shop sessions that met a server that does not know them; % of those that ended"},
    QuantityRow{Id::stale_responses, "stale responses", "", count, total, "of", workload | server,
                false, true, true, "responses of old data; % of the responses"},
    QuantityRow{Id::data_requests, "data requests", "", count, total, "of",
                server | Subjects::data_server, false, false, true,
                "requests of servers to data servers that ended"},
    QuantityRow{Id::failed_data_requests, "failed data requests", "data requests failed", count,
                total, "of", server | Subjects::data_server, false, true, true,
                "of these, those without an answer in time; % of all"},
    QuantityRow{Id::synced, "synced connections", "sync'd connections", count, total, "of", router,
                false, false, true, "connections in sync messages that a router received"},
    QuantityRow{Id::sync_refused, "refused synced connections", "", count, total, "of", router,
                false, false, true, "of these, those that it could not take"},
    QuantityRow{Id::sync_messages, "sync messages", "", count, total, "of", router, false, false,
                true, "datagrams of connection sync that a router sent"},
    QuantityRow{Id::heartbeats_sent, "heartbeats sent", "heartbeats", count, total, "of", router,
                false, false, true, "heartbeat words that a router sent, on both paths"},
    QuantityRow{Id::heartbeats_heard, "heartbeats heard", "", count, total, "of", router, false,
                false, true, "heartbeat words that a router received, on both paths"},
    QuantityRow{Id::announcements, "gratuitous ARPs", "announcements", count, total, "of", router,
                false, false, true, "announcements of floating addresses"},
    QuantityRow{Id::bytes_per_byte, "router bytes per response byte", "", Unit::ratio, total, "of",
                router, false, false, false,
                "bytes that the routers received, over bytes of the responses"},
    QuantityRow{Id::time_of, "time of", "", Unit::duration, series, "", 0, false, false, true,
                "the run's time at a moment: `time of takeover >= 33s`"},
    QuantityRow{Id::time_between, "time from", "", Unit::duration, series, "", 0, false, false,
                true,
                "from the latest of one moment to the next of another one: `time from crash of "
                "lvs1 to addresses are announced <= 12s`"},
};

std::string subject_text(const QuantityRow& row) {
    constexpr std::pair<unsigned, std::string_view> kinds[] = {
        {Subjects::workload, "WORKLOAD"},       {Subjects::server, "SERVER"},
        {Subjects::router, "ROUTER"},           {Subjects::data_server, "DATA SERVER"},
        {Subjects::address, "ADDRESS"},         {Subjects::dead, "dead servers"},
        {Subjects::removed, "removed servers"},
    };
    std::vector<std::string_view> names;
    for (const auto& [kind, name] : kinds) {
        if ((row.subjects & kind) != 0) {
            names.push_back(name);
        }
    }
    if (names.empty()) {
        return "";
    }
    const auto list = fmt::format("{} {}", row.preposition, fmt::join(names, ", "));
    return row.needs_subject ? list : "[" + list + "]";
}

std::string_view shape_name(Shape shape) {
    return shape == Shape::total ? "total" : shape == Shape::series ? "each" : "all the time";
}

}  // namespace

std::span<const QuantityRow> quantities() {
    return rows;
}

const QuantityRow& quantity(QuantityId id) {
    return *std::ranges::find(rows, id, &QuantityRow::id);
}

std::string_view unit_example(Unit unit) {
    switch (unit) {
        case Unit::count:
            return "a whole number";
        case Unit::duration:
            return "a time with its unit (6.2s, 400ms)";
        case Unit::share:
            return "a percentage (40%)";
        case Unit::rate:
            return "a rate (120/s)";
        case Unit::bit_rate:
            return "a bit rate (100Mbps)";
        case Unit::ratio:
            return "a number (1.5)";
    }
    return "";
}

std::string quantities_markdown() {
    std::string out = "| quantity | value | is | meaning |\n|---|---|---|---|\n";
    for (const auto& row : rows) {
        auto name = fmt::format("`{}`", row.name);
        if (!row.other_name.empty()) {
            name += fmt::format(" or `{}`", row.other_name);
        }
        if (const auto subject = subject_text(row); !subject.empty()) {
            name += " " + subject;
        }
        out +=
            fmt::format("| {} | {}{} | {} | {} |\n", name, unit_example(row.unit),
                        row.as_share ? " or a percentage" : "", shape_name(row.shape), row.meaning);
    }
    return out;
}

}  // namespace lvslab::journal
