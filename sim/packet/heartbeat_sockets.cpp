// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/heartbeat_sockets.hpp"

#include <algorithm>

#include <ns3/ipv4-end-point.h>

#include "sim/packet/addresses.hpp"

namespace lvslab::packet_world {

HeartbeatSockets::HeartbeatSockets(const ns3::Ptr<ns3::Node>& node, const scenario::Router& router,
                                   const config::LvsConfig& config, Heard heard)
    : udp_(node->GetObject<ns3::UdpL4Protocol>()),
      port_(config.heartbeat_port),
      heard_(std::move(heard)) {
    const auto is_own = [&](const Address& a) {
        return a == router.public_interface.address ||
               (router.private_interface && a == router.private_interface->address);
    };
    const bool primary = is_own(config.primary);
    bind(pulse::Path::public_net, router.public_interface.address,
         primary ? config.backup : config.primary);
    if (router.private_interface) {
        bind(pulse::Path::private_net, router.private_interface->address,
             primary ? config.backup_private : config.primary_private);
    }
}

HeartbeatSockets::~HeartbeatSockets() {
    for (const auto& [path, end] : ends_) {
        udp_->DeAllocate(end.endpoint);
    }
}

void HeartbeatSockets::bind(pulse::Path path, const Address& own, const Address& partner) {
    auto* endpoint = udp_->Allocate(nullptr, to_ns3(own), port_.value());
    if (endpoint != nullptr) {
        endpoint->SetRxCallback(ns3::MakeCallback(&HeartbeatSockets::on_datagram, this));
        ends_.push_back({path, {own, partner, endpoint}});
    }
}

void HeartbeatSockets::send(pulse::Path path, const pulse::WireWord& payload) {
    for (const auto& [of, end] : ends_) {
        if (of == path && !end.partner.is_unspecified()) {
            udp_->Send(ns3::Create<ns3::Packet>(payload.data(),
                                                static_cast<std::uint32_t>(payload.size())),
                       to_ns3(end.own), to_ns3(end.partner), port_.value(), port_.value());
        }
    }
}

void HeartbeatSockets::on_datagram(ns3::Ptr<ns3::Packet> packet, ns3::Ipv4Header header,
                                   std::uint16_t, ns3::Ptr<ns3::Ipv4Interface>) {
    const auto from = from_ns3(header.GetSource());
    const auto end =
        std::ranges::find_if(ends_, [&](const auto& e) { return e.second.partner == from; });
    if (end == ends_.end()) {
        return;
    }
    Payload payload(packet->GetSize());
    packet->CopyData(payload.data(), packet->GetSize());
    if (!held_) {
        heard_(end->first, payload);
    } else if (waiting_.size() < most_waiting) {
        waiting_.emplace_back(end->first, std::move(payload));
    }
}

void HeartbeatSockets::read() {
    held_ = false;
    while (!waiting_.empty() && !held_) {
        const auto [path, payload] = std::move(waiting_.front());
        waiting_.pop_front();
        heard_(path, payload);
    }
}

}  // namespace lvslab::packet_world
