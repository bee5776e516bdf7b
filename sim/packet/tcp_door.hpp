// SPDX-License-Identifier: GPL-2.0-only
/// What a real TCP socket lets its owner do and ns-3's public interface does not.
#pragma once

#include "sim/packet/ns3.hpp"

#include <ns3/ipv4-end-point.h>

namespace lvslab::packet_world {

/// Segments that a socket received, before the socket itself looks at them.
using SegmentCallback = ns3::Callback<void, ns3::Ptr<const ns3::Packet>, const ns3::TcpHeader&,
                                      ns3::Ptr<const ns3::TcpSocketBase>>;
/// An ICMP error: from whom, its TTL, type, code and info.
using IcmpCallback =
    ns3::Callback<void, ns3::Ipv4Address, std::uint8_t, std::uint8_t, std::uint8_t, std::uint32_t>;

/// Reaches protected members of ns3::TcpSocketBase; it has no objects of its own. Valid for every
/// socket that TcpSocketFactory makes.
class TcpDoor : public ns3::TcpSocketBase {
public:
    /// Sends a RST and forgets the connection at once, as close() does with SO_LINGER at zero.
    static void reset(ns3::Socket& socket) { (base(socket).*(&TcpDoor::SendRST))(); }

    /// Forgets the connection without a word, as close() does before the handshake has ended.
    static void drop(ns3::Socket& socket) { (base(socket).*(&TcpDoor::CloseAndNotify))(); }

    /// True between the peer's FIN and our own. ns-3 tells an application of a RST as it tells it
    /// of a FIN (TcpSocketBase::CloseAndNotify, NotifyNormalClose); this is the difference.
    static bool peer_finished(ns3::Socket& socket) {
        return (base(socket).*(&TcpDoor::m_state)).Get() == CLOSE_WAIT;
    }

    /// ns-3's socket ignores a RST that carries an ACK while it connects (ProcessSynSent), and one
    /// without the timestamp option later (DoForwardUp): who wants to know must look himself.
    static void watch_segments(ns3::Socket& socket, const SegmentCallback& callback) {
        (base(socket).*(&TcpDoor::m_rxTrace)).ConnectWithoutContext(callback);
    }
    static void unwatch_segments(ns3::Socket& socket, const SegmentCallback& callback) {
        (base(socket).*(&TcpDoor::m_rxTrace)).DisconnectWithoutContext(callback);
    }
    static void watch_icmp(ns3::Socket& socket, const IcmpCallback& callback) {
        base(socket).*(&TcpDoor::m_icmpCallback) = callback;
    }

    /// Acknowledges what has come once more. ns-3 passes over a SYN-ACK that comes again
    /// (ProcessEstablished), so that a server that speaks first would wait for ever for an ACK that
    /// was lost (RFC 9293, 3.10.7.4 has it answered).
    static void acknowledge_again(ns3::Socket& socket) {
        (base(socket).*(&TcpDoor::SendEmptyPacket))(ns3::TcpHeader::ACK);
    }

    /// Does so for a socket that connects, whenever a SYN-ACK comes again.
    static void acknowledge_each_syn(ns3::Socket& socket) {
        watch_segments(socket, ns3::MakeBoundCallback(&TcpDoor::at_connector, &base(socket)));
    }

    /// Takes a local endpoint for a connection to `peer` alone: others may have it too, to other
    /// peers, as SO_REUSEADDR allows in Linux. False if even that is taken. Connect() comes next.
    static bool bind_towards(ns3::Socket& socket, const ns3::InetSocketAddress& local,
                             const ns3::InetSocketAddress& peer) {
        auto& tcp = base(socket);
        auto*& endpoint = tcp.*(&TcpDoor::m_endPoint);
        endpoint = (tcp.*(&TcpDoor::m_tcp))
                       ->Allocate(socket.GetBoundNetDevice(), local.GetIpv4(), local.GetPort(),
                                  peer.GetIpv4(), peer.GetPort());
        return endpoint != nullptr && (tcp.*(&TcpDoor::SetupCallback))() == 0;
    }

    /// Lets a listening socket answer what belongs to no connection with a RST (RFC 793, page 65).
    /// ns-3 passes it over in silence (ProcessListen), and a client whose RST was lost would ask on
    /// and on.
    static void reset_strays(ns3::Socket& listening) {
        (base(listening).*(&TcpDoor::m_endPoint))
            ->SetRxCallback(ns3::MakeBoundCallback(&TcpDoor::at_listener, &base(listening)));
    }

private:
    static void at_connector(ns3::TcpSocketBase* socket, ns3::Ptr<const ns3::Packet>,
                             const ns3::TcpHeader& header, ns3::Ptr<const ns3::TcpSocketBase>) {
        if ((header.GetFlags() & ns3::TcpHeader::SYN) != 0 &&
            (socket->*(&TcpDoor::m_state)).Get() == ESTABLISHED) {
            acknowledge_again(*socket);
        }
    }

    static void at_listener(ns3::TcpSocketBase* socket, ns3::Ptr<ns3::Packet> packet,
                            ns3::Ipv4Header ip, std::uint16_t port,
                            ns3::Ptr<ns3::Ipv4Interface> interface) {
        ns3::TcpHeader stray;
        packet->PeekHeader(stray);
        const auto flags = stray.GetFlags();
        if ((flags & ns3::TcpHeader::ACK) == 0 || (flags & ns3::TcpHeader::RST) != 0) {
            (socket->*(&TcpDoor::ForwardUp))(packet, ip, port, interface);
            return;
        }
        ns3::TcpHeader reset;
        reset.SetFlags(ns3::TcpHeader::RST);
        reset.SetSequenceNumber(stray.GetAckNumber());
        reset.SetSourcePort(stray.GetDestinationPort());
        reset.SetDestinationPort(stray.GetSourcePort());
        (socket->*(&TcpDoor::m_tcp))
            ->SendPacket(ns3::Create<ns3::Packet>(), reset, ip.GetDestination(), ip.GetSource());
    }

    static ns3::TcpSocketBase& base(ns3::Socket& socket) {
        return static_cast<ns3::TcpSocketBase&>(socket);
    }
};

}  // namespace lvslab::packet_world
