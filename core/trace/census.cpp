// SPDX-License-Identifier: GPL-2.0-only
#include "core/trace/census.hpp"

#include <algorithm>

#include "core/packet/packet.hpp"

namespace lvslab::trace {

void ServiceCensus::packet(std::span<const std::uint8_t> ip) {
    namespace flag = packet::tcp_flag;
    const auto flow = packet::flow_of(ip, packet::Extent::headers);
    if (!flow) {
        return;
    }
    if (flow->protocol == Protocol::udp) {
        const bool to_server = flow->destination.port <= flow->source.port;
        const auto& server = to_server ? flow->destination : flow->source;
        if (auto* signs = signs_of(Protocol::udp, server)) {
            ++(to_server ? signs->asked : signs->answered);
        }
    } else if ((flow->tcp_flags & flag::syn) != 0) {
        const bool answer = (flow->tcp_flags & flag::ack) != 0;
        if (auto* signs = signs_of(Protocol::tcp, answer ? flow->source : flow->destination)) {
            ++(answer ? signs->answered : signs->asked);
        }
    }
}

ServiceCensus::Signs* ServiceCensus::signs_of(Protocol protocol, const Endpoint& server) {
    const auto found = services_.find({protocol, server});
    if (found != services_.end()) {
        return &found->second;
    }
    return services_.size() < most_services ? &services_[{protocol, server}] : nullptr;
}

std::vector<FoundService> ServiceCensus::found() const {
    std::vector<FoundService> all;
    for (const auto& [service, signs] : services_) {
        all.push_back({service.first, service.second, std::max(signs.asked, signs.answered)});
    }
    std::ranges::stable_sort(all, std::ranges::greater{}, &FoundService::connections);
    return all;
}

}  // namespace lvslab::trace
