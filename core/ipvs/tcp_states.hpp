// SPDX-License-Identifier: GPL-2.0-only
/// How a packet moves a TCP connection's state, as IPVS follows it (ip_vs_proto_tcp.c).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/time.hpp"
#include "core/ipvs/segment.hpp"

namespace lvslab::ipvs {

/// States in the kernel's order (IP_VS_TCP_S_*).
enum class TcpState : std::uint8_t {
    none,
    established,
    syn_sent,
    syn_recv,
    fin_wait,
    time_wait,
    close,
    close_wait,
    last_ack,
    listen,
    synack,
};
inline constexpr std::size_t tcp_state_count = 11;

/// Whose packets the director sees: a client's, a server's, or a client's while no server's packet
/// was ever seen (direct routing and tunnels).
enum class TcpSide : std::uint8_t { input, output, input_only };

/// The kernel's name of a state, as /proc/net/ip_vs_conn prints it.
std::string_view to_string(TcpState state);

/// Counts as an active connection.
constexpr bool is_active(TcpState state) {
    return state == TcpState::established || state == TcpState::syn_sent ||
           state == TcpState::syn_recv || state == TcpState::synack;
}

/// The state after a packet with these flags: RST goes before SYN before FIN before ACK; a packet
/// with none of them closes. `secure` = the table of secure_tcp.
TcpState next_state(TcpState state, TcpSide side, TcpFlags flags, bool secure);

/// How long an entry stays in a state without packets, before `ipvsadm --set`.
Duration default_timeout(TcpState state);

}  // namespace lvslab::ipvs
