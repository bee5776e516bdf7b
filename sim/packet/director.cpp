// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/director.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "core/packet/rewrite.hpp"
#include "core/world/configurations.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/ftp_control.hpp"
#include "sim/packet/ip_in_ip.hpp"
#include "sim/packet/packet_headers.hpp"
#include "sim/packet/reassembly.hpp"
#include "sim/packet/routing_hook.hpp"
#include "sim/packet/source_nat.hpp"

namespace lvslab::packet_world {

using world::all_services;
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
        : options_(options),
          router_(router),
          sink_(sink),
          services_(world::all_services(scenario, options.scheduler)),
          ipvs_(options.ipvs),
          source_nat_(nat_rules_, scenario.routers.at(router), options.ipvs.seed),
          hook_(network.hook(router)),
          stack_(network.router(router)->GetObject<ns3::Ipv4L3Protocol>()) {
        for (const auto& service : services_) {
            if (service.key.fwmark == Fwmark{}) {
                virtual_addresses_.insert(service.key.endpoint.address.v4_host_order());
            }
        }
        for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
            servers_.emplace(scenario.servers[i].interface.address.v4_host_order(), i);
        }
        boot(scenario.routers.at(router).running);
        hook_.set_filter(this);
    }

    ~DataPath() override {
        hook_.set_filter(nullptr);
        sync_event_.Cancel();
    }

    void set_sync_master(const std::optional<ipvs::SyncMaster>& daemon, SendSync send) {
        ipvs_.set_sync_master(daemon, now());
        send_sync_ = daemon ? std::move(send) : SendSync();
        arm_sync();
    }

    void boot(const scenario::HostFiles& files) {
        marks_ = files.marks;
        nat_rules_ = files.nat;
        forwarding_ = files.ip_forward;
        scenario::apply(files.ipvs, options_.ipvs);
        options_.ipvs.ftp_helper = files.ftp_helper;
        ipvs_.set_options(options_.ipvs);
        stack_->SetAttribute("IpForward", ns3::BooleanValue(files.ip_forward));
    }

    void lose_everything() {
        send_sync_ = {};
        arm_sync();
        ipvs_ = ipvs::Ipvs(options_.ipvs);
        fragments_ = Reassembler();
        ftp_ = {};
        source_nat_.forget();
        nat_ = false;
    }

    bool take(const ArrivedPacket& arrived) override {
        const auto& header = arrived.header;
        if (!has_transport(header)) {
            return pass();
        }
        const bool from_server = nat_ && servers_.contains(header.GetSource().Get());
        const bool to_virtual = virtual_addresses_.contains(header.GetDestination().Get()) &&
                                stack_->GetInterfaceForAddress(header.GetDestination()) >= 0;
        if (!from_server && !to_virtual && marks_.empty() && nat_rules_.empty()) {
            return pass();
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
            return pass();
        }
        if (from_server && take_reply(arrived, headers)) {
            ++counters_.seen;
            arm_sync();
            return true;
        }
        const auto& flow = *headers.flow();
        const auto mark =
            scenario::mark_of(marks_, flow.protocol, flow.source.address, flow.destination);
        if ((to_virtual || mark != Fwmark{}) && take_request(arrived, headers, mark)) {
            ++counters_.seen;
            arm_sync();
            return true;
        }
        if (take_translated(arrived, headers)) {
            ++counters_.seen;
            return true;
        }
        return pass();
    }

    /// A datagram that was put together here and is none of IPVS's business after all.
    void route_onward(const ArrivedPacket& arrived) {
        if (const auto interface = stack_->GetInterfaceForDevice(arrived.device);
            stack_->IsDestinationAddress(arrived.header.GetDestination(),
                                         static_cast<std::uint32_t>(interface))) {
            arrived.deliver(arrived.packet, arrived.header, static_cast<std::uint32_t>(interface));
        } else if (const auto route = route_to(arrived.header.GetDestination());
                   route && forwarding_) {
            arrived.forward(route, arrived.packet, arrived.header);
        }
    }

    void sample();

    ipvs::Ipvs& ipvs() { return ipvs_; }
    const DirectorCounters& counters() const { return counters_; }
    const std::vector<router::DesiredService>& services() const { return services_; }
    const DirectorOptions& options() const { return options_; }

    void tell_service(const ipvs::ServiceKey& key, const ipvs::ServiceSettings& settings) {
        tell(journal::ServiceSet{router_, service_index(key), settings.scheduler,
                                 settings.persistent, settings.persistence_mask});
    }
    void use_method(ipvs::ForwardingMethod method) {
        nat_ = nat_ || method == ipvs::ForwardingMethod::nat;
    }
    std::uint32_t service_index(const ipvs::ServiceKey& key) const {
        const auto found =
            std::ranges::find_if(services_, [&](const auto& s) { return s.key == key; });
        return found == services_.end() ? journal::no_index
                                        : static_cast<std::uint32_t>(found - services_.begin());
    }
    std::uint32_t server_index(const Address& a) const {
        const auto found = servers_.find(a.v4_host_order());
        return found == servers_.end() ? journal::no_index : found->second;
    }
    std::uint32_t router() const { return router_; }
    template <class Payload>
    void tell(Payload payload) {
        sink_.take({now(), std::move(payload)});
    }

