// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ip_in_ip.hpp"

namespace lvslab::packet_world {

Encapsulated encapsulate(const ns3::Ptr<const ns3::Packet>& packet,
                         const ns3::Ipv4Header& inner_header, ns3::Ipv4Address from,
                         ns3::Ipv4Address to, std::uint16_t identification) {
    ns3::Ipv4Header inner = inner_header;
    inner.SetTtl(static_cast<std::uint8_t>(inner.GetTtl() - 1));
    inner.EnableChecksum();
    Encapsulated out{packet->Copy(), {}};
    out.packet->AddHeader(inner);
    out.header.SetSource(from);
    out.header.SetDestination(to);
    out.header.SetProtocol(ip_in_ip_protocol);
    out.header.SetTtl(inner.GetTtl());
    out.header.SetTos(inner.GetTos());
    out.header.SetIdentification(identification);
    out.header.SetPayloadSize(static_cast<std::uint16_t>(out.packet->GetSize()));
    if (inner.IsDontFragment()) {
        out.header.SetDontFragment();
    } else {
        out.header.SetMayFragment();
    }
    return out;
}

ns3::IpL4Protocol::RxStatus IpInIpReceiver::Receive(ns3::Ptr<ns3::Packet> packet,
                                                    const ns3::Ipv4Header&,
                                                    ns3::Ptr<ns3::Ipv4Interface> interface) {
    const auto device = interface->GetDevice();
    ip_->Receive(device, packet, ns3::Ipv4L3Protocol::PROT_NUMBER, device->GetAddress(),
                 device->GetAddress(), ns3::NetDevice::PACKET_HOST);
    return RX_OK;
}

ns3::IpL4Protocol::RxStatus IpInIpReceiver::Receive(ns3::Ptr<ns3::Packet>, const ns3::Ipv6Header&,
                                                    ns3::Ptr<ns3::Ipv6Interface>) {
    return RX_ENDPOINT_UNREACH;  // IPv4 only
}

void IpInIpReceiver::DoDispose() {
    ip_ = nullptr;
    down_ = DownTargetCallback();
    down6_ = DownTargetCallback6();
    IpL4Protocol::DoDispose();
}

}  // namespace lvslab::packet_world
