// SPDX-License-Identifier: GPL-2.0-only
/// A switched Ethernet in ns-3: hosts, each on a full-duplex link of its own to a switch.
///
/// ns-3's CSMA wakes every host of a LAN for every frame; here a unicast frame costs two events
/// whatever the number of hosts, and each link has its own rate, delay and loss.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/scenario/link.hpp"
#include "core/world/machine.hpp"
#include "sim/packet/neighbour_table.hpp"
#include "sim/packet/ns3.hpp"
#include "sim/packet/packet_cpu.hpp"

namespace lvslab::packet_world {

using world::MachineState;

class EthernetPort;

/// What faults do to one way of a link.
struct Impairment {
    bool cut = false;
    std::optional<double> loss{};  ///< in place of the link's own
    Duration delay{};              ///< on top of the link's own
};

/// Frames of one way of a link since the start: each offered one is delivered, lost, cut or still
/// on its way.
struct WireCounters {
    std::uint64_t offered = 0;
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;     ///< by a full queue or by chance
    std::uint64_t cut = 0;      ///< met a cut link or a machine without power
    std::uint64_t waiting = 0;  ///< on its way; counted for itself, so that one that vanishes shows
};

/// One way of a link: a drop-tail queue, a rate, a delay, a loss.
class Wire {
public:
    /// `name` is the random stream of the losses. A rate of 0 has no limit.
    Wire(const scenario::Link& link, std::uint64_t seed, const std::string& name)
        : link_(link), losses_(seed, name) {}

    /// When a frame of `bytes` given to the wire at `now` is at its other end; `never` if it is
    /// lost, cut, or dropped because the queue is full. `also` is met by this frame alone.
    Time carry(Time now, std::uint32_t bytes, const Impairment& also = {});
    /// The frame is at its other end: false if the wire is cut by now.
    bool arrive();
    /// A frame that was on its way is gone.
    void lose_power() {
        --counters_.waiting;
        ++counters_.cut;
    }

    /// When the last queued frame has left the queue.
    Time free_at() const { return free_; }

    Impairment impairment;
    const scenario::Link& link() const { return link_; }
    const WireCounters& counters() const { return counters_; }

private:
    scenario::Link link_;
    RandomStream losses_;
    Time free_{};
    WireCounters counters_;
};

/// The switch. It gives out the addresses of its ports, so it has nothing to learn.
class EthernetSwitch : public ns3::Channel {
public:
    /// `number` tells the switches of a network apart (in the MAC addresses of their ports).
    explicit EthernetSwitch(std::uint8_t number) : number_(number) {}

    /// Plugs a port in and names it.
    void attach(const ns3::Ptr<EthernetPort>& port);
    /// A frame has come in from `sender`: onto the link of its addressee, or of everyone else.
    void forward(const EthernetPort& sender, const ns3::Ptr<ns3::Packet>& packet,
                 std::uint16_t protocol, ns3::Mac48Address destination);

    std::size_t GetNDevices() const override { return ports_.size(); }
    ns3::Ptr<ns3::NetDevice> GetDevice(std::size_t i) const override;

private:
    void DoDispose() override;

    std::uint8_t number_;
    std::vector<ns3::Ptr<EthernetPort>> ports_;
};

/// Sees IP packets (their header in front) on their way out of a card, as POSTROUTING does.
class LeavingPackets {
public:
    virtual ~LeavingPackets() = default;
    /// The packet as it is to be sent.
    virtual ns3::Ptr<ns3::Packet> leave(const ns3::Ptr<ns3::Packet>& packet) = 0;
};

/// A host's network card and its link to the switch.
///
/// A card without power (a crashed host's) takes and sends nothing. That of a host that hangs keeps
/// what comes in until its ring is full, and what the host's timers would send, and goes on with
/// both when the host does.
class EthernetPort : public ns3::NetDevice {
public:
    /// `name` names the link ("web1-private") and the random streams of its losses.
    EthernetPort(std::string name, const scenario::Link& link, std::uint64_t seed);

    const std::string& name() const { return name_; }
    ns3::Mac48Address mac() const { return address_; }

    /// Frames and bytes (Ethernet header counted, no FCS) since the start.
    std::uint64_t sent_packets() const { return sent_packets_; }
    std::uint64_t sent_bytes() const { return sent_bytes_; }
    std::uint64_t received_packets() const { return received_packets_; }
    std::uint64_t received_bytes() const { return received_bytes_; }

    /// Frames a hanging host's card has room for (the receive ring of common cards).
    static constexpr std::size_t ring_frames = 256;

    NeighbourTable& neighbours() { return *neighbours_; }
    /// From the host to the switch, and back.
    Wire& up() { return up_; }
    Wire& down() { return down_; }
    const Wire& up() const { return up_; }
    const Wire& down() const { return down_; }
    /// Whether the host sees a carrier: a link that is cut one way only still has it.
    bool has_carrier() const { return !(up_.impairment.cut && down_.impairment.cut); }
    /// Takes note of a cut or healed link: without a carrier a host forgets its neighbours
    /// (arp_netdev_event).
    void carrier_changed();

