// SPDX-License-Identifier: GPL-2.0-only
/// ARP as Linux does it, in place of ns-3's: what a network card's host knows of its neighbours.
///
/// ns-3 asks its own ARP cache for the hardware address of a packet's next hop. That cache is
/// given, once for each next hop, an address that stands for the next hop's IP address and never
/// appears on a link. The card sees it, and looks the real one up here for each packet.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "core/base/random.hpp"
#include "sim/packet/neighbour.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

class EthernetPort;

/// For which addresses a host answers ARP, and in whose name it asks.
struct ArpPolicy {
    bool own_interface_only = false;  ///< arp_ignore=1: answers for the asked card's addresses only
    bool own_name_only = false;       ///< arp_announce=2: never asks in a packet's source's name
    /// arptables: requests for these are dropped, and the card's own address takes their place as
    /// sender.
    std::vector<ns3::Ipv4Address> hidden{};
};

class NeighbourTable {
public:
    /// Packets that wait for one neighbour's address (Linux bounds bytes: unres_qlen_bytes).
    static constexpr std::uint32_t waiting_bytes = 212'992;

    /// The port must outlive the table. Its name names the random streams.
    NeighbourTable(EthernetPort& port, std::uint64_t seed);
    ~NeighbourTable();
    NeighbourTable(const NeighbourTable&) = delete;
    NeighbourTable& operator=(const NeighbourTable&) = delete;

    /// Whether ns-3 was given this address for one that is looked up here.
    static bool stands_for_next_hop(const ns3::Mac48Address& mac);

    /// Sends an IP packet (its header in front) to the next hop that `stand_in` stands for, now or
    /// when its address is known.
    void send(const ns3::Ptr<ns3::Packet>& packet, const ns3::Mac48Address& stand_in);
    /// ns-3 asks for an address: its cache gets the stand-in at once.
    void answer_ns3(const ns3::Ptr<ns3::Packet>& request);
    /// An ARP packet has come in; `to_all`: by broadcast (arp_process).
    void receive(const ns3::Ptr<const ns3::Packet>& packet, bool to_all);
    /// One gratuitous ARP as send_arp sends it: a 60-byte broadcast reply whose sender and target
    /// are both the address and this card's own hardware address.
    void announce(ns3::Ipv4Address address);
    /// Everything learned is gone, packets that wait too: a crash, or a lost carrier.
    void forget();

    void set_policy(ArpPolicy policy) { policy_ = std::move(policy); }
    /// Answers take 20 to 200 us, at random, instead of no time: where two hosts answer for one
    /// address, it is chance that says whose answer comes first.
    void answer_with_delay() { delayed_answers_ = true; }
    /// Called when a neighbour has not answered: the next packet for it will wait.
    void on_failed(std::function<void(ns3::Ipv4Address)> callback) { failed_ = callback; }

    /// Null = nothing is known of it.
    const Neighbour* find(ns3::Ipv4Address address) const;

private:
    struct Entry {
        Neighbour neighbour;
        std::deque<ns3::Ptr<ns3::Packet>> waiting;
        std::uint32_t waiting_bytes = 0;
        ns3::EventId timer;
    };

    Duration reachable_time(Time now);
    void follow(ns3::Ipv4Address address, Entry& entry, const Neighbour::Step& step);
    void expire(ns3::Ipv4Address address);
    void learn(Entry& entry, const ns3::ArpHeader& arp, bool confirms, bool override);
    void wait(Entry& entry, const ns3::Ptr<ns3::Packet>& packet);
    void request(ns3::Ipv4Address address, const Entry& entry, bool by_broadcast);
    void reply(const ns3::ArpHeader& asked);
    void transmit_reply(const ns3::ArpHeader& asked);
    bool answers_for(ns3::Ipv4Address address) const;
    ns3::Ipv4Address name_for(ns3::Ipv4Address target, const Entry& entry) const;
    ns3::Ipv4Address own_address(ns3::Ipv4Address target) const;
    ns3::Ptr<ns3::Ipv4L3Protocol> stack() const;
    std::uint32_t interface() const;

    EthernetPort& port_;
    ArpPolicy policy_;
    std::map<ns3::Ipv4Address, Entry> entries_;
    std::function<void(ns3::Ipv4Address)> failed_;
    RandomStream reachable_draws_, answer_draws_;
    bool delayed_answers_ = false;
    Duration reachable_time_{};
    Time redrawn_ = Time::min();
};

}  // namespace lvslab::packet_world
