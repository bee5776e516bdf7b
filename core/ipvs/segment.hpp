// SPDX-License-Identifier: GPL-2.0-only
/// What IPVS is asked and what it answers. Packets are parsed into segments; the flow world makes
/// them. There is no second way in.
#pragma once

#include <cstdint>

#include "core/base/quantities.hpp"
#include "core/ipvs/service.hpp"

namespace lvslab::ipvs {

/// The TCP flags that IPVS looks at, as a bit set with the header's own values.
enum class TcpFlags : std::uint8_t { none = 0, fin = 0x01, syn = 0x02, rst = 0x04, ack = 0x10 };
constexpr TcpFlags operator|(TcpFlags a, TcpFlags b) {
    return static_cast<TcpFlags>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool has(TcpFlags set, TcpFlags flag) {
    return (static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(flag)) != 0;
}

/// from_client: source = client, destination = virtual service.
/// from_server: source = real server, destination = client (NAT replies only: with direct routing
/// and tunnels the director never sees them).
enum class Direction : std::uint8_t { from_client, from_server };

/// The number of no entry of the connection table.
inline constexpr std::uint32_t no_entry = 0xFFFFFFFFU;

/// One packet, or `count` packets alike, as IPVS sees them.
struct Segment {
    Direction direction = Direction::from_client;
    Protocol protocol = Protocol::tcp;
    Endpoint source;
    Endpoint destination;
    TcpFlags flags = TcpFlags::none;
    Fwmark mark;
    std::uint32_t count = 1;
    /// Verdict::entry of an earlier segment of this connection, if the caller remembers it: a
    /// place to look first. It may be out of date; the answer is the same with any number here.
    std::uint32_t entry = no_entry;
};

enum class Action : std::uint8_t {
    pass,     ///< none of IPVS's business: the host's own stack handles it
    forward,  ///< to `server` by `method` (from_client), or back to the client (from_server)
    drop,     ///< silently
    reject,   ///< no destination available: ICMP port unreachable
    reset,    ///< a packet without an entry to a service's port: the host's stack resets it
};

/// Where a from_client segment's server came from.
enum class Origin : std::uint8_t {
    none,         ///< no server
    entry,        ///< an entry of the connection table
    scheduled,    ///< the scheduler's decision
    persistence,  ///< a new entry, by a persistence template
};

/// IPVS's answer to a segment.
struct Verdict {
    Action action = Action::pass;
    Origin origin = Origin::none;
    ForwardingMethod method = ForwardingMethod::nat;
    Endpoint server;                 ///< the real server (forward, either direction)
    Endpoint virtual_endpoint;       ///< what the client connects to: the source of NAT's replies
    bool ftp_control = false;        ///< the FTP helper wants the payload (Ipvs::ftp_payload)
    std::uint32_t entry = no_entry;  ///< of a from_client segment: its entry (Segment::entry)
};

}  // namespace lvslab::ipvs