private:
    /// Each segment may bring the next sync message nearer.
    void arm_sync() {
        const Time due = send_sync_ ? ipvs_.next_sync_message() : never;
        if (due == sync_at_) {
            return;
        }
        sync_event_.Cancel();
        sync_at_ = due;
        if (due != never) {
            sync_event_ = ns3::Simulator::Schedule(to_ns3(std::max(due - now(), Duration{})),
                                                   &DataPath::send_sync, this);
        }
    }
    void send_sync() {
        sync_at_ = never;
        for (const auto& message : ipvs_.take_sync_messages(now())) {
            send_sync_(message);
        }
        arm_sync();
    }

    bool pass() {
        ++counters_.seen;
        ++counters_.passed;
        return false;
    }
    bool take_reply(const ArrivedPacket& arrived, const PacketHeaders& headers);
    bool take_request(const ArrivedPacket& arrived, const PacketHeaders& headers, Fwmark mark);
    void pass_ftp(const ArrivedPacket& arrived, const ipvs::Segment& segment,
                  const ipvs::Verdict& verdict);
    bool take_translated(const ArrivedPacket& arrived, const PacketHeaders& headers);
    void forward(const ArrivedPacket& arrived, const PacketHeaders& headers,
                 const ipvs::Verdict& verdict);
    bool forward_by_nat(const ArrivedPacket& arrived, const PacketHeaders& headers,
                        const ipvs::Verdict& verdict);
    bool forward_by_tunnel(const ArrivedPacket& arrived, const Address& server,
                           const Ptr<ns3::Ipv4Route>& route);
    void reject(const ArrivedPacket& arrived);
    void tell_decision(const packet::Flow& flow, Fwmark mark, const ipvs::Verdict& verdict);
    void tell_segment(const ipvs::Segment& segment, const ipvs::Verdict& verdict);
    std::uint32_t service_of(const packet::Flow& flow, Fwmark mark) const;
    Ptr<ns3::Ipv4Route> route_to(ns3::Ipv4Address to);
    Ptr<ns3::Ipv4Route> route_to_server(const Address& server);

    DirectorOptions options_;
    std::uint32_t router_;
    journal::Sink& sink_;
    std::vector<scenario::MarkRule> marks_;
    bool forwarding_ = true;  ///< net.ipv4.ip_forward
    bool nat_ = false;        ///< some real server is reached by NAT
    std::vector<router::DesiredService> services_;
    ipvs::Ipvs ipvs_;
    std::vector<scenario::NatRule> nat_rules_;
    FtpControl ftp_;
    SourceNat source_nat_;
    RoutingHook& hook_;
    Ptr<ns3::Ipv4L3Protocol> stack_;
    std::unordered_set<std::uint32_t> virtual_addresses_;       ///< in host order
    std::unordered_map<std::uint32_t, std::uint32_t> servers_;  ///< by address in host order
    std::unordered_map<std::uint32_t, Ptr<ns3::Ipv4Route>> server_routes_;
    Reassembler fragments_;
    SendSync send_sync_;
    Time sync_at_ = never;
    ns3::EventId sync_event_;
    std::uint16_t tunnel_identification_ = 0;
    DirectorCounters counters_;
};

