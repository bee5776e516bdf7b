// SPDX-License-Identifier: GPL-2.0-only
/// Connections of real traffic: when each came, from whom, and how many bytes went which way.
///
/// A connection is a list of turns: bytes that the client sent, then bytes that the server answered
/// with, then the client's pause. It is the a-b-t model of traffic generators (Weigle et al.,
/// "Tmix: a tool for generating realistic TCP application workloads in ns-2", 2006).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"

namespace lvslab::trace {

/// A request and its response. A server that speaks first has a turn without request bytes; one
/// that never answers leaves a turn without response bytes.
struct Turn {
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    Duration think{};                 ///< from the last response's end to this request; first: zero
    std::optional<Duration> service;  ///< from the request's end to the response's first byte

    friend bool operator==(const Turn&, const Turn&) = default;
};

struct TracedConnection {
    Duration at{};  ///< of its first packet, since whatever the trace counts from
    Address client;
    std::vector<Turn> turns;

    friend bool operator==(const TracedConnection&, const TracedConnection&) = default;
};

/// A whole trace in memory, in order of time: some 60 bytes a connection of one turn.
class Trace {
public:
    /// Connections come in any order; each has a turn at least.
    void add(const TracedConnection& connection);
    /// Sorts by time (ties keep their order) and numbers the clients by their addresses, so that
    /// neighbours have neighbouring numbers. Call it once, behind the last add().
    void finish();

    std::size_t size() const { return entries_.size(); }
    std::size_t clients() const { return clients_.size(); }
    Duration at(std::size_t i) const { return entries_[i].at; }
    /// 0 to clients() - 1.
    std::uint32_t client(std::size_t i) const { return entries_[i].client; }
    std::span<const Turn> turns(std::size_t i) const {
        return std::span(turns_).subspan(entries_[i].first_turn, entries_[i].turns);
    }
    std::span<const Turn> all_turns() const { return turns_; }

private:
    struct Entry {
        Duration at;
        std::size_t first_turn;
        std::uint32_t turns;
        std::uint32_t client;  ///< a number by arrival until finish()
    };
    std::vector<Entry> entries_;
    std::vector<Turn> turns_;
    std::vector<Address> clients_;
};

/// The first line of a trace file.
inline constexpr std::string_view trace_file_mark = "lvslab-trace 1";

/// The line of a connection, with its newline: `TIME CLIENT TURN...`, a turn being
/// `[THINK+]REQUEST:RESPONSE[~SERVICE]`, sizes in bytes: `1.5s 10.0.0.7 400:12288~40ms 2s+380:900`.
std::string line_of(const TracedConnection& connection);

/// Reads a trace file; `file` is the name that messages carry. Lines in any order, `#` begins a
/// comment line. Up to 20 errors at once, each at its place; a trace without a connection is one.
Checked<Trace> read_trace(std::string_view text, const std::string& file);

}  // namespace lvslab::trace
