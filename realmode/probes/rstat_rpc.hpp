// SPDX-License-Identifier: GPL-2.0-only
/// Messages of ONC RPC over UDP that ask a host for its load: the port mapper's GETPORT and
/// rstatd's STATS. Both sides, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/quantities.hpp"

namespace lvslab::realmode::rpc {

using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;

inline constexpr std::uint32_t portmapper_program = 100000;  ///< RFC 1833
inline constexpr std::uint32_t portmapper_version = 2;
inline constexpr std::uint32_t getport_procedure = 3;
inline constexpr std::uint32_t rstat_program = 100001;  ///< rpcsvc/rstat.x
inline constexpr std::uint32_t stats_procedure = 1;

/// A call without credentials (RFC 5531, 9).
struct Call {
    std::uint32_t xid = 0;  ///< the answer has the same
    std::uint32_t program = 0;
    std::uint32_t version = 0;
    std::uint32_t procedure = 0;
    Bytes arguments;  ///< in XDR (RFC 4506)
    friend bool operator==(const Call&, const Call&) = default;
};

Bytes encode(const Call& call);
/// Nothing if the bytes are no call of RPC version 2. Credentials are passed over.
std::optional<Call> decode_call(ByteSpan datagram);

/// Accept_stat of RFC 5531, 9, and what is not accepted at all.
enum class Status : std::uint32_t {
    success = 0,
    program_unavailable = 1,
    program_mismatch = 2,  ///< the server has versions `lowest` to `highest` of it
    procedure_unavailable = 3,
    garbage_arguments = 4,
    system_error = 5,
    denied = 0xFFFFFFFF,
};

struct Reply {
    std::uint32_t xid = 0;
    Status status = Status::success;
    std::uint32_t lowest = 0, highest = 0;  ///< of program_mismatch
    Bytes results;                          ///< of success, in XDR
    friend bool operator==(const Reply&, const Reply&) = default;
};

/// The server's side. A denial is one for its RPC version.
Bytes encode(const Reply& reply);
/// Nothing if the bytes are no whole reply.
std::optional<Reply> decode_reply(ByteSpan datagram);

/// Asks where `version` of `program` listens for UDP (RFC 1833, 3: mapping).
Call getport(std::uint32_t xid, std::uint32_t program, std::uint32_t version);
/// The port in GETPORT's results; 0 = not registered. Nothing if it is no port.
std::optional<Port> read_port(ByteSpan results);
Bytes port_results(Port port);

/// Versions of rstatd that have a load, 2 to 4, in the order in which they are tried: all know 3,
/// and what 4 means differs between systems.
inline constexpr std::uint32_t rstat_versions[] = {3, 4, 2};

/// The one-minute load in STATS's results: avenrun[0] / 256 (rstat.x: statsswtch, statstime,
/// statsvar). Linux's rpc.rstatd appends a number of users; more than the structure is no error.
/// Nothing if they are shorter, or the load is negative.
std::optional<double> read_load(std::uint32_t version, ByteSpan results);
/// The server's side: all counters but the load are 0.
Bytes stats_results(std::uint32_t version, double one_minute);

}  // namespace lvslab::realmode::rpc
