// SPDX-License-Identifier: GPL-2.0-only
/// A switched Ethernet in ns-3: hosts, each on a full-duplex link of its own to a switch.
///
/// ns-3's CSMA wakes every host of a LAN for every frame; here a unicast frame costs two events
/// whatever the number of hosts, and each link has its own rate, delay and loss.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

class EthernetPort;

/// One way of a link: a drop-tail queue, a rate, a delay, a loss.
class Wire {
public:
    /// `name` is the random stream of the losses. A rate of 0 has no limit.
    Wire(const scenario::Link& link, std::uint64_t seed, const std::string& name)
        : link_(link), losses_(seed, name) {}

    /// When a frame of `bytes` given to the wire at `now` is at its other end; `never` if it is
    /// lost, or dropped because the queue is full.
    Time carry(Time now, std::uint32_t bytes);

    /// Carries at once, without queue or delay.
    bool immediate() const { return link_.rate.value() == 0 && link_.delay == Duration{}; }

private:
    scenario::Link link_;
    RandomStream losses_;
    Time free_{};  ///< when the last queued frame has been sent
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

/// A host's network card and its link to the switch.
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
    void reach_switch(ns3::Ptr<ns3::Packet> packet, std::uint16_t protocol,
                      ns3::Mac48Address destination);
    void receive(ns3::Ptr<ns3::Packet> packet, std::uint16_t protocol, ns3::Mac48Address source,
                 ns3::Mac48Address destination);
    void capture(const ns3::Ptr<const ns3::Packet>& packet, std::uint16_t protocol,
                 ns3::Mac48Address source, ns3::Mac48Address destination);

    std::string name_;
    Wire up_, down_;
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
