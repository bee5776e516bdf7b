// SPDX-License-Identifier: GPL-2.0-only
/// What a router decided about connections, from the frames that go in and out of it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "core/journal/event.hpp"
#include "core/packet/packet.hpp"
#include "core/router/desired_services.hpp"
#include "core/scenario/scenario.hpp"
#include "realmode/lab/network_plan.hpp"

namespace lvslab::lab {

/// A frame that a router's card received or sent.
struct CapturedFrame {
    Time time;
    bool outgoing = false;
    MacAddress destination{};
    std::span<const std::uint8_t> packet;  ///< the IP packet, perhaps without its end
};

/// Matches a connection's first packet that comes in for a virtual service with what goes out for
/// it: to a real server by its address (NAT, tunnel) or by its card (direct routing), or an ICMP
/// destination unreachable. Tells a Decision at the time of the packet that came in. A SYN that is
/// sent again, with the same sequence number and to the same server, is no decision.
///
/// The kernel does not say whether a persistence template chose the server. A connection to the
/// server that the last one of its client network had got is told as chosen by one.
///
/// Memory: one entry a connection of the run.
class DecisionWatch {
public:
    /// `services`: what the journal's indices count. All of them must outlive the watch.
    DecisionWatch(const scenario::Scenario& scenario, const NetworkPlan& plan,
                  const std::vector<router::DesiredService>& services, std::uint32_t router,
                  journal::Sink& sink);

    void take(const CapturedFrame& frame);
    /// The machine boots: it knows no connection, and has other mark rules perhaps.
    void boot(const scenario::HostFiles& files);

    /// What a packet is for: an index of `services`, or no_index.
    std::uint32_t service_of(const packet::Flow& flow) const;
    Fwmark mark_of(const packet::Flow& flow) const;
    /// The scenario's server with this address, with this card; or no_index.
    std::uint32_t server_at(const Address& address) const;
    std::uint32_t server_behind(const MacAddress& card) const;
    Address address_of(std::uint32_t server) const;

private:
    using FlowKey = std::tuple<Protocol, Endpoint, Endpoint>;  ///< client, virtual endpoint
    struct Pending {
        Time time;
        std::uint32_t service;
        std::uint32_t sequence;  ///< of a SYN; 0 for UDP
    };
    struct Known {
        std::uint32_t sequence;
        std::uint32_t server;
        Time last;
    };

    void take_in(Time now, const packet::PacketView& packet);
    void take_out(const CapturedFrame& frame, const packet::PacketView& packet);
    void decided(Time now, Protocol protocol, const Endpoint& client, std::uint32_t sequence,
                 std::uint32_t server);
    void refused(const packet::PacketView& quoted);
    void tell(const FlowKey& flow, const Pending& pending, std::uint32_t server);
    std::uint8_t origin_of(const FlowKey& flow, std::uint32_t service, std::uint32_t server);

    const scenario::Scenario& scenario_;
    const NetworkPlan& plan_;
    const std::vector<router::DesiredService>& services_;
    std::uint32_t router_;
    journal::Sink& sink_;
    const std::vector<scenario::MarkRule>* marks_;
    Duration udp_timeout_;
    std::map<std::pair<Protocol, Endpoint>, std::pair<FlowKey, Pending>> pending_;  ///< by client
    std::map<FlowKey, Known> known_;
    std::map<std::pair<std::uint32_t, Address>, std::uint32_t> templates_;
};

}  // namespace lvslab::lab
