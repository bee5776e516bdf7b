// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/director.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "core/packet/rewrite.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/ip_in_ip.hpp"
#include "sim/packet/packet_headers.hpp"
#include "sim/packet/reassembly.hpp"
#include "sim/packet/routing_hook.hpp"

namespace lvslab::packet_world {
namespace {

using ns3::Ptr;
using scenario::MembershipChange;

bool has_transport(const ns3::Ipv4Header& header) {
    return header.GetProtocol() == packet::TcpView::protocol_number ||
           header.GetProtocol() == packet::UdpView::protocol_number;
}

}  // namespace

class Director::DataPath : public PacketFilter {
public:
    DataPath(Network& network, unsigned router, const scenario::Scenario& scenario,
             const DirectorOptions& options, journal::Sink& sink)
        : scenario_(scenario),
          router_(router),
          sink_(sink),
          nat_(scenario.config.network == config::NetworkType::nat),
          services_(router::desired_services(scenario.config, options.scheduler)),
          ipvs_(options.ipvs),
          hook_(network.hook(router)),
          stack_(network.router(router)->GetObject<ns3::Ipv4L3Protocol>()) {
        for (const auto& a : network.topology().virtual_addresses) {
            virtual_addresses_.insert(a.v4_host_order());
        }
        for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
            servers_.emplace(scenario.servers[i].interface.address.v4_host_order(), i);
        }
        ipvs_.set_timeouts(router::desired_timeouts(scenario.config));
        add_services();
        for (const auto& change : scenario.changes) {
            changes_.push_back(ns3::Simulator::Schedule(
                to_ns3(change.at - now()), &DataPath::change_membership, this, change));
        }
        hook_.set_filter(this);
    }

    ~DataPath() override {
        hook_.set_filter(nullptr);
        for (auto& event : changes_) {
            event.Cancel();
        }
    }

    bool take(const ArrivedPacket& arrived) override {
        const auto& header = arrived.header;
        if (!has_transport(header)) {
            return false;
        }
        const bool from_server = nat_ && servers_.contains(header.GetSource().Get());
        const bool to_virtual = virtual_addresses_.contains(header.GetDestination().Get());
        if (!from_server && !to_virtual && scenario_.marks.empty()) {
            return false;
        }
        if (!Reassembler::is_fragment(header)) {
            return take_whole(arrived, from_server, to_virtual);
        }
        if (const auto datagram = fragments_.add(arrived.packet, header, now())) {
            const ArrivedPacket whole{datagram->packet, datagram->header, arrived.device,
                                      arrived.forward, arrived.deliver};
            if (!take_whole(whole, from_server, to_virtual)) {
                route_onward(whole);
            }
        }
        return true;
    }

    bool take_whole(const ArrivedPacket& arrived, bool from_server, bool to_virtual) {
        const PacketHeaders headers(arrived.header, arrived.packet);
        if (!headers.flow()) {
            return false;
        }
        if (from_server && take_reply(arrived, headers)) {
            return true;
        }
        const auto& flow = *headers.flow();
        const auto mark = scenario::mark_of(scenario_.marks, flow.protocol, flow.source.address,
                                            flow.destination);
        return (to_virtual || mark != Fwmark{}) && take_request(arrived, headers, mark);
    }

    /// A datagram that was put together here and is none of IPVS's business after all.
    void route_onward(const ArrivedPacket& arrived) {
        if (const auto interface = stack_->GetInterfaceForDevice(arrived.device);
            stack_->IsDestinationAddress(arrived.header.GetDestination(),
                                         static_cast<std::uint32_t>(interface))) {
            arrived.deliver(arrived.packet, arrived.header, static_cast<std::uint32_t>(interface));
        } else if (const auto route = route_to(arrived.header.GetDestination())) {
            arrived.forward(route, arrived.packet, arrived.header);
        }
    }

    void sample();

    const ipvs::Ipvs& ipvs() const { return ipvs_; }
    const DirectorCounters& counters() const { return counters_; }
    const std::vector<router::DesiredService>& services() const { return services_; }

private:
    void add_services();
    void add_destination(std::uint32_t service, const router::DesiredDestination& d);
    void edit_destination(std::uint32_t service, const router::DesiredDestination& d,
                          Weight weight);
    void change_membership(const MembershipChange& change);
    void change_destination(std::uint32_t service, const router::DesiredDestination& d,
                            MembershipChange::Kind kind);

