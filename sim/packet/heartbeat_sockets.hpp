// SPDX-License-Identifier: GPL-2.0-only
/// A router's heartbeats as UDP datagrams in ns-3.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "core/config/lvs_config.hpp"
#include "core/ports/heartbeat_link.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// Bound to heartbeat_port on the router's public and private address; speaks to the partner that
/// the router's own lvs.cf names. Datagrams of others are dropped (pulse.c, run).
class HeartbeatSockets final : public ports::HeartbeatLink {
public:
    using Payload = std::vector<std::uint8_t>;
    using Heard = std::function<void(pulse::Path path, const Payload& payload)>;

    /// What a socket keeps for a daemon that does not read: net.core.rmem_default (212 992 bytes)
    /// holds about so many small datagrams; more are lost.
    static constexpr std::size_t most_waiting = 256;

    HeartbeatSockets(const ns3::Ptr<ns3::Node>& node, const scenario::Router& router,
                     const config::LvsConfig& config, Heard heard);
    ~HeartbeatSockets() override;
    HeartbeatSockets(const HeartbeatSockets&) = delete;
    HeartbeatSockets& operator=(const HeartbeatSockets&) = delete;

    void send(pulse::Path path, const pulse::WireWord& payload) override;

    /// The daemon does not read: what comes waits.
    void hold() { held_ = true; }
    /// It reads again: hands in what has waited, in order.
    void read();

private:
    struct End {
        Address own, partner;
        ns3::Ipv4EndPoint* endpoint = nullptr;  ///< the UDP protocol's
    };

    void bind(pulse::Path path, const Address& own, const Address& partner);
    void on_datagram(ns3::Ptr<ns3::Packet> packet, ns3::Ipv4Header header, std::uint16_t port,
                     ns3::Ptr<ns3::Ipv4Interface> interface);

    ns3::Ptr<ns3::UdpL4Protocol> udp_;
    Port port_;
    Heard heard_;
    std::vector<std::pair<pulse::Path, End>> ends_;
    std::deque<std::pair<pulse::Path, Payload>> waiting_;
    bool held_ = false;
};

}  // namespace lvslab::packet_world
