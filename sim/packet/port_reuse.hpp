// SPDX-License-Identifier: GPL-2.0-only
/// What SO_REUSEADDR does for a server that starts again.
#pragma once

#include "core/base/quantities.hpp"
#include "sim/packet/ns3.hpp"
#include "sim/packet/tcp_door.hpp"

#include <ns3/object-vector.h>

namespace lvslab::packet_world {

/// Forgets this node's connections on a port on which nobody listens any more: those that wait for
/// a last acknowledgement, or that a crashed machine had. ns-3 lets nobody bind beside them
/// (Ipv4EndPointDemux::Allocate), Linux does. To be called before the sockets of a process are
/// bound, when none of them is open.
inline void free_port(const ns3::Ptr<ns3::Node>& node, Port port) {
    ns3::ObjectVectorValue sockets;
    node->GetObject<ns3::TcpL4Protocol>()->GetAttribute("SocketList", sockets);
    for (auto i = sockets.Begin(); i != sockets.End(); ++i) {
        const auto socket = ns3::DynamicCast<ns3::TcpSocketBase>(i->second);
        ns3::Address local, peer;
        if (!socket || socket->GetSockName(local) != 0 || socket->GetPeerName(peer) != 0 ||
            !ns3::InetSocketAddress::IsMatchingType(local) ||
            !ns3::InetSocketAddress::IsMatchingType(peer)) {
            continue;
        }
        const bool connected = ns3::InetSocketAddress::ConvertFrom(peer).GetPort() != 0;
        if (connected && ns3::InetSocketAddress::ConvertFrom(local).GetPort() == port.value()) {
            TcpDoor::drop(*socket);
        }
    }
}

}  // namespace lvslab::packet_world
