// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/scenario.hpp"

#include <algorithm>

namespace lvslab::scenario {
namespace {

// The address `steps` after `from`, whichever family it is of.
Address advanced(const Address& from, std::uint64_t steps) {
    if (from.is_v4()) {
        return Address::v4(from.v4_host_order() + static_cast<std::uint32_t>(steps));
    }
    auto bytes = from.bytes();
    for (std::size_t i = bytes.size(); i-- > 0 && steps > 0;) {
        steps += bytes[i];
        bytes[i] = static_cast<std::uint8_t>(steps & 0xFFU);
        steps >>= 8;
    }
    return Address::v6(bytes);
}

}  // namespace

Time Scenario::last_arrival() const {
    Duration last{};
    for (const auto& w : workloads) {
        last = std::max(last, w.start + w.length);
    }
    return Time{last};
}

Time Scenario::end() const {
    auto last = last_arrival();
    for (const auto& fault : faults) {
        last = std::max(last, fault.at.value_or(Time{}));
    }
    return last + drain;
}

const config::VirtualServer* Scenario::service_for(Protocol p, const Address& from,
                                                   const Endpoint& to) const {
    return service_of(config, marks, p, from, to);
}

const config::VirtualServer* service_of(const config::LvsConfig& config,
                                        const std::vector<MarkRule>& marks, Protocol p,
                                        const Address& from, const Endpoint& to) {
    const auto& services = config.virtual_servers;
    const auto first = [&](auto&& wanted) -> const config::VirtualServer* {
        const auto found =
            std::ranges::find_if(services, [&](const auto& v) { return v.active && wanted(v); });
        return found == services.end() ? nullptr : &*found;
    };
    const auto mark = mark_of(marks, p, from, to);
    if (mark != Fwmark{}) {
        if (const auto* v = first([&](const auto& s) { return s.fwmark == mark; })) {
            return v;
        }
    }
    for (const auto port : {to.port, Port{0}}) {
        if (const auto* v = first([&](const auto& s) {
                return s.fwmark == Fwmark{} && s.protocol == p && s.address == to.address &&
                       s.port == port;
            })) {
            return v;
        }
    }
    return nullptr;
}

std::vector<Endpoint> endpoints_of(const Workload& workload) {
    std::vector<Endpoint> endpoints;
    if (workload.kind == Workload::Kind::sessions) {
        for (const auto port : workload.sessions.ports) {
            endpoints.push_back({workload.to.address, port});
        }
    }
    return endpoints.empty() ? std::vector{workload.to} : endpoints;
}

Address client_address(const ClientGroup& group, unsigned i) {
    return host_address(group.network, std::uint64_t{i} + 1);
}

Address destination_address(const DestinationRange& range, unsigned rank) {
    return host_address(range.network, rank);
}

Network network_of(const Network& interface) {
    return {interface.base(), interface.prefix_length};
}

Address host_address(const Network& network, std::uint64_t i) {
    return advanced(network.base(), i + 1);
}

std::uint64_t host_count(const Network& network) {
    const unsigned host_bits = (network.address.is_v4() ? 32U : 128U) - network.prefix_length;
    if (host_bits >= 63) {
        return std::uint64_t{1} << 63;
    }
    const auto addresses = std::uint64_t{1} << host_bits;
    return addresses < 2 ? 0 : addresses - 2;
}

}  // namespace lvslab::scenario
