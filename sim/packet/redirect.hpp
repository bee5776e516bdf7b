// SPDX-License-Identifier: GPL-2.0-only
/// iptables -t nat PREROUTING ... -j REDIRECT on a real server: the manual's cure (3.2.2) without
/// an alias for the virtual address.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <tuple>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "sim/packet/ethernet.hpp"
#include "sim/packet/reassembly.hpp"
#include "sim/packet/routing_hook.hpp"

namespace lvslab::packet_world {

/// Gives packets for the virtual addresses the host's own address as destination, port untouched,
/// and their answers the virtual one as source. The application sees the host's address alone: two
/// virtual services with one port cannot be told apart.
class Redirect : public PacketFilter, public LeavingPackets {
public:
    /// Connections it remembers (nf_conntrack_max of a common host); then the oldest is forgotten.
    static constexpr std::size_t most_connections = 65'536;

    Redirect(ns3::Ptr<ns3::Ipv4L3Protocol> stack, const Address& own,
             std::vector<lvslab::Network> taken);

    bool take(const ArrivedPacket& arrived) override;
    ns3::Ptr<ns3::Packet> leave(const ns3::Ptr<ns3::Packet>& packet) override;

private:
    /// Protocol, client, the host's port.
    using Connection = std::tuple<Protocol, Endpoint, Port>;

    bool take_whole(const ArrivedPacket& arrived);
    void remember(const Connection& connection, const Endpoint& destination);

    ns3::Ptr<ns3::Ipv4L3Protocol> stack_;
    Address own_;
    std::vector<lvslab::Network> taken_;
    std::map<Connection, Endpoint> destinations_;
    std::deque<Connection> by_age_;
    Reassembler fragments_;
};

}  // namespace lvslab::packet_world
