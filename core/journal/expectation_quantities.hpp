// SPDX-License-Identifier: GPL-2.0-only
/// The one table of what an expectation may be about: name, unit, subjects and meaning of each
/// quantity. The reader of expectations, the documentation and the schema come from here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lvslab::journal {

/// How a quantity's values are written.
enum class Unit : std::uint8_t {
    count,     ///< 12
    duration,  ///< 6.2s; seconds inside
    share,     ///< 40%; 0.4 inside
    rate,      ///< 120/s
    bit_rate,  ///< 100Mbps; bits per second inside
    ratio,     ///< 1.5
};

/// What a run gives for a quantity.
enum class Shape : std::uint8_t {
    total,   ///< one number for the window
    series,  ///< a number each time that it happens: a bound holds for every one
    gauge,   ///< a number at each time: a bound holds all the time
};

/// What may stand behind `of` or `to`: a sum of these.
struct Subjects {
    enum : unsigned {
        none = 0,
        workload = 1,
        server = 2,
        router = 4,
        data_server = 8,
        address = 16,
        dead = 32,     ///< "dead servers": crashed, hung or stopped ones
        removed = 64,  ///< "removed servers": taken out at the director that sends
    };
};

enum class QuantityId : std::uint8_t {
    takeover,
    takeovers,
    role_changes,
    active_routers,
    owners,
    outage,
    response_time,
    responses,
    ended,
    served,
    refused,
    reset,
    timed_out,
    unfinished,
    failed,
    survived,
    connections,
    scheduled,
    persistent,
    unplaced,
    share,
    utilisation,
    response_rate,
    throughput,
    detection,
    reentry,
    removals,
    pool_size,
    weight,
    checks,
    failed_checks,
    sessions,
    broken_sessions,
    stale_responses,
    data_requests,
    failed_data_requests,
    synced,
    sync_refused,
    sync_messages,
    heartbeats_sent,
    heartbeats_heard,
    announcements,
    bytes_per_byte,
    time_of,
    time_between,
};

/// A row of the table.
struct QuantityRow {
    QuantityId id;
    std::string_view name;
    std::string_view other_name;  ///< empty = none
    Unit unit;
    Shape shape;
    std::string_view preposition;  ///< "of" or "to"
    unsigned subjects;             ///< of Subjects
    bool needs_subject;
    bool as_share;   ///< may be compared with a percentage, too: of the whole that `meaning` tells
    bool in_window;  ///< can be measured in a part of the run
    std::string_view meaning;
};

std::span<const QuantityRow> quantities();
const QuantityRow& quantity(QuantityId id);

/// "connections, or %", "duration", ...: what a value of it looks like.
std::string_view unit_example(Unit unit);

/// The table of docs/expectations.md.
std::string quantities_markdown();

}  // namespace lvslab::journal
