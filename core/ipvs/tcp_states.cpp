// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/tcp_states.hpp"

#include <array>

namespace lvslab::ipvs {
namespace {

using Row = std::array<TcpState, tcp_state_count>;
/// Rows: SYN, FIN, ACK, RST, none of them.
using Side = std::array<Row, 5>;
/// input, output, input only.
using Table = std::array<Side, 3>;

constexpr auto no = TcpState::none;
constexpr auto es = TcpState::established;
constexpr auto ss = TcpState::syn_sent;
constexpr auto sr = TcpState::syn_recv;
constexpr auto fw = TcpState::fin_wait;
constexpr auto tw = TcpState::time_wait;
constexpr auto cl = TcpState::close;
constexpr auto cw = TcpState::close_wait;
constexpr auto la = TcpState::last_ack;
constexpr auto li = TcpState::listen;
constexpr auto sa = TcpState::synack;

constexpr std::size_t syn = 0;
constexpr std::size_t fin = 1;
constexpr std::size_t ack = 2;
constexpr std::size_t rst = 3;
constexpr std::size_t none = 4;

constexpr std::size_t flag_sets = 32;

/// A packet's row by its flags, in the order in which they are looked at.
constexpr std::size_t row_of(TcpFlags flags) {
    return has(flags, TcpFlags::rst)   ? rst
           : has(flags, TcpFlags::syn) ? syn
           : has(flags, TcpFlags::fin) ? fin
           : has(flags, TcpFlags::ack) ? ack
                                       : none;
}

constexpr Row unchanged = {no, es, ss, sr, fw, tw, cl, cw, la, li, sa};

/// A row by what differs from "keeps its state".
constexpr Row keep_but(std::initializer_list<std::pair<TcpState, TcpState>> changes) {
    Row row = unchanged;
    for (const auto& [from, to] : changes) {
        row[static_cast<std::size_t>(from)] = to;
    }
    return row;
}

/// A row where all go to `to`, but for the exceptions.
constexpr Row all_but(TcpState to, std::initializer_list<std::pair<TcpState, TcpState>> rest) {
    Row row{};
    row.fill(to);
    for (const auto& [from, other] : rest) {
        row[static_cast<std::size_t>(from)] = other;
    }
    return row;
}

constexpr Row closes = all_but(cl, {});

constexpr Side input = {
    all_but(sr, {{es, es}, {ss, es}}),
    keep_but({{no, cl}, {es, cw}, {sr, tw}, {fw, tw}, {sa, tw}}),
    keep_but({{no, es}, {sr, es}, {la, cl}, {sa, es}}),
    all_but(cl, {{sr, sr}, {la, la}, {li, li}, {sa, sr}}),
    closes,
};
constexpr Side output = {
    all_but(ss, {{es, es}, {sr, sr}, {li, li}, {sa, sr}}),
    keep_but({{no, tw}, {es, fw}, {sr, tw}, {cw, tw}, {sa, tw}}),
    keep_but({{no, es}, {sr, es}, {li, es}, {sa, es}}),
    all_but(cl, {{ss, ss}, {tw, tw}}),
    closes,
};
constexpr Side input_only = {
    input[syn], keep_but({{no, cl}, {es, fw}, {sr, tw}, {sa, tw}}),
    input[ack], all_but(cl, {{sr, sr}, {la, la}, {li, li}}),
    closes,
};
constexpr Table plain = {input, output, input_only};

constexpr Side secure_input = {
    all_but(sr, {{es, es}, {ss, es}, {sa, sa}}),
    keep_but({{no, cl}, {es, cw}, {sr, tw}, {fw, tw}}),
    keep_but({{no, es}, {la, cl}}),
    all_but(cl, {{sr, sr}, {la, la}, {li, li}}),
    closes,
};
constexpr Side secure_output = {
    all_but(ss, {{es, es}, {sr, sa}, {li, li}, {sa, sa}}),
    output[fin],
    output[ack],
    output[rst],
    closes,
};
constexpr Side secure_input_only = {
    all_but(sa, {{es, es}, {ss, es}, {sr, sr}}),
    input_only[fin],
    input_only[ack],
    input_only[rst],
    closes,
};
constexpr Table secured = {secure_input, secure_output, secure_input_only};

/// Both tables by what is known of a packet: secure or not, side, flags; a row's states in a power
/// of two, so that the way to them is shifts.
constexpr auto by_flags = [] {
    std::array<std::array<std::array<std::array<TcpState, 16>, flag_sets>, 3>, 2> all{};
    for (std::size_t side = 0; side < 3; ++side) {
        for (std::size_t flags = 0; flags < flag_sets; ++flags) {
            const auto row = row_of(static_cast<TcpFlags>(flags));
            for (std::size_t state = 0; state < tcp_state_count; ++state) {
                all[0][side][flags][state] = plain[side][row][state];
                all[1][side][flags][state] = secured[side][row][state];
            }
        }
    }
    return all;
}();

constexpr std::array<std::string_view, tcp_state_count> names = {
    "NONE",  "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT",
    "CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "SYNACK"};

constexpr std::array<int, tcp_state_count> seconds = {2,  900, 120, 60,  120, 120,
                                                      10, 60,  30,  120, 120};

}  // namespace

std::string_view to_string(TcpState state) {
    return names[static_cast<std::size_t>(state)];
}

TcpState next_state(TcpState state, TcpSide side, TcpFlags flags, bool secure) {
    const auto& states = by_flags[secure ? 1 : 0][static_cast<std::size_t>(side)]
                                 [static_cast<std::size_t>(flags) % flag_sets];
    return states[static_cast<std::size_t>(state)];
}

Duration default_timeout(TcpState state) {
    return std::chrono::seconds(seconds[static_cast<std::size_t>(state)]);
}

}  // namespace lvslab::ipvs
