// SPDX-License-Identifier: GPL-2.0-only
/// IP-in-IP tunnels (RFC 2003): IPVS's forwarding method `tunnel`.
#pragma once

#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

inline constexpr std::uint8_t ip_in_ip_protocol = 4;

/// The outer packet around one that is to be forwarded: the inner time to live is taken down by
/// one, as any router does; the outer header takes it over with the type of service and DF
/// (ip_vs_tunnel_xmit).
struct Encapsulated {
    ns3::Ptr<ns3::Packet> packet;  ///< the inner packet, its header in front
    ns3::Ipv4Header header;        ///< the outer header
};
Encapsulated encapsulate(const ns3::Ptr<const ns3::Packet>& packet,
                         const ns3::Ipv4Header& inner_header, ns3::Ipv4Address from,
                         ns3::Ipv4Address to, std::uint16_t identification);

/// The tunnel's end on a real server (Linux's tunl0): takes the outer header off and gives the
/// packet to the host's stack again, as if it had come in on the same card.
class IpInIpReceiver : public ns3::IpL4Protocol {
public:
    explicit IpInIpReceiver(ns3::Ptr<ns3::Ipv4L3Protocol> ip) : ip_(std::move(ip)) {}

    int GetProtocolNumber() const override { return ip_in_ip_protocol; }
    RxStatus Receive(ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& outer,
                     ns3::Ptr<ns3::Ipv4Interface> interface) override;
    RxStatus Receive(ns3::Ptr<ns3::Packet> packet, const ns3::Ipv6Header& outer,
                     ns3::Ptr<ns3::Ipv6Interface> interface) override;
    void SetDownTarget(DownTargetCallback callback) override { down_ = callback; }
    void SetDownTarget6(DownTargetCallback6 callback) override { down6_ = callback; }
    DownTargetCallback GetDownTarget() const override { return down_; }
    DownTargetCallback6 GetDownTarget6() const override { return down6_; }

private:
    void DoDispose() override;

    ns3::Ptr<ns3::Ipv4L3Protocol> ip_;
    DownTargetCallback down_;
    DownTargetCallback6 down6_;
};

}  // namespace lvslab::packet_world
