// SPDX-License-Identifier: GPL-2.0-only
/// A place before a node's routing where every packet that comes in can be taken, as netfilter's
/// hooks are in Linux.
#pragma once

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
};

/// Whoever wants to see packets.
class PacketFilter {
public:
    virtual ~PacketFilter() = default;
    /// True: taken. False: routed as if there were no filter.
    virtual bool take(const ArrivedPacket& arrived) = 0;
};

/// ns-3's list of routing protocols, with a filter before it. ns-3 asks a node's routing protocol
/// about every incoming packet, those for the node itself included, and before anything else; so
/// this sees what LOCAL_IN and FORWARD see in Linux.
class RoutingHook : public ns3::Ipv4ListRouting {
public:
    /// Null = none. Not owned.
    void set_filter(PacketFilter* filter) { filter_ = filter; }

    bool RouteInput(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header& header,
                    ns3::Ptr<const ns3::NetDevice> device, UnicastForwardCallback forward,
                    MulticastForwardCallback multicast, LocalDeliverCallback deliver,
                    ErrorCallback error) override;

private:
    PacketFilter* filter_ = nullptr;
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
