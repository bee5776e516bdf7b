// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/routing_hook.hpp"

#include <algorithm>

namespace lvslab::packet_world {

void RoutingHook::SetIpv4(ns3::Ptr<ns3::Ipv4> ip) {
    ip_ = ip;
    Ipv4ListRouting::SetIpv4(ip);
}

bool RoutingHook::is_local(ns3::Ipv4Address destination,
                           const ns3::Ptr<const ns3::NetDevice>& device) const {
    const auto interface = static_cast<std::uint32_t>(ip_->GetInterfaceForDevice(device));
    if (ip_->IsDestinationAddress(destination, interface)) {
        return true;
    }
    const auto address = Address::v4(destination.Get());
    return std::ranges::any_of(local_networks_, [&](const auto& n) { return n.contains(address); });
}

bool RoutingHook::RouteInput(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header& header,
                             ns3::Ptr<const ns3::NetDevice> device, UnicastForwardCallback forward,
                             MulticastForwardCallback multicast, LocalDeliverCallback deliver,
                             ErrorCallback error) {
    const ArrivedPacket arrived{packet,  header,  device,
                                forward, deliver, is_local(header.GetDestination(), device)};
    if (!forwarding_ && !arrived.is_local) {
        ++not_forwarded_;
        return true;
    }
    for (auto* filter : {filter_, nat_}) {
        if (filter != nullptr && filter->take(arrived)) {
            return true;
        }
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