void Director::DataPath::sample() {
    ipvs_.advance(now());
    for (std::uint32_t i = 0; i < services_.size(); ++i) {
        for (const auto& d : ipvs_.destinations(services_[i].key)) {
            tell(journal::DestinationLoad{router_, i, server_index(d.endpoint.address),
                                          d.weight.value(), d.active, d.inactive});
        }
    }
    const auto& c = counters_;
    tell(journal::DirectorTraffic{router_, c.seen, c.passed, c.forwarded, c.replies, c.dropped,
                                  c.rejected, c.reset});
}

/// A packet that goes out through the director may be a real server's reply (ip_vs_out_hook).
bool Director::DataPath::take_reply(const ArrivedPacket& arrived, const PacketHeaders& headers) {
    const auto& flow = *headers.flow();
    const ipvs::Segment segment{.direction = ipvs::Direction::from_server,
                                .protocol = flow.protocol,
                                .source = flow.source,
                                .destination = flow.destination,
                                .flags = static_cast<ipvs::TcpFlags>(flow.tcp_flags),
                                .mark = {}};
    const auto verdict = ipvs_.step(segment, now());
    if (verdict.action == ipvs::Action::pass) {
        return false;
    }
    tell_segment(segment, verdict);
    if (verdict.ftp_control && verdict.action == ipvs::Action::forward) {
        pass_ftp(arrived, segment, verdict);
        return true;
    }
    if (verdict.action != ipvs::Action::forward ||
        !packet::rewrite_source(headers.editor(), verdict.virtual_endpoint)) {
        ++counters_.dropped;
        return true;
    }
    // The reply is a packet on its way through: ip_forward decides (manual, 3.6).
    const auto route = route_to(arrived.header.GetDestination());
    if (!route || !forwarding_) {
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
    const ipvs::Segment segment{.direction = ipvs::Direction::from_client,
                                .protocol = flow.protocol,
                                .source = flow.source,
                                .destination = flow.destination,
                                .flags = static_cast<ipvs::TcpFlags>(flow.tcp_flags),
                                .mark = mark};
    const auto verdict = ipvs_.step(segment, now());
    tell_segment(segment, verdict);
    if (verdict.action == ipvs::Action::reject || verdict.origin == ipvs::Origin::scheduled ||
        verdict.origin == ipvs::Origin::persistence) {
        tell_decision(flow, mark, verdict);
    }
    if (verdict.ftp_control && verdict.action == ipvs::Action::forward) {
        pass_ftp(arrived, segment, verdict);
        return true;
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

/// A control connection's packet by NAT, with what the FTP helper makes of it.
void Director::DataPath::pass_ftp(const ArrivedPacket& arrived, const ipvs::Segment& segment,
                                  const ipvs::Verdict& verdict) {
    const auto out = ftp_.pass(ipvs_, segment, verdict, arrived.packet, arrived.header);
    const auto route = out ? route_to(out->header.GetDestination()) : nullptr;
    const bool in = segment.direction == ipvs::Direction::from_client;
    if (!route || (!in && !forwarding_)) {
        ++counters_.dropped;
        return;
    }
    ++(in ? counters_.forwarded : counters_.replies);
    arrived.forward(route, out->packet, out->header);
}

/// What IPVS does not know passes the rules of nat POSTROUTING on its way out, and back.
bool Director::DataPath::take_translated(const ArrivedPacket& arrived,
                                         const PacketHeaders& headers) {
    if (nat_rules_.empty()) {
        return false;
    }
    const auto interface =
        static_cast<std::uint32_t>(stack_->GetInterfaceForDevice(arrived.device));
    if (stack_->IsDestinationAddress(arrived.header.GetDestination(), interface)) {
        if (!source_nat_.incoming(headers.editor(), *headers.flow(), now())) {
            return false;
        }
    } else {
        const auto result = source_nat_.outgoing(headers.editor(), *headers.flow(), now());
        if (result == SourceNat::Result::untouched) {
            return false;
        }
        if (result == SourceNat::Result::no_port) {
            ++counters_.dropped;
            return true;
        }
    }
    const auto route = route_to(headers.rewritten_header().GetDestination());
    ++(route && forwarding_ ? counters_.passed : counters_.dropped);
    if (route && forwarding_) {
        arrived.forward(route, headers.rewritten_packet(), headers.rewritten_header());
    }
    return true;
}

void Director::DataPath::forward(const ArrivedPacket& arrived, const PacketHeaders& headers,
                                 const ipvs::Verdict& verdict) {
    const auto route = route_to_server(verdict.server.address);
    if (!route) {
        ++counters_.dropped;
        return;
    }
    bool sent = false;  // local and bypass are nothing that an lvs.cf can ask for
    if (verdict.method == ipvs::ForwardingMethod::nat) {
        sent = forward_by_nat(arrived, headers, verdict);
    } else if (verdict.method == ipvs::ForwardingMethod::direct) {
        arrived.forward(route, arrived.packet, arrived.header);
        sent = true;
    } else if (verdict.method == ipvs::ForwardingMethod::tunnel) {
        sent = forward_by_tunnel(arrived, verdict.server.address, route);
    }
    ++(sent ? counters_.forwarded : counters_.dropped);
}

bool Director::DataPath::forward_by_nat(const ArrivedPacket& arrived, const PacketHeaders& headers,
                                        const ipvs::Verdict& verdict) {
    if (!packet::rewrite_destination(headers.editor(), verdict.server)) {
        return false;
    }
    arrived.forward(route_to_server(verdict.server.address), headers.rewritten_packet(),
                    headers.rewritten_header());
    return true;
}

bool Director::DataPath::forward_by_tunnel(const ArrivedPacket& arrived, const Address& server,
                                           const Ptr<ns3::Ipv4Route>& route) {
    if (arrived.header.GetTtl() <= 1) {
        return false;
    }
    const auto out = encapsulate(arrived.packet, arrived.header, route->GetSource(), to_ns3(server),
                                 tunnel_identification_++);
    stack_->SendWithHeader(out.packet, out.header, route);
    return true;
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

/// What core/parity replays: each packet in the order in which IPVS met it.
void Director::DataPath::tell_segment(const ipvs::Segment& segment, const ipvs::Verdict& verdict) {
    if (!options_.segments) {
        return;
    }
    const bool reply = segment.direction == ipvs::Direction::from_server;
    tell(journal::SegmentSeen{router_, reply, static_cast<std::uint8_t>(segment.protocol),
                              static_cast<std::uint8_t>(segment.flags), segment.mark.value(),
                              reply ? segment.destination : segment.source,
                              reply ? verdict.virtual_endpoint : segment.destination,
                              static_cast<journal::Passage>(verdict.action),
                              verdict.action == ipvs::Action::forward ? verdict.server : Endpoint{},
                              static_cast<std::uint8_t>(verdict.method)});
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

ipvs::ControlResult Director::add_service(const ipvs::ServiceKey& key,
                                          const ipvs::ServiceSettings& settings) {
    const auto result = path_->ipvs().add_service(key, settings, now());
    if (result == ipvs::ControlResult::ok) {
        path_->tell_service(key, settings);
    }
    return result;
}

ipvs::ControlResult Director::edit_service(const ipvs::ServiceKey& key,
                                           const ipvs::ServiceSettings& settings) {
    const auto result = path_->ipvs().edit_service(key, settings, now());
    if (result == ipvs::ControlResult::ok) {
        path_->tell_service(key, settings);
    }
    return result;
}

ipvs::ControlResult Director::remove_service(const ipvs::ServiceKey& key) {
    const auto servers = path_->ipvs().destinations(key);
    const auto result = path_->ipvs().remove_service(key, now());
    if (result == ipvs::ControlResult::ok) {
        const auto service = path_->service_index(key);
        for (const auto& d : servers) {
            path_->tell(journal::DestinationRemoved{path_->router(), service,
                                                    path_->server_index(d.endpoint.address)});
        }
        path_->tell(journal::ServiceRemoved{path_->router(), service});
    }
    return result;
}

ipvs::ControlResult Director::add_destination(const ipvs::ServiceKey& service,
                                              const Endpoint& server,
                                              const ipvs::DestinationSettings& settings) {
    const auto result = path_->ipvs().add_destination(service, server, settings, now());
    if (result == ipvs::ControlResult::ok) {
        path_->use_method(settings.method);
        path_->tell(journal::DestinationAdded{path_->router(), path_->service_index(service),
                                              path_->server_index(server.address),
                                              settings.weight.value()});
    }
    return result;
}

ipvs::ControlResult Director::edit_destination(const ipvs::ServiceKey& service,
                                               const Endpoint& server,
                                               const ipvs::DestinationSettings& settings) {
    const auto result = path_->ipvs().edit_destination(service, server, settings, now());
    if (result == ipvs::ControlResult::ok) {
        path_->tell(journal::DestinationEdited{path_->router(), path_->service_index(service),
                                               path_->server_index(server.address),
                                               settings.weight.value()});
    }
    return result;
}

ipvs::ControlResult Director::remove_destination(const ipvs::ServiceKey& service,
                                                 const Endpoint& server) {
    const auto result = path_->ipvs().remove_destination(service, server, now());
    if (result == ipvs::ControlResult::ok) {
        path_->tell(journal::DestinationRemoved{path_->router(), path_->service_index(service),
                                                path_->server_index(server.address)});
    }
    return result;
}

void Director::set_timeouts(const ipvs::Timeouts& timeouts) {
    path_->ipvs().set_timeouts(timeouts);
}

void Director::clear() {
    for (const auto& service : path_->services()) {
        remove_service(service.key);
    }
}

void Director::load(const config::LvsConfig& config) {
    set_timeouts(router::desired_timeouts(config));
    for (const auto& service : router::desired_services(config, path_->options().scheduler)) {
        if (add_service(service.key, service.settings) != ipvs::ControlResult::ok) {
            throw std::runtime_error(
                fmt::format("IPVS does not take virtual service {}", service.name));
        }
        for (const auto& d : service.destinations) {
            if (d.active &&
                add_destination(service.key, d.endpoint, d.settings) != ipvs::ControlResult::ok) {
                throw std::runtime_error(
                    fmt::format("IPVS does not take real server {} of {}", d.name, service.name));
            }
        }
    }
}

void Director::change_membership(const MembershipChange& change, const config::LvsConfig& config) {
    for (const auto& service : router::desired_services(config, path_->options().scheduler)) {
        for (const auto& d : service.destinations) {
            if (path_->server_index(d.endpoint.address) != change.server) {
                continue;
            }
            auto settings = d.settings;
            switch (change.kind) {
                case MembershipChange::Kind::join:
                    if (add_destination(service.key, d.endpoint, settings) ==
                        ipvs::ControlResult::exists) {
                        // It was quiesced, not taken out.
                        edit_destination(service.key, d.endpoint, settings);
                    }
                    break;
                case MembershipChange::Kind::quiesce:
                    settings.weight = Weight{0};
                    edit_destination(service.key, d.endpoint, settings);
                    break;
                case MembershipChange::Kind::leave:
                    remove_destination(service.key, d.endpoint);
                    break;
            }
        }
    }
}

void Director::set_sync_master(const std::optional<ipvs::SyncMaster>& daemon, SendSync send) {
    path_->set_sync_master(daemon, std::move(send));
}
void Director::set_sync_backup(const std::optional<ipvs::SyncBackup>& daemon) {
    path_->ipvs().set_sync_backup(daemon);
}
ipvs::SyncReceipt Director::apply_sync(std::span<const std::uint8_t> datagram) {
    return path_->ipvs().apply_sync(datagram, now());
}
void Director::lose_everything() {
    path_->lose_everything();
}
void Director::boot(const scenario::HostFiles& files) {
    path_->boot(files);
}
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