    /// What happens on the way out to UDP datagrams for this port alone.
    void impair_udp(Port destination, const Impairment& impairment);
    const Impairment& udp_impairment() const { return udp_impairment_; }
    /// Not owned; null = none.
    void set_leaving(LeavingPackets* leaving) { leaving_ = leaving; }
    /// Shared by the cards of a host.
    void set_cpu(std::shared_ptr<PacketCpu> cpu) { cpu_ = std::move(cpu); }
    std::uint64_t backlog_dropped() const { return cpu_ ? cpu_->dropped() : 0; }

    MachineState state() const { return state_; }
    void set_state(MachineState state);

    /// A frame is ready for the link.
    void transmit(const ns3::Ptr<ns3::Packet>& packet, ns3::Mac48Address to,
                  std::uint16_t protocol);

    /// Writes every frame sent or received from now on.
    void capture_to(const ns3::Ptr<ns3::PcapFileWrapper>& file) { capture_ = file; }

    void plug_into(EthernetSwitch& lan, std::uint32_t number, ns3::Mac48Address address);
    std::uint32_t number() const { return number_; }
    /// The switch sends a frame down this port's link.
    void deliver(const ns3::Ptr<ns3::Packet>& packet, std::uint16_t protocol,
                 ns3::Mac48Address source, ns3::Mac48Address destination);

    bool Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address& destination,
              std::uint16_t protocol) override;
    bool SendFrom(ns3::Ptr<ns3::Packet> packet, const ns3::Address& source,
                  const ns3::Address& destination, std::uint16_t protocol) override;

    void SetIfIndex(std::uint32_t index) override { interface_index_ = index; }
    std::uint32_t GetIfIndex() const override { return interface_index_; }
    ns3::Ptr<ns3::Channel> GetChannel() const override { return switch_; }
    void SetAddress(ns3::Address address) override;
    ns3::Address GetAddress() const override { return address_; }
    bool SetMtu(std::uint16_t mtu) override;
    std::uint16_t GetMtu() const override { return mtu_; }
    bool IsLinkUp() const override { return true; }
    void AddLinkChangeCallback(ns3::Callback<void>) override {}
    bool IsBroadcast() const override { return true; }
    ns3::Address GetBroadcast() const override { return ns3::Mac48Address::GetBroadcast(); }
    bool IsMulticast() const override { return true; }
    ns3::Address GetMulticast(ns3::Ipv4Address group) const override;
    ns3::Address GetMulticast(ns3::Ipv6Address group) const override;
    bool IsBridge() const override { return false; }
    bool IsPointToPoint() const override { return false; }
    ns3::Ptr<ns3::Node> GetNode() const override { return node_; }
    void SetNode(ns3::Ptr<ns3::Node> node) override { node_ = node; }
    bool NeedsArp() const override { return true; }
    void SetReceiveCallback(ReceiveCallback callback) override { receive_ = callback; }
    void SetPromiscReceiveCallback(PromiscReceiveCallback callback) override;
    bool SupportsSendFrom() const override { return false; }

private:
    void DoDispose() override;
    struct Frame {
        ns3::Ptr<ns3::Packet> packet;
        std::uint16_t protocol;
        ns3::Mac48Address source, destination;
    };

    void reach_switch(Frame frame, std::uint32_t epoch, Time left_queue);
    void reach_host(Frame frame);
    void wait_for_cpu(const Frame& frame);
    void receive(Frame frame, std::uint32_t epoch);
    Impairment impairment_of(const ns3::Ptr<const ns3::Packet>& packet,
                             std::uint16_t protocol) const;
    void crash();
    void resume();
    void capture(const ns3::Ptr<const ns3::Packet>& packet, std::uint16_t protocol,
                 ns3::Mac48Address source, ns3::Mac48Address destination);

    std::string name_;
    Wire up_, down_;
    std::unique_ptr<NeighbourTable> neighbours_;
    LeavingPackets* leaving_ = nullptr;
    std::shared_ptr<PacketCpu> cpu_;
    std::optional<Port> impaired_udp_;
    Impairment udp_impairment_;
    MachineState state_ = MachineState::up;
    std::uint32_t epoch_ = 0;  ///< counts crashes
    Time crashed_at_{};
    std::deque<Frame> ring_, unsent_;  ///< of a hanging host
    ns3::Ptr<EthernetSwitch> switch_;
    ns3::Ptr<ns3::Node> node_;
    ns3::Mac48Address address_;
    std::uint32_t number_ = 0;
    std::uint32_t interface_index_ = 0;
    std::uint16_t mtu_ = 1500;
    ReceiveCallback receive_;
    PromiscReceiveCallback promiscuous_;
    ns3::Ptr<ns3::PcapFileWrapper> capture_;
    std::uint64_t sent_packets_ = 0, sent_bytes_ = 0, received_packets_ = 0, received_bytes_ = 0;
};

}  // namespace lvslab::packet_world
