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

Time Wire::carry(Time at, std::uint32_t bytes, const Impairment& also) {
    ++counters_.offered;
    if (impairment.cut || also.cut) {
        ++counters_.cut;
        return never;
    }
    Time sent = at;
    if (const auto rate = link_.rate.value(); rate != 0) {
        const auto bits_to_duration = [rate](std::uint64_t size) {
            return Duration{static_cast<Duration::rep>(size * 8 * 1'000'000'000ULL / rate)};
        };
        if (free_ > at + bits_to_duration(queue_bytes)) {
            ++counters_.lost;
            return never;
        }
        const std::uint64_t on_wire = std::max(bytes, shortest_frame) + framing_bytes;
        free_ = std::max(free_, at) + bits_to_duration(on_wire);
        sent = free_;
    }
    for (const double loss : {impairment.loss.value_or(link_.loss), also.loss.value_or(0)}) {
        if (loss > 0 && losses_.uniform() < loss) {
            ++counters_.lost;
            return never;
        }
    }
    ++counters_.waiting;
    return sent + link_.delay + impairment.delay + also.delay;
}

bool Wire::arrive() {
    --counters_.waiting;
    ++(impairment.cut ? counters_.cut : counters_.delivered);
    return !impairment.cut;
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
      down_(link, seed, "loss/" + name_ + "/down"),
      neighbours_(std::make_unique<NeighbourTable>(*this, seed)) {}

void EthernetPort::plug_into(EthernetSwitch& lan, std::uint32_t number, ns3::Mac48Address address) {
    switch_ = ns3::Ptr<EthernetSwitch>(&lan);
    number_ = number;
    address_ = address;
}

void EthernetPort::deliver(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol,
                           ns3::Mac48Address source, ns3::Mac48Address destination) {
    const Time arrival = down_.carry(now(), packet->GetSize() + header_bytes);
    if (arrival != never) {
        // An event in any case, so that the receiving node runs in its own context.
        ns3::Simulator::ScheduleWithContext(node_->GetId(), until(arrival),
                                            &EthernetPort::reach_host, this,
                                            Frame{packet, protocol, source, destination});
    }
}

bool EthernetPort::Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address& destination,
                        std::uint16_t protocol) {
    if (state_ == MachineState::crashed) {
        return true;
    }
    if (protocol == ns3::ArpL3Protocol::PROT_NUMBER) {
        neighbours_->answer_ns3(packet);
        return true;
    }
    if (leaving_ != nullptr && protocol == ns3::Ipv4L3Protocol::PROT_NUMBER) {
        packet = leaving_->leave(packet);
    }
    const auto to = ns3::Mac48Address::ConvertFrom(destination);
    if (NeighbourTable::stands_for_next_hop(to)) {
        neighbours_->send(packet, to);
    } else {
        transmit(packet, to, protocol);
    }
    // A frame that the link loses has been sent all the same.
    return true;
}

void EthernetPort::transmit(const ns3::Ptr<ns3::Packet>& packet, ns3::Mac48Address to,
                            std::uint16_t protocol) {
    const Frame frame{packet, protocol, address_, to};
    if (state_ != MachineState::up) {
        if (state_ == MachineState::hung) {
            unsent_.push_back(frame);
        }
        return;
    }
    const std::uint32_t bytes = packet->GetSize() + header_bytes;
    ++sent_packets_;
    sent_bytes_ += bytes;
    if (capture_) {
        capture(packet, protocol, address_, to);
    }
    const Time arrival = up_.carry(now(), bytes, impairment_of(packet, protocol));
    if (arrival == now()) {
        reach_switch(frame, epoch_, now());
    } else if (arrival != never) {
        ns3::Simulator::Schedule(until(arrival), &EthernetPort::reach_switch, this, frame, epoch_,
                                 std::max(up_.free_at(), now()));
    }
}

void EthernetPort::impair_udp(Port destination, const Impairment& impairment) {
    const bool any = impairment.cut || impairment.loss || impairment.delay != Duration{};
    impaired_udp_ = any ? std::optional(destination) : std::nullopt;
    udp_impairment_ = impairment;
}

Impairment EthernetPort::impairment_of(const ns3::Ptr<const ns3::Packet>& packet,
                                       std::uint16_t protocol) const {
    if (!impaired_udp_ || protocol != ns3::Ipv4L3Protocol::PROT_NUMBER) {
        return {};
    }
    ns3::Ipv4Header ip;
    ns3::UdpHeader udp;
    const auto copy = packet->Copy();
    copy->RemoveHeader(ip);
    if (ip.GetProtocol() != ns3::UdpL4Protocol::PROT_NUMBER || ip.GetFragmentOffset() != 0) {
        return {};
    }
    copy->RemoveHeader(udp);
    return udp.GetDestinationPort() == impaired_udp_->value() ? udp_impairment_ : Impairment{};
}

void EthernetPort::carrier_changed() {
    if (!has_carrier()) {
        neighbours_->forget();
    }
}

void EthernetPort::set_state(MachineState state) {
    const auto before = std::exchange(state_, state);
    if (state == MachineState::crashed && before != state) {
        crash();
    } else if (state == MachineState::up && before == MachineState::hung) {
        resume();
    }
}

void EthernetPort::crash() {
    ++epoch_;
    crashed_at_ = now();
    neighbours_->forget();
    ring_.clear();
    unsent_.clear();
}

/// Works off what came in meanwhile and sends what its timers would have sent, in that order.
void EthernetPort::resume() {
    for (const auto& frame : std::exchange(ring_, {})) {
        wait_for_cpu(frame);
    }
    for (const auto& frame : std::exchange(unsent_, {})) {
        transmit(frame.packet, frame.destination, frame.protocol);
    }
}

bool EthernetPort::SendFrom(ns3::Ptr<ns3::Packet>, const ns3::Address&, const ns3::Address&,
                            std::uint16_t) {
    return false;
}

void EthernetPort::reach_switch(Frame frame, std::uint32_t epoch, Time left_queue) {
    if (epoch != epoch_ && left_queue > crashed_at_) {
        up_.lose_power();  // it was in the queue of a card that lost its power
    } else if (up_.arrive()) {
        switch_->forward(*this, frame.packet, frame.protocol, frame.destination);
    }
}

void EthernetPort::reach_host(Frame frame) {
    if (state_ == MachineState::crashed ||
        (state_ == MachineState::hung && ring_.size() >= ring_frames)) {
        down_.lose_power();
    } else if (down_.arrive()) {
        if (state_ == MachineState::hung) {
            ring_.push_back(std::move(frame));
        } else {
            wait_for_cpu(frame);
        }
    }
}

void EthernetPort::wait_for_cpu(const Frame& frame) {
    const bool costs = cpu_ != nullptr && frame.protocol == ns3::Ipv4L3Protocol::PROT_NUMBER;
    const Time done = costs ? cpu_->handle(now()) : now();
    if (done == now()) {
        receive(frame, epoch_);
    } else if (done != never) {
        ns3::Simulator::Schedule(until(done), &EthernetPort::receive, this, frame, epoch_);
    }
}

void EthernetPort::receive(Frame frame, std::uint32_t epoch) {
    if (epoch != epoch_) {
        return;  // it waited for the processor of a host that crashed
    }
    if (state_ == MachineState::hung) {
        ring_.push_back(std::move(frame));
        return;
    }
    const auto& [packet, protocol, source, destination] = frame;
    ++received_packets_;
    received_bytes_ += packet->GetSize() + header_bytes;
    if (capture_) {
        capture(packet, protocol, source, destination);
    }
    if (protocol == ns3::ArpL3Protocol::PROT_NUMBER) {
        neighbours_->receive(packet, destination != address_);
        return;
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
    neighbours_->forget();
    switch_ = nullptr;
    node_ = nullptr;
    capture_ = nullptr;
    receive_ = ReceiveCallback();
    promiscuous_ = PromiscReceiveCallback();
    NetDevice::DoDispose();
}

}  // namespace lvslab::packet_world
