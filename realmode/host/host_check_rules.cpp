// SPDX-License-Identifier: GPL-2.0-only
// What is loaded, held against what the configuration needs.
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/config/places.hpp"
#include "realmode/host/host_check_parts.hpp"

namespace lvslab::realmode {
namespace {

bool masquerades(const scenario::NatRule& rule, const router::MasqueradeNeed& need) {
    return rule.kind != scenario::NatRule::Kind::redirect &&
           (!rule.protocol || rule.protocol == Protocol::tcp) &&
           (!rule.source || (rule.source->prefix_length <= need.source.prefix_length &&
                             rule.source->contains(need.source.address))) &&
           (!rule.destination || rule.destination->prefix_length == 0) &&
           rule.first_source_port <= need.source_port &&
           need.source_port <= rule.last_source_port && rule.first_port <= Port{1} &&
           rule.last_port == Port{65535} &&
           rule.out.value_or(scenario::NetworkSide::public_net) ==
               scenario::NetworkSide::public_net;
}

std::vector<UnreadRule> those(const std::vector<UnreadRule>& unread, const auto& may_do_it) {
    std::vector<UnreadRule> found;
    std::ranges::copy_if(unread, std::back_inserter(found), may_do_it);
    return found;
}

std::string perhaps(const std::vector<UnreadRule>& unread) {
    return unread.empty()
               ? ""
               : fmt::format("; {} loaded rule{} could not be read and may do it: {}",
                             unread.size(), unread.size() == 1 ? "" : "s", unread.front().text);
}

}  // namespace

void HostCheck::check_rules() {
    const bool any = !rules_.marks.empty() || !rules_.masquerades.empty();
    if (any && !facts_.rules_not_read.empty()) {
        for (const auto& why : facts_.rules_not_read) {
            add(Severity::warning, config_.location,
                fmt::format("loaded rules are not known in full: {}", why),
                "run this as root, with nftables and iptables installed");
        }
    }
    for (const auto& need : rules_.marks) {
        check_mark(need);
    }
    for (const auto& v : config_.virtual_servers) {
        if (v.active && v.fwmark == Fwmark{}) {
            check_stray_mark(v);
        }
    }
    for (const auto& need : rules_.masquerades) {
        check_masquerade(need);
    }
    check_source_nat_of_ipvs();
}

void HostCheck::check_mark(const router::MarkNeed& need) {
    const auto missing = missing_mark(need, facts_.rules.marks);
    if (!missing) {
        return;
    }
    const auto got = missing->found == Fwmark{}
                         ? std::string("no firewall mark")
                         : fmt::format("firewall mark {}", missing->found.value());
    const auto* to = missing->ports.first == missing->ports.last ? "port" : "ports";
    const auto unread = those(facts_.rules.unread_marks, [&](const UnreadRule& rule) {
        return !rule.destination || rule.destination->contains(need.vip);
    });
    add(unread.empty() ? Severity::error : Severity::warning, need.location,
        fmt::format("{} needs firewall mark {}: packets to {} {} {} of {} get {}{}", need.reason,
                    need.mark.value(), to_string(need.protocol), to, missing->ports.to_string(),
                    need.vip.to_string(), got, perhaps(unread)),
        rules_command_ + " | nft -f -");
}

/// IPVS looks for a service by the packet's mark first.
void HostCheck::check_stray_mark(const config::VirtualServer& v) {
    const auto mark =
        scenario::mark_of(facts_.rules.marks, v.protocol,
                          v.address.is_v4() ? Address{} : Address::v6({}), {v.address, v.port});
    const auto owner = std::ranges::find_if(config_.virtual_servers, [&](const auto& other) {
        return other.active && mark != Fwmark{} && other.fwmark == mark;
    });
    if (owner != config_.virtual_servers.end()) {
        add(Severity::error, config::place_of(v, "port"),
            fmt::format("loaded rules give packets to {} port {} of {} firewall mark {}: virtual "
                        "\"{}\" takes them, not \"{}\"",
                        to_string(v.protocol), v.port.value(), v.address.to_string(), mark.value(),
                        owner->name, v.name),
            rules_command_ + " tells which ports to mark");
    }
}

void HostCheck::check_masquerade(const router::MasqueradeNeed& need) {
    const auto does = [&](const auto& rule) { return masquerades(rule, need); };
    if (std::ranges::any_of(facts_.rules.nat, does)) {
        return;
    }
    const auto unread = those(facts_.rules.unread_nat, [&](const UnreadRule& rule) {
        return !rule.source || rule.source->overlaps(need.source);
    });
    add(unread.empty() ? Severity::error : Severity::warning, need.location,
        fmt::format("{}: connections that {} opens from port {} are not masqueraded{}", need.reason,
                    need.source.to_string(), need.source_port.value(), perhaps(unread)),
        rules_command_ + " | nft -f -");
}

/// IPVS's own connections have no conntrack entry unless vs.conntrack asks for it, and NAT is done
/// with such an entry (ipvs-sysctl.rst).
void HostCheck::check_source_nat_of_ipvs() {
    if (config_.network != config::NetworkType::nat ||
        setting("net.ipv4.vs.conntrack").value_or(1) != 0) {
        return;
    }
    for (const auto& v : config_.virtual_servers) {
        for (const auto& server : v.servers) {
            const Endpoint client{server.address.is_v4() ? Address{} : Address::v6({}),
                                  Port{40000}};
            const Endpoint to{server.address, v.fwmark == Fwmark{} ? server.port : v.port};
            const auto takes = [&](const auto& rule) {
                return rule.kind != scenario::NatRule::Kind::redirect && !rule.source &&
                       rule.matches(v.protocol, client, to, scenario::NetworkSide::private_net);
            };
            if (v.active && server.active && std::ranges::any_of(facts_.rules.nat, takes)) {
                add(Severity::warning, config_.location,
                    fmt::format("a loaded rule changes the source of packets to {}, but not of "
                                "those of IPVS: net.ipv4.vs.conntrack is 0",
                                to.to_string()),
                    "sysctl -w net.ipv4.vs.conntrack=1");
                return;
            }
        }
    }
}

}  // namespace lvslab::realmode
