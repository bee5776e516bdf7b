// SPDX-License-Identifier: GPL-2.0-only
/// Hand-made packets between clients and one server, as a capture would have them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/packet/tcp.hpp"
#include "core/trace/extractor.hpp"

namespace lvslab::trace::testing {

using Bytes = std::vector<std::uint8_t>;
using namespace std::chrono_literals;
namespace flag = packet::tcp_flag;

inline const Endpoint server{Address::v4(0xC0A81A0A), Port{80}};  // 192.168.26.10
inline const Endpoint client{Address::v4(0x0A000007), Port{40000}};

struct Segment {
    bool from_client = true;
    std::uint8_t flags = flag::ack;
    std::uint32_t sequence = 0, acknowledgement = 0;
    std::uint32_t length = 0;
    std::uint16_t window = 65535;
};

inline void put16(Bytes& bytes, std::size_t at, std::size_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value);
}
inline void put32(Bytes& bytes, std::size_t at, std::uint32_t value) {
    put16(bytes, at, value >> 16);
    put16(bytes, at + 2, value & 0xFFFFU);
}

/// An IPv4 header and `transport` bytes behind it, of which the lengths speak.
inline Bytes ip_packet(std::uint8_t protocol, const Endpoint& from, const Endpoint& to,
                       std::size_t transport) {
    Bytes bytes(20 + transport);
    bytes[0] = 0x45;
    put16(bytes, 2, bytes.size());
    bytes[8] = 64;
    bytes[9] = protocol;
    put32(bytes, 12, from.address.v4_host_order());
    put32(bytes, 16, to.address.v4_host_order());
    put16(bytes, 20, from.port.value());
    put16(bytes, 22, to.port.value());
    return bytes;
}

inline Bytes tcp_packet(const Segment& s, const Endpoint& from_client = client) {
    auto bytes = ip_packet(6, s.from_client ? from_client : server,
                           s.from_client ? server : from_client, 20 + s.length);
    put32(bytes, 24, s.sequence);
    put32(bytes, 28, s.acknowledgement);
    bytes[32] = 0x50;
    bytes[33] = s.flags;
    put16(bytes, 34, s.window);
    return bytes;
}

inline Bytes udp_packet(bool to_server, std::size_t length, const Endpoint& from_client = client) {
    auto bytes = ip_packet(17, to_server ? from_client : server, to_server ? server : from_client,
                           8 + length);
    put16(bytes, 24, 8 + length);
    return bytes;
}

/// One TCP connection between well-behaved hosts: `say` and `hear` what a story needs.
class Dialogue {
public:
    explicit Dialogue(std::uint32_t client_isn = 1000, std::uint32_t server_isn = 0xFFFFFF00)
        : next_{client_isn, server_isn} {}

    Segment syn() {
        Segment s{true, flag::syn, next_[0]++, 0, 0};
        return s;
    }
    Segment syn_ack() {
        Segment s{false, flag::syn | flag::ack, next_[1]++, next_[0], 0};
        return s;
    }
    Segment ack(bool from_client) const { return make(from_client, flag::ack, 0); }
    Segment data(bool from_client, std::uint32_t length) {
        const auto s = make(from_client, flag::ack | flag::psh, length);
        next_[from_client ? 0 : 1] += length;
        return s;
    }
    Segment fin(bool from_client) {
        const auto s = make(from_client, flag::fin | flag::ack, 0);
        ++next_[from_client ? 0 : 1];
        return s;
    }
    Segment reset(bool from_client) const { return make(from_client, flag::rst | flag::ack, 0); }

private:
    Segment make(bool from_client, std::uint8_t flags, std::uint32_t length) const {
        return {from_client, flags, next_[from_client ? 0 : 1], next_[from_client ? 1 : 0], length};
    }
    std::uint32_t next_[2];
};

/// An extractor and what it has handed out.
class Watched {
public:
    explicit Watched(ExtractorSettings settings = {.server = server})
        : extractor_(
              settings, [this](const TracedConnection& c) { connections.push_back(c); },
              [this](const OddNumber& number) { odd.push_back(number); }) {}

    void at(Duration now, const Bytes& packet, std::size_t snap = 65535) {
        extractor_.packet(now, std::span(packet).first(std::min(snap, packet.size())));
    }
    void at(Duration now, const Segment& segment, std::size_t snap = 65535) {
        at(now, tcp_packet(segment), snap);
    }
    void over() { extractor_.finish(); }
    const ExtractorCounts& counts() const { return extractor_.counts(); }
    std::size_t open() const { return extractor_.open(); }

    std::vector<TracedConnection> connections;
    std::vector<OddNumber> odd;

private:
    Extractor extractor_;
};

}  // namespace lvslab::trace::testing
