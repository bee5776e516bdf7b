// SPDX-License-Identifier: GPL-2.0-only
/// A place before a node's routing where every packet that comes in can be taken, as netfilter's
/// hooks are in Linux.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// A packet that has come in, and what can be done with it. Valid during the call only.
struct ArrivedPacket {
    using Routing = ns3::Ipv4RoutingProtocol;

    const ns3::Ptr<const ns3::Packet>& packet;  ///< without its IP header
    const ns3::Ipv4Header& header;
    const ns3::Ptr<const ns3::NetDevice>& device;
    const Routing::UnicastForwardCallback& forward;
    const Routing::LocalDeliverCallback& deliver;
    /// It is for an address of the host's own, or of a network that it takes as its own: Linux
    /// would take it through LOCAL_IN, where IPVS looks for virtual services; else through FORWARD.
    bool is_local = true;
};

/// Whoever wants to see packets.
class PacketFilter {
public:
    virtual ~PacketFilter() = default;
    /// True: taken. False: routed as if there were no filter.
    virtual bool take(const ArrivedPacket& arrived) = 0;
};

/// ns-3's list of routing protocols, with filters before it. ns-3 asks a node's routing protocol
/// about every incoming packet, those for the node itself included, and before anything else; so
/// this sees what LOCAL_IN and FORWARD see in Linux.
///
/// With forwarding off (net.ipv4.ip_forward=0) a packet that is not for the host is dropped before
/// any filter sees it, as Linux drops it before FORWARD. IPVS's requests do not need forwarding:
/// they are for the host (the virtual address), and what IPVS then sends starts anew at LOCAL_OUT.
/// NAT's replies do: their destination is the client, and IPVS meets them in FORWARD.
class RoutingHook : public ns3::Ipv4ListRouting {
public:
    /// Null = none. Not owned.
    void set_filter(PacketFilter* filter) { filter_ = filter; }
    /// Asked after the first one: address translation (iptables' table nat). Null = none.
    void set_nat(PacketFilter* nat) { nat_ = nat; }

    void set_forwarding(bool on) { forwarding_ = on; }
    bool forwarding() const { return forwarding_; }
    /// Packets that were dropped because forwarding is off.
    std::uint64_t not_forwarded() const { return not_forwarded_; }
    /// Networks that count as the host's own: `ip route add local NETWORK dev lo`.
    void set_local_networks(std::vector<lvslab::Network> networks) {
        local_networks_ = std::move(networks);
    }

    bool RouteInput(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header& header,
                    ns3::Ptr<const ns3::NetDevice> device, UnicastForwardCallback forward,
                    MulticastForwardCallback multicast, LocalDeliverCallback deliver,
                    ErrorCallback error) override;
    void SetIpv4(ns3::Ptr<ns3::Ipv4> ip) override;

private:
    bool is_local(ns3::Ipv4Address destination, const ns3::Ptr<const ns3::NetDevice>& device) const;

    PacketFilter* filter_ = nullptr;
    PacketFilter* nat_ = nullptr;
    ns3::Ptr<ns3::Ipv4> ip_;
    std::vector<lvslab::Network> local_networks_;
    bool forwarding_ = true;
    std::uint64_t not_forwarded_ = 0;
};

/// Makes routing by static routes behind a RoutingHook.
class RoutingHookHelper : public ns3::Ipv4RoutingHelper {
public:
    RoutingHookHelper* Copy() const override { return new RoutingHookHelper(*this); }
    ns3::Ptr<ns3::Ipv4RoutingProtocol> Create(ns3::Ptr<ns3::Node> node) const override;
};

/// The static routes of a node whose stack was installed with ns-3's static routing, alone or
/// behind a list or hook.
ns3::Ptr<ns3::Ipv4StaticRouting> static_routes(const ns3::Ptr<ns3::Node>& node);

}  // namespace lvslab::packet_world
