// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/routing_hook.hpp"

namespace lvslab::packet_world {

bool RoutingHook::RouteInput(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header& header,
                             ns3::Ptr<const ns3::NetDevice> device, UnicastForwardCallback forward,
                             MulticastForwardCallback multicast, LocalDeliverCallback deliver,
                             ErrorCallback error) {
    if (filter_ != nullptr && filter_->take({packet, header, device, forward, deliver})) {
        return true;
    }
    return Ipv4ListRouting::RouteInput(packet, header, device, forward, multicast, deliver, error);
}

ns3::Ptr<ns3::Ipv4RoutingProtocol> RoutingHookHelper::Create(ns3::Ptr<ns3::Node>) const {
    auto hook = ns3::CreateObject<RoutingHook>();
    hook->AddRoutingProtocol(ns3::CreateObject<ns3::Ipv4StaticRouting>(), 0);
    return hook;
}

ns3::Ptr<ns3::Ipv4StaticRouting> static_routes(const ns3::Ptr<ns3::Node>& node) {
    const auto protocol = node->GetObject<ns3::Ipv4>()->GetRoutingProtocol();
    return ns3::Ipv4RoutingHelper::GetRouting<ns3::Ipv4StaticRouting>(protocol);
}

}  // namespace lvslab::packet_world
