// SPDX-License-Identifier: GPL-2.0-only
// Whether the host's own filters let through what the cluster needs. The kernel's IPVS hooks stand
// behind the filter chains of input; what it sends on to a real server goes through those of
// output, and under NAT the answers come back through those of forward.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/config/places.hpp"
#include "realmode/host/host_check_parts.hpp"

namespace lvslab::realmode {
namespace {

using Fate = FilterJudgement::Fate;

Network alone(const Address& address) {
    return {address, address.is_v4() ? 32U : 128U};
}

/// ip_vs_core.c, ip_vs_ops4: requests are taken at LOCAL_IN, answers changed at FORWARD.
constexpr int ipvs_takes_requests = 98, ipvs_changes_answers = 100;

router::PortRange one(Port port) {
    return {port, port};
}

std::string_view to_string(FilterHook hook) {
    switch (hook) {
        case FilterHook::input:
            return "input";
        case FilterHook::forward:
            return "forward";
        case FilterHook::output:
            return "output";
    }
    return "";
}

}  // namespace

void HostCheck::check_filters() {
    if (!facts_.rules_not_read.empty() && rules_.marks.empty() && rules_.masquerades.empty()) {
        add(Severity::note, config_.location,
            fmt::format("cannot tell whether this host's filters drop what the cluster needs: {}",
                        fmt::join(facts_.rules_not_read, "; ")),
            "run this as root, with nftables and iptables installed");
    }
    if (config_.backup_active) {
        const auto pair = [&](const Address& primary, const Address& backup) {
            return parts_.primary ? std::pair(primary, backup) : std::pair(backup, primary);
        };
        const auto [own, partner] = pair(config_.primary, config_.backup);
        check_filters_for_heartbeats(own, partner, "public");
        const auto [own_private, partner_private] =
            pair(config_.primary_private, config_.backup_private);
        if (own_private != own || partner_private != partner) {
            check_filters_for_heartbeats(own_private, partner_private, "private");
        }
    }
    for (const auto& v : config_.virtual_servers) {
        if (v.active) {
            check_filters_for_requests(v);
            check_filters_for_servers(v);
        }
    }
}

std::string HostCheck::device_near(const Address& address) const {
    const auto near = [&](const HostAddress& a) { return a.network.contains(address); };
    const auto found = std::ranges::find_if(facts_.addresses, near);
    return found == facts_.addresses.end() ? "" : found->device;
}

bool HostCheck::check_filter(FilterHook hook, const FilteredPacket& packet, const std::string& what,
                             const SourceLocation& where) {
    const auto judged = judge(facts_.filters, hook, packet);
    if (judged.fate == Fate::passes) {
        return true;
    }
    const auto chain = fmt::format("chain {} of table {} {} ({})", judged.chain,
                                   judged.table->family, judged.table->name, to_string(hook));
    if (judged.fate == Fate::dropped) {
        add(Severity::error, where, fmt::format("{} are dropped by {}: {}", what, chain, judged.by),
            accepting_rule(judged, packet));
    } else {
        add(Severity::note, where,
            fmt::format("cannot tell whether {} get through {}: it hangs on {}", what, chain,
                        judged.by),
            accepting_rule(judged, packet));
    }
    return false;
}

/// They go from port to port, so what one router sends may open the way for the other's.
void HostCheck::check_filters_for_heartbeats(const Address& own, const Address& partner,
                                             const char* what) {
    if (own.is_unspecified() || partner.is_unspecified() || address_here(own) == nullptr) {
        return;
    }
    const auto where = config::place_of(config_, "heartbeat_port");
    const auto port = one(config_.heartbeat_port);
    FilteredPacket packet{.v4 = own.is_v4(), .protocol = "udp"};
    packet.source_ports = packet.ports = port;
    auto in = packet;
    in.source = alone(partner);
    in.destination = alone(own);
    in.in_device = address_here(own)->device;
    check_filter(FilterHook::input, in,
                 fmt::format("heartbeats from {} on the {} path (UDP port {})", partner.to_string(),
                             what, config_.heartbeat_port.value()),
                 where);
    auto out = packet;
    out.source = alone(own);
    out.destination = alone(partner);
    out.out_device = in.in_device;
    check_filter(FilterHook::output, out,
                 fmt::format("heartbeats to {} on the {} path (UDP port {})", partner.to_string(),
                             what, config_.heartbeat_port.value()),
                 where);
}

std::vector<FilteredPacket> HostCheck::requests_of(const config::VirtualServer& v) const {
    std::vector<FilteredPacket> requests;
    FilteredPacket packet{.v4 = v.address.is_v4(),
                          .protocol = std::string(lvslab::to_string(v.protocol))};
    packet.destination = alone(v.address);
    packet.in_device = v.device.substr(0, v.device.find(':'));
    packet.opens = true;
    packet.taken_at = ipvs_takes_requests;
    if (v.fwmark == Fwmark{}) {
        packet.ports = one(v.port);
        requests.push_back(packet);
        return requests;
    }
    for (const auto& need : rules_.marks) {
        if (need.mark == v.fwmark && need.vip == v.address) {
            packet.protocol = lvslab::to_string(need.protocol);
            packet.ports = need.ports;
            packet.mark = need.mark;
            requests.push_back(packet);
        }
    }
    return requests;
}

void HostCheck::check_filters_for_requests(const config::VirtualServer& v) {
    for (const auto& request : requests_of(v)) {
        check_filter(FilterHook::input, request,
                     fmt::format("requests to virtual \"{}\" ({}, {} {} {})", v.name,
                                 v.address.to_string(), request.protocol,
                                 request.ports.first == request.ports.last ? "port" : "ports",
                                 request.ports.to_string()),
                     config::place_of(v, "port"));
    }
}

/// One server stands for the others, whose trouble is the same.
void HostCheck::check_filters_for_servers(const config::VirtualServer& v) {
    const bool nat = config_.network == config::NetworkType::nat;
    for (const auto& request : requests_of(v)) {
        for (const auto& server : v.servers) {
            if (!server.active || config_.network == config::NetworkType::tunnel ||
                address_here(server.address) != nullptr) {
                continue;
            }
            const auto where = config::place_of(server, "address");
            const auto ports = v.fwmark == Fwmark{} && nat ? one(server.port) : request.ports;
            auto sent = request;
            sent.opens = false;  // it has been here already
            sent.in_device.clear();
            sent.mark.reset();
            sent.taken_at.reset();
            sent.out_device = device_near(server.address);
            sent.ports = ports;
            if (nat) {
                sent.destination = alone(server.address);
            }
            FilteredPacket answer{.v4 = server.address.is_v4(), .protocol = request.protocol};
            answer.source = alone(server.address);
            answer.source_ports = ports;
            answer.taken_at = ipvs_changes_answers;
            answer.in_device = sent.out_device;
            const auto name = fmt::format(
                "real server {} ({}, {} {} {})", server.name, server.address.to_string(),
                request.protocol, ports.first == ports.last ? "port" : "ports", ports.to_string());
            const bool fine =
                check_filter(FilterHook::output, sent, "requests to " + name, where) &&
                (!nat || check_filter(FilterHook::forward, answer, "answers of " + name, where));
            if (!fine) {
                break;
            }
        }
    }
}

}  // namespace lvslab::realmode
