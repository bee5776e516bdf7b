// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/neighbour_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/packet/clock.hpp"
#include "sim/packet/ethernet.hpp"

namespace lvslab::packet_world {
namespace {

using ns3::Ipv4Address;
using ns3::Mac48Address;

constexpr std::uint16_t arp_protocol = 0x0806;
constexpr std::uint16_t ipv4_protocol = 0x0800;
/// What send_arp's frame has behind the ARP packet (28 bytes): 60 bytes with its Ethernet header.
constexpr std::uint32_t gratuitous_padding = 18;
/// How often the kernel draws reachable times anew (neigh_periodic_work).
constexpr Duration redraw_period = std::chrono::seconds(300);
/// Locally administered, and another one than the switches give out.
constexpr std::uint8_t stand_in_prefix = 0x06;

Mac48Address stand_in_for(Ipv4Address address) {
    std::array<std::uint8_t, 6> bytes{stand_in_prefix, 0};
    address.Serialize(bytes.data() + 2);
    Mac48Address mac;
    mac.CopyFrom(bytes.data());
    return mac;
}

Ipv4Address next_hop_of(const Mac48Address& stand_in) {
    std::array<std::uint8_t, 6> bytes{};
    stand_in.CopyTo(bytes.data());
    return Ipv4Address::Deserialize(bytes.data() + 2);
}

}  // namespace

NeighbourTable::NeighbourTable(EthernetPort& port, std::uint64_t seed)
    : port_(port),
      reachable_draws_(seed, "arp/" + port.name() + "/reachable"),
      answer_draws_(seed, "arp/" + port.name() + "/answers") {}

NeighbourTable::~NeighbourTable() {
    forget();
}

bool NeighbourTable::stands_for_next_hop(const Mac48Address& mac) {
    std::array<std::uint8_t, 6> bytes{};
    mac.CopyTo(bytes.data());
    return bytes[0] == stand_in_prefix;
}

ns3::Ptr<ns3::Ipv4L3Protocol> NeighbourTable::stack() const {
    return port_.GetNode()->GetObject<ns3::Ipv4L3Protocol>();
}

std::uint32_t NeighbourTable::interface() const {
    return static_cast<std::uint32_t>(
        stack()->GetInterfaceForDevice(ns3::Ptr<const ns3::NetDevice>(&port_)));
}

void NeighbourTable::answer_ns3(const ns3::Ptr<ns3::Packet>& request) {
    ns3::ArpHeader arp;
    if (request->Copy()->RemoveHeader(arp) == 0 || !arp.IsRequest()) {
        return;
    }
    const auto to = arp.GetDestinationIpv4Address();
    const auto ip = stack()->GetInterface(interface());
    auto* entry = ip->GetArpCache()->Lookup(to);
    if (entry == nullptr) {
        return;
    }
    entry->SetMacAddress(stand_in_for(to));
    entry->MarkPermanent();
    for (auto next = entry->DequeuePending(); next.first; next = entry->DequeuePending()) {
        ip->Send(next.first, next.second, to);
    }
}

void NeighbourTable::send(const ns3::Ptr<ns3::Packet>& packet, const Mac48Address& stand_in) {
    const auto next_hop = next_hop_of(stand_in);
    auto& entry = entries_[next_hop];
    const auto step = entry.neighbour.use(now());
    if (entry.neighbour.is_usable()) {
        port_.transmit(packet, entry.neighbour.mac(), ipv4_protocol);
    } else {
        wait(entry, packet);
    }
    follow(next_hop, entry, step);
}

void NeighbourTable::wait(Entry& entry, const ns3::Ptr<ns3::Packet>& packet) {
    entry.waiting.push_back(packet);
    entry.waiting_bytes += packet->GetSize();
    while (entry.waiting_bytes > waiting_bytes) {
        entry.waiting_bytes -= entry.waiting.front()->GetSize();
        entry.waiting.pop_front();
    }
}

void NeighbourTable::follow(Ipv4Address address, Entry& entry, const Neighbour::Step& step) {
    if (step.timer != never) {
        entry.timer.Cancel();
        entry.timer = ns3::Simulator::Schedule(to_ns3(step.timer - now()), &NeighbourTable::expire,
                                               this, address);
    }
    if (step.ask != Neighbour::Step::Ask::no) {
        request(address, entry, step.ask == Neighbour::Step::Ask::by_broadcast);
    }
}

void NeighbourTable::expire(Ipv4Address address) {
    auto& entry = entries_.at(address);
    follow(address, entry, entry.neighbour.expire(now()));
    if (entry.neighbour.state(now()) == NeighbourState::failed) {
        entry.waiting.clear();
        entry.waiting_bytes = 0;
        if (failed_) {
            failed_(address);
        }
    }
}

void NeighbourTable::receive(const ns3::Ptr<const ns3::Packet>& packet, bool to_all) {
    ns3::ArpHeader arp;
    if (packet->Copy()->RemoveHeader(arp) == 0) {
        return;
    }
    const auto target = arp.GetDestinationIpv4Address();
    const bool to_us = stack()->GetInterfaceForAddress(target) >= 0;
    if (arp.IsRequest() && to_us) {
        if (answers_for(target)) {
            // Who asks for us will talk to us: learned, known before or not (neigh_event_ns).
            learn(entries_[arp.GetSourceIpv4Address()], arp, false, true);
            reply(arp);
        }
        return;
    }
    const auto known = entries_.find(arp.GetSourceIpv4Address());
    if (known == entries_.end()) {
        return;  // arp_accept=0: nothing is learned unasked
    }
    const bool gratuitous =
        target == arp.GetSourceIpv4Address() &&
        (arp.IsRequest() || arp.GetSourceHardwareAddress() == arp.GetDestinationHardwareAddress());
    learn(known->second, arp, arp.IsReply() && !to_all, gratuitous);
}

void NeighbourTable::learn(Entry& entry, const ns3::ArpHeader& arp, bool confirms, bool override) {
    const bool waited = !entry.neighbour.is_usable();
    entry.neighbour.learn(Mac48Address::ConvertFrom(arp.GetSourceHardwareAddress()), confirms,
                          override, reachable_time(now()), now());
    if (!waited) {
        return;
    }
    entry.waiting_bytes = 0;
    for (const auto& packet : std::exchange(entry.waiting, {})) {
        send(packet, stand_in_for(arp.GetSourceIpv4Address()));
    }
}

/// Drawn for the whole table (neigh_rand_reach_time).
Duration NeighbourTable::reachable_time(Time at) {
    if (redrawn_ == Time::min() || at - redrawn_ > redraw_period) {
        const auto share = 0.5 + reachable_draws_.uniform();
        reachable_time_ = std::chrono::duration_cast<Duration>(Neighbour::base_reachable * share);
        redrawn_ = at;
    }
    return reachable_time_;
}

bool NeighbourTable::answers_for(Ipv4Address address) const {
    if (std::ranges::find(policy_.hidden, address) != policy_.hidden.end()) {
        return false;
    }
    const auto on = stack()->GetInterfaceForAddress(address);
    return !policy_.own_interface_only || on == static_cast<std::int32_t>(interface());
}

/// inet_select_addr: the first address of the card's that is in the target's network, or the first.
Ipv4Address NeighbourTable::own_address(Ipv4Address target) const {
    const auto ip = stack()->GetInterface(interface());
    for (std::uint32_t i = 0; i < ip->GetNAddresses(); ++i) {
        const auto a = ip->GetAddress(i);
        if (!a.IsSecondary() && a.GetMask().IsMatch(a.GetLocal(), target)) {
            return a.GetLocal();
        }
    }
    return ip->GetAddress(0).GetLocal();
}

/// In whose name to ask: that of the packet that waits if it is ours (arp_solicit).
Ipv4Address NeighbourTable::name_for(Ipv4Address target, const Entry& entry) const {
    if (!policy_.own_name_only && !entry.waiting.empty()) {
        ns3::Ipv4Header header;
        entry.waiting.back()->PeekHeader(header);
        const auto source = header.GetSource();
        if (stack()->GetInterfaceForAddress(source) >= 0 &&
            std::ranges::find(policy_.hidden, source) == policy_.hidden.end()) {
            return source;
        }
    }
    return own_address(target);
}

void NeighbourTable::request(Ipv4Address address, const Entry& entry, bool by_broadcast) {
    ns3::ArpHeader arp;
    arp.SetRequest(port_.mac(), name_for(address, entry), Mac48Address::GetBroadcast(), address);
    auto packet = ns3::Create<ns3::Packet>();
    packet->AddHeader(arp);
    port_.transmit(packet, by_broadcast ? Mac48Address::GetBroadcast() : entry.neighbour.mac(),
                   arp_protocol);
}

void NeighbourTable::reply(const ns3::ArpHeader& asked) {
    if (!delayed_answers_) {
        transmit_reply(asked);
        return;
    }
    const Duration wait_for =
        std::chrono::microseconds(20) + std::chrono::nanoseconds(answer_draws_.below(180'000));
    ns3::Simulator::Schedule(to_ns3(wait_for), &NeighbourTable::transmit_reply, this, asked);
}

void NeighbourTable::transmit_reply(const ns3::ArpHeader& asked) {
    ns3::ArpHeader arp;
    arp.SetReply(port_.mac(), asked.GetDestinationIpv4Address(), asked.GetSourceHardwareAddress(),
                 asked.GetSourceIpv4Address());
    auto packet = ns3::Create<ns3::Packet>();
    packet->AddHeader(arp);
    port_.transmit(packet, Mac48Address::ConvertFrom(asked.GetSourceHardwareAddress()),
                   arp_protocol);
}

void NeighbourTable::announce(Ipv4Address address) {
    ns3::ArpHeader arp;
    arp.SetReply(port_.mac(), address, port_.mac(), address);
    auto packet = ns3::Create<ns3::Packet>(gratuitous_padding);
    packet->AddHeader(arp);
    port_.transmit(packet, Mac48Address::GetBroadcast(), arp_protocol);
}

void NeighbourTable::forget() {
    for (auto& [address, entry] : entries_) {
        entry.timer.Cancel();
    }
    entries_.clear();
}

const Neighbour* NeighbourTable::find(Ipv4Address address) const {
    const auto found = entries_.find(address);
    return found == entries_.end() ? nullptr : &found->second.neighbour;
}

}  // namespace lvslab::packet_world
