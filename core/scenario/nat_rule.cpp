// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/nat_rule.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lvslab::scenario {
namespace {

using Kind = NatRule::Kind;

constexpr std::string_view post_takes[] = {"-p",      "-s", "-d",         "--sport",
                                           "--dport", "-o", "--to-source"};
constexpr std::string_view post_jumps[] = {"MASQUERADE", "SNAT"};
constexpr RuleGrammar post_grammar{
    "a rule of nat POSTROUTING", post_takes, post_jumps,
    "-p, -s, -d, --sport, --dport, -o, -j MASQUERADE, and -j SNAT --to-source ADDRESS",
    "MASQUERADE or SNAT"};

constexpr std::string_view pre_takes[] = {"-p", "-s", "-d", "--sport", "--dport", "--to-ports"};
constexpr std::string_view pre_jumps[] = {"REDIRECT"};
constexpr RuleGrammar pre_grammar{"a rule of nat PREROUTING", pre_takes, pre_jumps,
                                  "-p, -s, -d, --sport, --dport, and -j REDIRECT [--to-ports PORT]",
                                  "REDIRECT"};

std::string base_of(std::string_view device) {
    return std::string(device.substr(0, device.find(':')));
}

void add_device(std::vector<std::string>& devices, std::string_view device) {
    auto base = base_of(device);
    if (!base.empty() && std::ranges::find(devices, base) == devices.end()) {
        devices.push_back(std::move(base));
    }
}

bool contains(const std::vector<std::string>& devices, std::string_view device) {
    return std::ranges::find(devices, device) != devices.end();
}

// What the target's options say; false after an error.
bool set_target(NatRule& rule, const IptablesRule& read, Diagnostics& d) {
    for (const auto& [option, value] : read.options) {
        if (option.text == "--to-source") {
            const auto address = Address::parse(value.text);
            if (!address || rule.kind != Kind::snat) {
                d.error(value.location,
                        address ? "--to-source belongs to -j SNAT"
                                : fmt::format("--to-source {}: expected an address", value.text));
                return false;
            }
            rule.to = *address;
            continue;
        }
        std::uint16_t port{};
        const auto* last = value.text.data() + value.text.size();
        const auto [end, error] = std::from_chars(value.text.data(), last, port);
        if (error != std::errc{} || end != last || port == 0) {
            d.error(value.location, fmt::format("--to-ports {}: expected a port", value.text));
            return false;
        }
        rule.to_port = Port{port};
    }
    if (rule.kind == Kind::snat && rule.to.is_unspecified()) {
        d.error(read.target.location, "-j SNAT has no --to-source ADDRESS");
        return false;
    }
    return true;
}

const NatRule* first_of(const std::vector<NatRule>& rules, bool redirects, Protocol p,
                        const Endpoint& from, const Endpoint& to, NetworkSide leaves_by) {
    for (const auto& rule : rules) {
        if ((rule.kind == NatRule::Kind::redirect) == redirects &&
            rule.matches(p, from, to, leaves_by)) {
            return &rule;
        }
    }
    return nullptr;
}

}  // namespace

std::optional<NetworkSide> DeviceSides::side_of(std::string_view device) const {
    if (contains(public_devices, device)) {
        return NetworkSide::public_net;
    }
    return contains(private_devices, device) ? std::optional(NetworkSide::private_net)
                                             : std::nullopt;
}

DeviceSides device_sides(const config::LvsConfig& config) {
    DeviceSides sides;
    for (const auto& v : config.virtual_servers) {
        add_device(sides.public_devices, v.device);
    }
    add_device(sides.private_devices, config.nat_router_device);
    if (sides.public_devices.empty()) {
        sides.public_devices.emplace_back("eth0");
    }
    if (sides.private_devices.empty() && !contains(sides.public_devices, "eth1")) {
        sides.private_devices.emplace_back("eth1");
    }
    return sides;
}

std::optional<NatRule> read_nat_rule(std::string_view chain, std::span<const RuleWord> words,
                                     const SourceLocation& where, const DeviceSides& devices,
                                     Diagnostics& d) {
    const auto& grammar = chain == "POSTROUTING" ? post_grammar : pre_grammar;
    const auto read = read_rule(words, where, grammar, d);
    if (!read) {
        return std::nullopt;
    }
    if (read->target.text.empty()) {
        d.error(where,
                fmt::format("the rule has no -j; {} jumps to {}", grammar.name, grammar.jumps_to));
        return std::nullopt;
    }
    NatRule rule;
    rule.kind = read->target.text == "MASQUERADE" ? Kind::masquerade
                : read->target.text == "SNAT"     ? Kind::snat
                                                  : Kind::redirect;
    rule.protocol = read->protocol;
    rule.source = read->source;
    rule.destination = read->destination;
    rule.first_source_port = read->first_source_port;
    rule.last_source_port = read->last_source_port;
    rule.first_port = read->first_port;
    rule.last_port = read->last_port;
    rule.location = where;
    if (read->out_device) {
        rule.out = devices.side_of(read->out_device->text);
        if (!rule.out) {
            d.error(read->out_device->location,
                    fmt::format("-o {}: the lvs.cf has {} on the public side and {} on the private "
                                "one",
                                read->out_device->text, fmt::join(devices.public_devices, ", "),
                                devices.private_devices.empty() ? "nothing"
                                                                : devices.private_devices.front()));
            return std::nullopt;
        }
    }
    return set_target(rule, *read, d) ? std::optional(rule) : std::nullopt;
}

bool NatRule::matches(Protocol p, const Endpoint& from, const Endpoint& destination_endpoint,
                      NetworkSide leaves_by) const {
    return (!protocol || *protocol == p) && (!source || source->contains(from.address)) &&
           (!destination || destination->contains(destination_endpoint.address)) &&
           first_source_port <= from.port && from.port <= last_source_port &&
           first_port <= destination_endpoint.port && destination_endpoint.port <= last_port &&
           (kind == Kind::redirect || !out || *out == leaves_by);
}

const NatRule* postrouting_rule(const std::vector<NatRule>& rules, Protocol p, const Endpoint& from,
                                const Endpoint& to, NetworkSide leaves_by) {
    return first_of(rules, false, p, from, to, leaves_by);
}

const NatRule* prerouting_rule(const std::vector<NatRule>& rules, Protocol p, const Endpoint& from,
                               const Endpoint& to) {
    return first_of(rules, true, p, from, to, NetworkSide::public_net);
}

}  // namespace lvslab::scenario
