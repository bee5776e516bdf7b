// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ethernet.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/packet/clock.hpp"

namespace lvslab::packet_world {
namespace {

constexpr std::uint32_t header_bytes = 14;
/// What a frame takes on the wire beside its header and payload: preamble 8, FCS 4, gap 12.
constexpr std::uint32_t framing_bytes = 24;
constexpr std::uint32_t shortest_frame = 60;
/// The queue before each wire, as in a common switch's port.
constexpr std::uint64_t queue_bytes = 256 * 1024;

ns3::Time until(Time t) {
    return to_ns3(t - now());
}

}  // namespace

Time Wire::carry(Time at, std::uint32_t bytes) {
    Time sent = at;
    if (const auto rate = link_.rate.value(); rate != 0) {
        const auto bits_to_duration = [rate](std::uint64_t size) {
            return Duration{static_cast<Duration::rep>(size * 8 * 1'000'000'000ULL / rate)};
        };
        if (free_ > at + bits_to_duration(queue_bytes)) {
            return never;
        }
        const std::uint64_t on_wire = std::max(bytes, shortest_frame) + framing_bytes;
        free_ = std::max(free_, at) + bits_to_duration(on_wire);
        sent = free_;
    }
    if (link_.loss > 0 && losses_.uniform() < link_.loss) {
        return never;
    }
    return sent + link_.delay;
}

void EthernetSwitch::attach(const ns3::Ptr<EthernetPort>& port) {
    const auto number = static_cast<std::uint32_t>(ports_.size());
    // A locally administered address that tells switch and port.
    const std::array<std::uint8_t, 6> bytes{0x02,
                                            0x00,
                                            number_,
                                            static_cast<std::uint8_t>(number >> 16),
                                            static_cast<std::uint8_t>(number >> 8),
                                            static_cast<std::uint8_t>(number)};
    ns3::Mac48Address address;
    address.CopyFrom(bytes.data());
    ports_.push_back(port);
    port->plug_into(*this, number, address);
}

void EthernetSwitch::forward(const EthernetPort& sender, const ns3::Ptr<ns3::Packet>& packet,
                             std::uint16_t protocol, ns3::Mac48Address destination) {
    std::array<std::uint8_t, 6> bytes{};
    destination.CopyTo(bytes.data());
    const bool to_one = (bytes[0] & 1) == 0;
    if (to_one) {
        const std::size_t number = (static_cast<std::size_t>(bytes[3]) << 16) |
                                   (static_cast<std::size_t>(bytes[4]) << 8) | bytes[5];
        if (number < ports_.size()) {
            ports_[number]->deliver(packet, protocol, sender.mac(), destination);
        }
        return;
    }
    for (const auto& port : ports_) {
        if (ns3::PeekPointer(port) != &sender) {
            port->deliver(packet->Copy(), protocol, sender.mac(), destination);
        }
    }
}

ns3::Ptr<ns3::NetDevice> EthernetSwitch::GetDevice(std::size_t i) const {
    return ports_.at(i);
}

void EthernetSwitch::DoDispose() {
    ports_.clear();
    Channel::DoDispose();
}

EthernetPort::EthernetPort(std::string name, const scenario::Link& link, std::uint64_t seed)
    : name_(std::move(name)),
      up_(link, seed, "loss/" + name_ + "/up"),
      down_(link, seed, "loss/" + name_ + "/down") {}

void EthernetPort::plug_into(EthernetSwitch& lan, std::uint32_t number, ns3::Mac48Address address) {
    switch_ = ns3::Ptr<EthernetSwitch>(&lan);
    number_ = number;
    address_ = address;
}

void EthernetPort::deliver(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol,
                           ns3::Mac48Address source, ns3::Mac48Address destination) {
    if (down_.immediate()) {
        // Still an event, so that the receiving node runs in its own context.
        ns3::Simulator::ScheduleWithContext(node_->GetId(), ns3::Time{0}, &EthernetPort::receive,
                                            this, packet, protocol, source, destination);
        return;
    }
    const Time arrival = down_.carry(now(), packet->GetSize() + header_bytes);
    if (arrival != never) {
        ns3::Simulator::ScheduleWithContext(node_->GetId(), until(arrival), &EthernetPort::receive,
                                            this, packet, protocol, source, destination);
    }
}

bool EthernetPort::Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address& destination,
                        std::uint16_t protocol) {
    const auto to = ns3::Mac48Address::ConvertFrom(destination);
    const std::uint32_t bytes = packet->GetSize() + header_bytes;
    ++sent_packets_;
    sent_bytes_ += bytes;
    if (capture_) {
        capture(packet, protocol, address_, to);
    }
    if (up_.immediate()) {
        reach_switch(packet, protocol, to);
        return true;
    }
    const Time arrival = up_.carry(now(), bytes);
    if (arrival != never) {
        ns3::Simulator::Schedule(until(arrival), &EthernetPort::reach_switch, this, packet,
                                 protocol, to);
    }
    // A frame that the link loses has been sent all the same.
    return true;
}

bool EthernetPort::SendFrom(ns3::Ptr<ns3::Packet>, const ns3::Address&, const ns3::Address&,
                            std::uint16_t) {
    return false;
}

void EthernetPort::reach_switch(ns3::Ptr<ns3::Packet> packet, std::uint16_t protocol,
                                ns3::Mac48Address destination) {
    switch_->forward(*this, packet, protocol, destination);
}

void EthernetPort::receive(ns3::Ptr<ns3::Packet> packet, std::uint16_t protocol,
                           ns3::Mac48Address source, ns3::Mac48Address destination) {
    ++received_packets_;
    received_bytes_ += packet->GetSize() + header_bytes;
    if (capture_) {
        capture(packet, protocol, source, destination);
    }
    if (!promiscuous_.IsNull()) {
        promiscuous_(this, packet, protocol, source, destination,
                     destination == address_ ? PACKET_HOST : PACKET_BROADCAST);
    }
    receive_(this, packet, protocol, source);
}

void EthernetPort::capture(const ns3::Ptr<const ns3::Packet>& packet, std::uint16_t protocol,
                           ns3::Mac48Address source, ns3::Mac48Address destination) {
    ns3::EthernetHeader header(false);
    header.SetSource(source);
    header.SetDestination(destination);
    header.SetLengthType(protocol);
    capture_->Write(ns3::Simulator::Now(), header, packet);
}

void EthernetPort::SetAddress(ns3::Address address) {
    address_ = ns3::Mac48Address::ConvertFrom(address);
}

bool EthernetPort::SetMtu(std::uint16_t mtu) {
    mtu_ = mtu;
    return true;
}

ns3::Address EthernetPort::GetMulticast(ns3::Ipv4Address group) const {
    return ns3::Mac48Address::GetMulticast(group);
}

ns3::Address EthernetPort::GetMulticast(ns3::Ipv6Address group) const {
    return ns3::Mac48Address::GetMulticast(group);
}

void EthernetPort::SetPromiscReceiveCallback(PromiscReceiveCallback callback) {
    promiscuous_ = callback;
}

void EthernetPort::DoDispose() {
    switch_ = nullptr;
    node_ = nullptr;
    capture_ = nullptr;
    receive_ = ReceiveCallback();
    promiscuous_ = PromiscReceiveCallback();
    NetDevice::DoDispose();
}

}  // namespace lvslab::packet_world
