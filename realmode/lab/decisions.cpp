// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/decisions.hpp"

#include <algorithm>
#include <optional>

#include "core/config/lvs_config.hpp"

namespace lvslab::lab {
namespace {

using packet::PacketView;

constexpr std::uint8_t ip_in_ip = 4;          // RFC 2003
constexpr std::uint8_t icmp_unreachable = 3;  // RFC 792
/// ipvs::Origin's numbers, as the journal has them.
constexpr std::uint8_t refused_origin = 0, scheduled = 2, by_template = 3;
/// ip_vs_timeout_table's for UDP (ip_vs_proto_udp.c), unless lvs.cf says otherwise.
constexpr Duration default_udp_timeout = std::chrono::minutes(5);

bool is_syn(std::uint8_t flags) {
    return (flags & packet::tcp_flag::syn) != 0 && (flags & packet::tcp_flag::ack) == 0;
}

std::uint32_t sequence_of(const PacketView& packet) {
    const auto tcp = packet.tcp();
    return tcp ? tcp->sequence() : 0;
}

/// A connection's first packet looks like this; for UDP every datagram may be one.
bool may_open(const packet::Flow& flow) {
    return flow.protocol == Protocol::udp ||
           (flow.protocol == Protocol::tcp && is_syn(flow.tcp_flags));
}

}  // namespace

DecisionWatch::DecisionWatch(const scenario::Scenario& scenario, const NetworkPlan& plan,
                             const std::vector<router::DesiredService>& services,
                             std::uint32_t router, journal::Sink& sink)
    : scenario_(scenario),
      plan_(plan),
      services_(services),
      router_(router),
      sink_(sink),
      marks_(&scenario.routers[router].running.marks) {
    const auto told = router::desired_timeouts(scenario.routers[router].config).udp;
    udp_timeout_ = told == Duration{} ? default_udp_timeout : told;
}

void DecisionWatch::boot(const scenario::HostFiles& files) {
    marks_ = &files.marks;
    pending_.clear();
    known_.clear();
    templates_.clear();
}

void DecisionWatch::take(const CapturedFrame& frame) {
    const auto packet = PacketView::parse(frame.packet, packet::Extent::headers);
    if (!packet) {
        return;
    }
    if (frame.outgoing) {
        take_out(frame, *packet);
    } else {
        take_in(frame.time, *packet);
    }
}

void DecisionWatch::take_in(Time now, const PacketView& packet) {
    const auto flow = packet.flow();
    if (!flow || !may_open(*flow)) {
        return;
    }
    const auto service = service_of(*flow);
    if (service != journal::no_index) {
        const FlowKey key{flow->protocol, flow->source, flow->destination};
        pending_[{flow->protocol, flow->source}] = {key, {now, service, sequence_of(packet)}};
    }
}

void DecisionWatch::take_out(const CapturedFrame& frame, const PacketView& packet) {
    if (const auto icmp = packet.icmp(); icmp && icmp->type() == icmp_unreachable) {
        if (const auto quoted = PacketView::parse(icmp->payload(), packet::Extent::headers)) {
            refused(*quoted);
        }
        return;
    }
    const auto ip = packet.ipv4();
    if (ip && ip->protocol() == ip_in_ip) {
        const auto inner = PacketView::parse(ip->payload(), packet::Extent::headers);
        const auto flow = inner ? inner->flow() : std::nullopt;
        if (flow && may_open(*flow)) {
            decided(frame.time, flow->protocol, flow->source, sequence_of(*inner),
                    server_at(ip->destination()));
        }
        return;
    }
    const auto flow = packet.flow();
    if (!flow || !may_open(*flow)) {
        return;
    }
    auto server = server_at(flow->destination.address);
    if (server == journal::no_index) {
        server = server_behind(frame.destination);
    }
    decided(frame.time, flow->protocol, flow->source, sequence_of(packet), server);
}

void DecisionWatch::decided(Time now, Protocol protocol, const Endpoint& client,
                            std::uint32_t sequence, std::uint32_t server) {
    const auto found = pending_.find({protocol, client});
    if (found == pending_.end() || found->second.second.sequence != sequence ||
        server == journal::no_index) {
        return;
    }
    const auto [flow, pending] = found->second;
    pending_.erase(found);
    const auto known = known_.find(flow);
    const bool same = known != known_.end() && known->second.sequence == sequence &&
                      known->second.server == server &&
                      (protocol == Protocol::tcp || now - known->second.last < udp_timeout_);
    known_[flow] = {sequence, server, now};
    if (!same) {
        tell(flow, pending, server);
    }
}

void DecisionWatch::refused(const PacketView& quoted) {
    const auto flow = quoted.flow();
    if (!flow) {
        return;
    }
    const auto found = pending_.find({flow->protocol, flow->source});
    if (found != pending_.end() && std::get<2>(found->second.first) == flow->destination) {
        const auto [key, pending] = found->second;
        pending_.erase(found);
        tell(key, pending, journal::no_index);
    }
}

void DecisionWatch::tell(const FlowKey& flow, const Pending& pending, std::uint32_t server) {
    sink_.take({pending.time, journal::Decision{router_, pending.service, server,
                                                server == journal::no_index
                                                    ? refused_origin
                                                    : origin_of(flow, pending.service, server),
                                                std::get<1>(flow), std::get<2>(flow)}});
}

std::uint8_t DecisionWatch::origin_of(const FlowKey& flow, std::uint32_t service,
                                      std::uint32_t server) {
    const auto& settings = services_[service].settings;
    if (settings.persistent == Duration{}) {
        return scheduled;
    }
    const auto mask = prefix_length_of_mask(settings.persistence_mask).value_or(32);
    const auto [known, is_new] =
        templates_.emplace(std::pair(service, std::get<1>(flow).address.masked(mask)), server);
    const bool same = !is_new && known->second == server;
    known->second = server;
    return same ? by_template : scheduled;
}

/// As IPVS looks services up (ip_vs_service_find): by mark, by endpoint, by address alone.
std::uint32_t DecisionWatch::service_of(const packet::Flow& flow) const {
    const auto mark = mark_of(flow);
    const auto find = [&](auto&& is) {
        const auto found = std::ranges::find_if(services_, is);
        return found == services_.end() ? journal::no_index
                                        : static_cast<std::uint32_t>(found - services_.begin());
    };
    if (mark != Fwmark{}) {
        const auto by_mark = find([&](const auto& s) { return s.key.fwmark == mark; });
        if (by_mark != journal::no_index) {
            return by_mark;
        }
    }
    const auto at = [&](const Endpoint& endpoint) {
        return find([&](const auto& s) {
            return s.key.fwmark == Fwmark{} && s.key.protocol == flow.protocol &&
                   s.key.endpoint == endpoint;
        });
    };
    const auto exact = at(flow.destination);
    return exact != journal::no_index ? exact : at({flow.destination.address, Port{0}});
}

Fwmark DecisionWatch::mark_of(const packet::Flow& flow) const {
    return scenario::mark_of(*marks_, flow.protocol, flow.source.address, flow.destination);
}

std::uint32_t DecisionWatch::server_behind(const MacAddress& card) const {
    return plan_.server_of(card).value_or(journal::no_index);
}

Address DecisionWatch::address_of(std::uint32_t server) const {
    return scenario_.servers[server].interface.address;
}

std::uint32_t DecisionWatch::server_at(const Address& address) const {
    const auto found = std::ranges::find_if(
        scenario_.servers, [&](const auto& s) { return s.interface.address == address; });
    return found == scenario_.servers.end()
               ? journal::no_index
               : static_cast<std::uint32_t>(found - scenario_.servers.begin());
}

}  // namespace lvslab::lab
