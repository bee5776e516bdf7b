// SPDX-License-Identifier: GPL-2.0-only
/// The kernel's connection sync daemons of one router as multicast datagrams in ns-3.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/journal/event.hpp"
#include "core/pulse/actions.hpp"
#include "sim/packet/director.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// UDP to 224.0.0.81, port 8848 (ip_vs_sync.c, IP_VS_SYNC_GROUP and IP_VS_SYNC_PORT), on the
/// network of one of the router's interfaces. What a link loses is lost. Part of the kernel: it
/// goes on when the daemons are held up.
class SyncSockets {
public:
    /// Director and sink must outlive it.
    SyncSockets(const ns3::Ptr<ns3::Node>& node, std::uint32_t router, Director& director,
                journal::Sink& sink);
    ~SyncSockets();
    SyncSockets(const SyncSockets&) = delete;
    SyncSockets& operator=(const SyncSockets&) = delete;

    /// In this role alone, by the interface that has the address `own`.
    void start(pulse::SyncRole role, const Address& own, std::uint8_t id);
    void stop();

private:
    void send(const ipvs::SyncMessage& message);
    void on_datagram(ns3::Ptr<ns3::Packet> packet, ns3::Ipv4Header header, std::uint16_t port,
                     ns3::Ptr<ns3::Ipv4Interface> interface);

    ns3::Ptr<ns3::UdpL4Protocol> udp_;
    std::uint32_t router_;
    Director& director_;
    journal::Sink& sink_;
    Address own_;
    ns3::Ipv4EndPoint* endpoint_ = nullptr;  ///< the UDP protocol's
};

}  // namespace lvslab::packet_world
