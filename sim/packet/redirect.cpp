// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/redirect.hpp"

#include <algorithm>
#include <utility>

#include "core/packet/rewrite.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/packet_headers.hpp"

namespace lvslab::packet_world {

Redirect::Redirect(ns3::Ptr<ns3::Ipv4L3Protocol> stack, const Address& own,
                   std::vector<lvslab::Network> taken)
    : stack_(std::move(stack)), own_(own), taken_(std::move(taken)) {}

bool Redirect::take(const ArrivedPacket& arrived) {
    const auto to = from_ns3(arrived.header.GetDestination());
    if (std::ranges::none_of(taken_, [&](const auto& n) { return n.contains(to); })) {
        return false;
    }
    if (!Reassembler::is_fragment(arrived.header)) {
        return take_whole(arrived);
    }
    if (const auto datagram = fragments_.add(arrived.packet, arrived.header, now())) {
        take_whole({datagram->packet, datagram->header, arrived.device, arrived.forward,
                    arrived.deliver, arrived.is_local});
    }
    return true;
}

bool Redirect::take_whole(const ArrivedPacket& arrived) {
    const PacketHeaders headers(arrived.header, arrived.packet);
    if (!headers.flow()) {
        return false;
    }
    const auto& flow = *headers.flow();
    const Endpoint own{own_, flow.destination.port};
    if (!packet::rewrite_destination(headers.editor(), own)) {
        return false;
    }
    remember({flow.protocol, flow.source, own.port}, flow.destination);
    const auto interface = stack_->GetInterfaceForDevice(arrived.device);
    arrived.deliver(headers.rewritten_packet(), headers.rewritten_header(),
                    static_cast<std::uint32_t>(interface));
    return true;
}

void Redirect::remember(const Connection& connection, const Endpoint& destination) {
    const auto [known, is_new] = destinations_.insert_or_assign(connection, destination);
    if (!is_new) {
        return;
    }
    by_age_.push_back(connection);
    if (by_age_.size() > most_connections) {
        destinations_.erase(by_age_.front());
        by_age_.pop_front();
    }
}

ns3::Ptr<ns3::Packet> Redirect::leave(const ns3::Ptr<ns3::Packet>& packet) {
    ns3::Ipv4Header header;
    auto payload = packet->Copy();
    payload->RemoveHeader(header);
    const PacketHeaders headers(header, payload);
    if (!headers.flow()) {
        return packet;
    }
    const auto& flow = *headers.flow();
    const auto known = destinations_.find({flow.protocol, flow.destination, flow.source.port});
    if (known == destinations_.end() || !packet::rewrite_source(headers.editor(), known->second)) {
        return packet;
    }
    auto rewritten = headers.rewritten_header();
    rewritten.EnableChecksum();
    auto out = headers.rewritten_packet();
    out->AddHeader(rewritten);
    return out;
}

}  // namespace lvslab::packet_world
