// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/sync_sockets.hpp"

#include <utility>

#include <ns3/ipv4-end-point.h>

#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"

namespace lvslab::packet_world {
namespace {

const ns3::Ipv4Address group(ipvs::sync_multicast_group);

}  // namespace

SyncSockets::SyncSockets(const ns3::Ptr<ns3::Node>& node, std::uint32_t router, Director& director,
                         journal::Sink& sink)
    : udp_(node->GetObject<ns3::UdpL4Protocol>()),
      router_(router),
      director_(director),
      sink_(sink) {}

SyncSockets::~SyncSockets() {
    stop();
}

void SyncSockets::start(pulse::SyncRole role, const Address& own, std::uint8_t id) {
    stop();
    own_ = own;
    if (role == pulse::SyncRole::master) {
        director_.set_sync_master(ipvs::SyncMaster{.syncid = id},
                                  [this](const ipvs::SyncMessage& m) { send(m); });
        return;
    }
    director_.set_sync_backup(ipvs::SyncBackup{.syncid = id});
    endpoint_ = udp_->Allocate(nullptr, group, ipvs::sync_port);
    if (endpoint_ != nullptr) {
        endpoint_->SetRxCallback(ns3::MakeCallback(&SyncSockets::on_datagram, this));
    }
}

void SyncSockets::stop() {
    director_.set_sync_master(std::nullopt, {});
    director_.set_sync_backup(std::nullopt);
    if (endpoint_ != nullptr) {
        udp_->DeAllocate(std::exchange(endpoint_, nullptr));
    }
}

void SyncSockets::send(const ipvs::SyncMessage& message) {
    sink_.take({now(), journal::SyncSent{router_, message.connections,
                                         static_cast<std::uint32_t>(message.bytes.size())}});
    const auto packet = ns3::Create<ns3::Packet>(message.bytes.data(),
                                                 static_cast<std::uint32_t>(message.bytes.size()));
    // ns-3 sends to a link-local group by the interface that has the source address.
    udp_->Send(packet, to_ns3(own_), group, ipvs::sync_port, ipvs::sync_port);
}

void SyncSockets::on_datagram(ns3::Ptr<ns3::Packet> packet, ns3::Ipv4Header, std::uint16_t,
                              ns3::Ptr<ns3::Ipv4Interface> interface) {
    // The group was joined on one interface.
    bool joined = false;
    for (std::uint32_t i = 0; i < interface->GetNAddresses(); ++i) {
        joined = joined || from_ns3(interface->GetAddress(i).GetLocal()) == own_;
    }
    if (!joined) {
        return;
    }
    std::vector<std::uint8_t> bytes(packet->GetSize());
    packet->CopyData(bytes.data(), packet->GetSize());
    const auto receipt = director_.apply_sync(bytes);
    if (receipt.taken) {
        sink_.take(
            {now(), journal::SyncReceived{
                        router_, receipt.made + receipt.updated + receipt.late + receipt.refused,
                        receipt.refused}});
    }
}

}  // namespace lvslab::packet_world
