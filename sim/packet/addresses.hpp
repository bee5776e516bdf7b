// SPDX-License-Identifier: GPL-2.0-only
/// Between the house's addresses and ns-3's; small steps of a node's setting up. IPv4 only.
#pragma once

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "sim/packet/ns3.hpp"
#include "sim/packet/routing_hook.hpp"

namespace lvslab::packet_world {

inline ns3::Ipv4Address to_ns3(const Address& a) {
    return ns3::Ipv4Address(a.v4_host_order());
}
inline Address from_ns3(const ns3::Ipv4Address& a) {
    return Address::v4(a.Get());
}
inline ns3::Ipv4Mask mask_of(unsigned prefix_length) {
    return ns3::Ipv4Mask(mask_of_prefix_length(prefix_length).v4_host_order());
}
inline ns3::Ipv4InterfaceAddress interface_address(const lvslab::Network& interface) {
    return {to_ns3(interface.address), mask_of(interface.prefix_length)};
}
inline ns3::InetSocketAddress to_ns3(const Endpoint& e) {
    return {to_ns3(e.address), e.port.value()};
}
inline Endpoint from_ns3(const ns3::InetSocketAddress& a) {
    return {from_ns3(a.GetIpv4()), Port{a.GetPort()}};
}

/// A static route to `network` by `next_hop` out of interface number `interface`.
inline void add_route(const ns3::Ptr<ns3::Node>& node, const lvslab::Network& network,
                      const Address& next_hop, std::uint32_t interface) {
    static_routes(node)->AddNetworkRouteTo(to_ns3(network.base()), mask_of(network.prefix_length),
                                           to_ns3(next_hop), interface);
}

/// A permanent neighbour entry: no ARP for `address` on this interface.
inline void add_neighbour(const ns3::Ptr<ns3::Ipv4L3Protocol>& stack, std::uint32_t interface,
                          const Address& address, const ns3::Address& mac) {
    auto* entry = stack->GetInterface(interface)->GetArpCache()->Add(to_ns3(address));
    entry->SetMacAddress(mac);
    entry->MarkPermanent();
}

}  // namespace lvslab::packet_world
