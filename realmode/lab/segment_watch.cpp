// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/segment_watch.hpp"

#include <optional>
#include <utility>

namespace lvslab::lab {
namespace {

using packet::PacketView;

constexpr std::uint8_t ip_in_ip = 4;          // RFC 2003
constexpr std::uint8_t icmp_unreachable = 3;  // RFC 792

std::uint16_t identification_of(const PacketView& packet) {
    const auto ip = packet.ipv4();
    return ip ? ip->identification() : std::uint16_t{0};
}

std::uint32_t sequence_of(const PacketView& packet) {
    const auto tcp = packet.tcp();
    return tcp ? tcp->sequence() : 0;
}

/// The youngest one with this key, taken out: what goes on does so at once, and an older one of the
/// same name (a RST has no number of its own) was dropped.
template <class Table>
auto take_from(Table& table, const typename Table::key_type& key)
    -> std::optional<typename Table::mapped_type::value_type> {
    const auto found = table.find(key);
    if (found == table.end()) {
        return std::nullopt;
    }
    auto youngest = std::move(found->second.back());
    found->second.pop_back();
    if (found->second.empty()) {
        table.erase(found);
    }
    return youngest;
}

}  // namespace

SegmentWatch::SegmentWatch(const DecisionWatch& decisions, std::uint32_t router,
                           journal::Sink& sink)
    : decisions_(decisions), router_(router), sink_(sink) {}

void SegmentWatch::take(const CapturedFrame& frame) {
    const auto packet = PacketView::parse(frame.packet, packet::Extent::headers);
    if (!packet) {
        return;
    }
    if (frame.outgoing) {
        take_out(frame, *packet);
    } else if (const auto flow = packet->flow()) {
        take_in(frame.time, *packet, *flow);
    }
}

void SegmentWatch::take_in(Time now, const PacketView& packet, const packet::Flow& flow) {
    journal::SegmentSeen segment{router_,
                                 false,
                                 static_cast<std::uint8_t>(flow.protocol),
                                 static_cast<std::uint8_t>(flow.tcp_flags & 0x17U),
                                 0,
                                 flow.source,
                                 flow.destination,
                                 journal::Passage::unseen,
                                 {},
                                 0};
    const auto key_of = [&](const Endpoint& client) {
        return Key{flow.protocol, client, identification_of(packet), sequence_of(packet),
                   flow.tcp_flags};
    };
    if (decisions_.service_of(flow) != journal::no_index) {
        segment.mark = decisions_.mark_of(flow).value();
        clients_[flow.source].insert(flow.destination);
        requests_[key_of(flow.source)].push_back({now, segment});
    } else if (clients_.contains(flow.destination) &&
               decisions_.server_at(flow.source.address) != journal::no_index) {
        segment.reply = true;
        segment.client = flow.destination;
        segment.server = flow.source;
        replies_[key_of(flow.destination)].push_back({now, segment});
    }
}

void SegmentWatch::take_out(const CapturedFrame& frame, const PacketView& packet) {
    using ipvs::ForwardingMethod;
    if (const auto icmp = packet.icmp(); icmp && icmp->type() == icmp_unreachable) {
        const auto quoted = PacketView::parse(icmp->payload(), packet::Extent::headers);
        if (const auto flow = quoted ? quoted->flow() : std::nullopt) {
            answered(flow->source, flow->destination, journal::Passage::rejected);
        }
        return;
    }
    if (const auto ip = packet.ipv4(); ip && ip->protocol() == ip_in_ip) {
        const auto inner = PacketView::parse(ip->payload(), packet::Extent::headers);
        if (const auto flow = inner ? inner->flow() : std::nullopt) {
            forwarded(*inner, *flow, decisions_.server_at(ip->destination()),
                      ForwardingMethod::tunnel);
        }
        return;
    }
    const auto flow = packet.flow();
    if (!flow) {
        return;
    }
    if (clients_.contains(flow->destination)) {
        replied(packet, *flow);
    } else if (clients_.contains(flow->source)) {
        const auto by_address = decisions_.server_at(flow->destination.address);
        const bool nat = by_address != journal::no_index;
        forwarded(packet, *flow, nat ? by_address : decisions_.server_behind(frame.destination),
                  nat ? ForwardingMethod::nat : ForwardingMethod::direct);
    }
}

void SegmentWatch::forwarded(const PacketView& packet, const packet::Flow& flow,
                             std::uint32_t server, ipvs::ForwardingMethod method) {
    if (server == journal::no_index) {
        return;
    }
    auto found = take_from(requests_, Key{flow.protocol, flow.source, identification_of(packet),
                                          sequence_of(packet), flow.tcp_flags});
    if (!found) {
        return;
    }
    found->segment.passage = journal::Passage::forwarded;
    found->segment.method = static_cast<std::uint8_t>(method);
    // Direct routing and tunnels leave the port as it is.
    found->segment.server =
        method == ipvs::ForwardingMethod::nat
            ? flow.destination
            : Endpoint{decisions_.address_of(server), found->segment.virtual_endpoint.port};
    tell(std::move(*found));
}

void SegmentWatch::replied(const PacketView& packet, const packet::Flow& flow) {
    auto found = take_from(replies_, Key{flow.protocol, flow.destination, identification_of(packet),
                                         sequence_of(packet), flow.tcp_flags});
    // An entry is of what the client spoke to. Any other packet was routed as it was, or had its
    // source rewritten by netfilter (MASQUERADE).
    if (found && !clients_.at(flow.destination).contains(flow.source)) {
        return;
    }
    if (found) {
        found->segment.passage = journal::Passage::forwarded;
        found->segment.virtual_endpoint = flow.source;
        tell(std::move(*found));
    } else if ((flow.tcp_flags & packet::tcp_flag::rst) != 0) {
        answered(flow.destination, flow.source, journal::Passage::reset);
    }
}

void SegmentWatch::answered(const Endpoint& client, const Endpoint& virtual_endpoint,
                            journal::Passage passage) {
    std::optional<Key> youngest;
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        for (auto at = requests_.lower_bound(Key{protocol, client, 0, 0, 0});
             at != requests_.end() && std::get<0>(at->first) == protocol &&
             std::get<1>(at->first) == client;
             ++at) {
            const auto& last = at->second.back();
            if (last.segment.virtual_endpoint == virtual_endpoint &&
                (!youngest || last.time >= requests_.at(*youngest).back().time)) {
                youngest = at->first;
            }
        }
    }
    if (youngest) {
        auto found = take_from(requests_, *youngest);
        found->segment.passage = passage;
        tell(std::move(*found));
    }
}

void SegmentWatch::tell(Waiting waiting) {
    sink_.take({waiting.time, std::move(waiting.segment)});
}

/// A reply that nothing came out for had no entry: which virtual service it was of, nobody knows.
void SegmentWatch::flush() {
    for (auto& [key, list] : std::exchange(requests_, {})) {
        for (auto& waiting : list) {
            tell(std::move(waiting));
        }
    }
    replies_.clear();
}

}  // namespace lvslab::lab