    bool take_reply(const ArrivedPacket& arrived, const PacketHeaders& headers);
    bool take_request(const ArrivedPacket& arrived, const PacketHeaders& headers, Fwmark mark);
    void forward(const ArrivedPacket& arrived, const PacketHeaders& headers,
                 const ipvs::Verdict& verdict);
    void forward_by_nat(const ArrivedPacket& arrived, const PacketHeaders& headers,
                        const ipvs::Verdict& verdict);
    void forward_by_tunnel(const ArrivedPacket& arrived, const Address& server,
                           const Ptr<ns3::Ipv4Route>& route);
    void reject(const ArrivedPacket& arrived);
    void tell_decision(const packet::Flow& flow, Fwmark mark, const ipvs::Verdict& verdict);
    std::uint32_t service_of(const packet::Flow& flow, Fwmark mark) const;
    Ptr<ns3::Ipv4Route> route_to(ns3::Ipv4Address to);
    Ptr<ns3::Ipv4Route> route_to_server(const Address& server);

    std::uint32_t server_index(const Address& a) const {
        const auto found = servers_.find(a.v4_host_order());
        return found == servers_.end() ? journal::no_index : found->second;
    }
    template <class Payload>
    void tell(Payload payload) {
        sink_.take({now(), std::move(payload)});
    }

    const scenario::Scenario& scenario_;
    std::uint32_t router_;
    journal::Sink& sink_;
    bool nat_;
    std::vector<router::DesiredService> services_;
    ipvs::Ipvs ipvs_;
    RoutingHook& hook_;
    Ptr<ns3::Ipv4L3Protocol> stack_;
    std::unordered_set<std::uint32_t> virtual_addresses_;       ///< in host order
    std::unordered_map<std::uint32_t, std::uint32_t> servers_;  ///< by address in host order
    std::unordered_map<std::uint32_t, Ptr<ns3::Ipv4Route>> server_routes_;
    std::vector<ns3::EventId> changes_;
    Reassembler fragments_;
    std::uint16_t tunnel_identification_ = 0;
    DirectorCounters counters_;
};

void Director::DataPath::add_services() {
    for (std::uint32_t i = 0; i < services_.size(); ++i) {
        const auto& service = services_[i];
        if (ipvs_.add_service(service.key, service.settings, now()) != ipvs::ControlResult::ok) {
            throw std::runtime_error(
                fmt::format("IPVS does not take virtual service {}", service.name));
        }
        for (const auto& d : service.destinations) {
            if (d.active) {
                add_destination(i, d);
            }
        }
    }
}

void Director::DataPath::add_destination(std::uint32_t service,
                                         const router::DesiredDestination& d) {
    const auto result =
        ipvs_.add_destination(services_[service].key, d.endpoint, d.settings, now());
    if (result == ipvs::ControlResult::ok) {
        tell(journal::DestinationAdded{router_, service, server_index(d.endpoint.address),
                                       d.settings.weight.value()});
    } else if (result == ipvs::ControlResult::exists) {
        // It was quiesced, not taken out.
        edit_destination(service, d, d.settings.weight);
    } else {
        throw std::runtime_error(fmt::format("IPVS does not take real server {} of {}", d.name,
                                             services_[service].name));
    }
}

void Director::DataPath::edit_destination(std::uint32_t service,
                                          const router::DesiredDestination& d, Weight weight) {
    auto settings = d.settings;
    settings.weight = weight;
    const auto result = ipvs_.edit_destination(services_[service].key, d.endpoint, settings, now());
    if (result == ipvs::ControlResult::ok) {
        tell(journal::DestinationEdited{router_, service, server_index(d.endpoint.address),
                                        weight.value()});
    }
}

void Director::DataPath::change_membership(const MembershipChange& change) {
    const auto& address = scenario_.servers[change.server].interface.address;
    for (std::uint32_t i = 0; i < services_.size(); ++i) {
        for (const auto& d : services_[i].destinations) {
            if (d.endpoint.address == address) {
                change_destination(i, d, change.kind);
            }
        }
    }
}

void Director::DataPath::change_destination(std::uint32_t service,
                                            const router::DesiredDestination& d,
                                            MembershipChange::Kind kind) {
    switch (kind) {
        case MembershipChange::Kind::join:
            add_destination(service, d);
            break;
        case MembershipChange::Kind::quiesce:
            edit_destination(service, d, Weight{0});
            break;
        case MembershipChange::Kind::leave:
            if (ipvs_.remove_destination(services_[service].key, d.endpoint, now()) ==
                ipvs::ControlResult::ok) {
                tell(journal::DestinationRemoved{router_, service,
                                                 server_index(d.endpoint.address)});
            }
            break;
    }
}

void Director::DataPath::sample() {
    ipvs_.advance(now());
    for (std::uint32_t i = 0; i < services_.size(); ++i) {
        for (const auto& d : ipvs_.destinations(services_[i].key)) {
            tell(journal::DestinationLoad{router_, i, server_index(d.endpoint.address),
                                          d.weight.value(), d.active, d.inactive});
        }
    }
}

/// A packet that goes out through the director may be a real server's reply (ip_vs_out_hook).
bool Director::DataPath::take_reply(const ArrivedPacket& arrived, const PacketHeaders& headers) {
    const auto& flow = *headers.flow();
    const auto verdict = ipvs_.step({.direction = ipvs::Direction::from_server,
                                     .protocol = flow.protocol,
                                     .source = flow.source,
                                     .destination = flow.destination,
                                     .flags = static_cast<ipvs::TcpFlags>(flow.tcp_flags),
                                     .mark = {}},
                                    now());
    if (verdict.action == ipvs::Action::pass) {
        return false;
    }
    if (verdict.action != ipvs::Action::forward ||
        !packet::rewrite_source(headers.editor(), verdict.virtual_endpoint)) {
        ++counters_.dropped;
        return true;
    }
    const auto route = route_to(arrived.header.GetDestination());
    if (!route) {
        ++counters_.dropped;
        return true;
    }
    ++counters_.replies;
    arrived.forward(route, headers.rewritten_packet(), headers.rewritten_header());
    return true;
}

/// A packet that comes in for a virtual service (ip_vs_in_hook).
bool Director::DataPath::take_request(const ArrivedPacket& arrived, const PacketHeaders& headers,
                                      Fwmark mark) {
    const auto& flow = *headers.flow();
    const auto verdict = ipvs_.step({.direction = ipvs::Direction::from_client,
                                     .protocol = flow.protocol,
                                     .source = flow.source,
                                     .destination = flow.destination,
                                     .flags = static_cast<ipvs::TcpFlags>(flow.tcp_flags),
                                     .mark = mark},
                                    now());
    if (verdict.action == ipvs::Action::reject || verdict.origin == ipvs::Origin::scheduled ||
        verdict.origin == ipvs::Origin::persistence) {
        tell_decision(flow, mark, verdict);
    }
    switch (verdict.action) {
        case ipvs::Action::pass:
            return false;
        case ipvs::Action::forward:
            forward(arrived, headers, verdict);
            return true;
        case ipvs::Action::drop:
            ++counters_.dropped;
            return true;
        case ipvs::Action::reject:
            reject(arrived);
            return true;
        case ipvs::Action::reset: {
            // The host's own stack has no socket for it: TCP resets, UDP answers by ICMP. Handed
            // over here because the destination of a marked packet need not be the host's own.
            ++counters_.reset;
            const auto interface = stack_->GetInterfaceForDevice(arrived.device);
            arrived.deliver(arrived.packet, arrived.header, static_cast<std::uint32_t>(interface));
            return true;
        }
    }
    return false;
}

void Director::DataPath::forward(const ArrivedPacket& arrived, const PacketHeaders& headers,
                                 const ipvs::Verdict& verdict) {
    const auto route = route_to_server(verdict.server.address);
    if (!route) {
        ++counters_.dropped;
        return;
    }
    switch (verdict.method) {
        case ipvs::ForwardingMethod::nat:
            forward_by_nat(arrived, headers, verdict);
            break;
        case ipvs::ForwardingMethod::direct:
            arrived.forward(route, arrived.packet, arrived.header);
            break;
        case ipvs::ForwardingMethod::tunnel:
            forward_by_tunnel(arrived, verdict.server.address, route);
            break;
        case ipvs::ForwardingMethod::local:
        case ipvs::ForwardingMethod::bypass:
            // An lvs.cf cannot ask for them.
            ++counters_.dropped;
            return;
    }
    ++counters_.forwarded;
}

void Director::DataPath::forward_by_nat(const ArrivedPacket& arrived, const PacketHeaders& headers,
                                        const ipvs::Verdict& verdict) {
    if (packet::rewrite_destination(headers.editor(), verdict.server)) {
        arrived.forward(route_to_server(verdict.server.address), headers.rewritten_packet(),
                        headers.rewritten_header());
    }
}

void Director::DataPath::forward_by_tunnel(const ArrivedPacket& arrived, const Address& server,
                                           const Ptr<ns3::Ipv4Route>& route) {
    if (arrived.header.GetTtl() <= 1) {
        ++counters_.dropped;
        return;
    }
    const auto out = encapsulate(arrived.packet, arrived.header, route->GetSource(), to_ns3(server),
                                 tunnel_identification_++);
    stack_->SendWithHeader(out.packet, out.header, route);
}

/// ICMP port unreachable from the address that the client asked (ip_vs_leave).
void Director::DataPath::reject(const ArrivedPacket& arrived) {
    ++counters_.rejected;
    const auto client = arrived.header.GetSource();
    const auto route = route_to(client);
    if (!route) {
        return;
    }
    auto quoted = arrived.header;
    quoted.EnableChecksum();
    ns3::Icmpv4DestinationUnreachable unreachable;
    unreachable.SetNextHopMtu(0);  // ns-3 leaves it to chance
    unreachable.SetHeader(quoted);
    unreachable.SetData(arrived.packet);
    ns3::Icmpv4Header icmp;
    icmp.SetType(ns3::Icmpv4Header::ICMPV4_DEST_UNREACH);
    icmp.SetCode(ns3::Icmpv4DestinationUnreachable::ICMPV4_PORT_UNREACHABLE);
    icmp.EnableChecksum();
    auto answer = ns3::Create<ns3::Packet>();
    answer->AddHeader(unreachable);
    answer->AddHeader(icmp);
    stack_->Send(answer, arrived.header.GetDestination(), client,
                 ns3::Icmpv4L4Protocol::PROT_NUMBER, route);
}

void Director::DataPath::tell_decision(const packet::Flow& flow, Fwmark mark,
                                       const ipvs::Verdict& verdict) {
    const bool chosen = verdict.action == ipvs::Action::forward;
    tell(journal::Decision{router_, service_of(flow, mark),
                           chosen ? server_index(verdict.server.address) : journal::no_index,
                           static_cast<std::uint8_t>(chosen ? verdict.origin : ipvs::Origin::none),
                           flow.source, flow.destination});
}

/// As IPVS looks services up: by mark, then by address and port, then by port 0.
std::uint32_t Director::DataPath::service_of(const packet::Flow& flow, Fwmark mark) const {
    const auto index_of = [&](auto&& wanted) {
        const auto found = std::ranges::find_if(services_, wanted);
        return found == services_.end() ? journal::no_index
                                        : static_cast<std::uint32_t>(found - services_.begin());
    };
    auto index = mark == Fwmark{} ? journal::no_index
                                  : index_of([&](const auto& s) { return s.key.fwmark == mark; });
    for (const auto port : {flow.destination.port, Port{0}}) {
        if (index == journal::no_index) {
            index = index_of([&](const auto& s) {
                return s.key.fwmark == Fwmark{} && s.key.protocol == flow.protocol &&
                       s.key.endpoint == Endpoint{flow.destination.address, port};
            });
        }
    }
    return index;
}

Ptr<ns3::Ipv4Route> Director::DataPath::route_to(ns3::Ipv4Address to) {
    ns3::Ipv4Header header;
    header.SetDestination(to);
    auto error = ns3::Socket::ERROR_NOTERROR;
    return hook_.RouteOutput(nullptr, header, nullptr, error);
}

/// The next hop for a real server, kept: its address does not move.
Ptr<ns3::Ipv4Route> Director::DataPath::route_to_server(const Address& server) {
    const auto address = to_ns3(server);
    auto& route = server_routes_[address.Get()];
    if (!route) {
        route = route_to(address);
        if (route && route->GetGateway() == ns3::Ipv4Address::GetZero()) {
            // On a LAN of ours: named as next hop, so that direct routing finds it whatever the
            // packet's own destination is.
            route->SetGateway(address);
        }
    }
    return route;
}

Director::Director(Network& network, unsigned router, const scenario::Scenario& scenario,
                   const DirectorOptions& options, journal::Sink& sink)
    : path_(std::make_unique<DataPath>(network, router, scenario, options, sink)) {}
Director::~Director() = default;

void Director::sample() {
    path_->sample();
}
const ipvs::Ipvs& Director::ipvs() const {
    return path_->ipvs();
}
const DirectorCounters& Director::counters() const {
    return path_->counters();
}
const std::vector<router::DesiredService>& Director::services() const {
    return path_->services();
}

}  // namespace lvslab::packet_world
