// SPDX-License-Identifier: GPL-2.0-only
// What `nft -j list ruleset` prints (libnftables-json(5)).
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "realmode/host/loaded_rules.hpp"

namespace lvslab::realmode {
namespace {

using Json = nlohmann::json;
using scenario::MarkRule;
using scenario::NatRule;
using Ports = std::vector<std::pair<Port, Port>>;

enum class Place { marks, nat, arp };

struct Chain {
    Place place = Place::marks;
    int priority = 0;
};

/// What one rule says; `readable` is false if it says anything else.
struct Statement {
    std::optional<Protocol> protocol;
    std::optional<Network> source, destination, arp_target;
    Ports source_ports, ports;
    std::optional<Fwmark> mark;
    std::optional<Address> snat;
    bool masquerades = false, drops = false;
    bool readable = true;
    bool of_iptables = false;
};

std::optional<Network> network_of(const Json& value) {
    const auto whole = [](const Address& a) { return Network{a, a.is_v4() ? 32U : 128U}; };
    if (value.is_string()) {
        const auto address = Address::parse(value.get<std::string>());
        return address ? std::optional(whole(*address)) : std::nullopt;
    }
    if (value.is_object() && value.contains("prefix")) {
        const auto& prefix = value["prefix"];
        return Network::parse(prefix.value("addr", "") + "/" +
                              std::to_string(prefix.value("len", 0)));
    }
    return std::nullopt;
}

bool add_ports(const Json& value, Ports& ports) {
    const auto port = [](const Json& number) -> std::optional<Port> {
        return number.is_number_unsigned() && number.get<unsigned>() <= 65535
                   ? std::optional(Port{number.get<std::uint16_t>()})
                   : std::nullopt;
    };
    if (const auto single = port(value)) {
        ports.emplace_back(*single, *single);
        return true;
    }
    if (value.is_object() && value.contains("range") && value["range"].size() == 2) {
        const auto first = port(value["range"][0]), last = port(value["range"][1]);
        if (first && last) {
            ports.emplace_back(*first, *last);
        }
        return first && last;
    }
    return value.is_object() && value.contains("set") && value["set"].is_array() &&
           std::ranges::all_of(value["set"], [&](const Json& v) { return add_ports(v, ports); });
}

class RuleReading {
public:
    Statement read(const Json& rule) {
        for (const auto& expression : rule.value("expr", Json::array())) {
            for (const auto& [kind, value] : expression.items()) {
                read_one(kind, value);
            }
        }
        return said_;
    }

private:
    void read_one(const std::string& kind, const Json& value) {
        if (kind == "match") {
            said_.readable &= read_match(value);
        } else if (kind == "mangle") {
            said_.readable &= read_mangle(value);
        } else if (kind == "masquerade") {
            said_.masquerades = true;
        } else if (kind == "snat") {
            const auto address =
                value.is_object() ? network_of(value.value("addr", Json())) : std::nullopt;
            said_.readable &= address.has_value();
            said_.snat = address ? std::optional(address->address) : std::nullopt;
        } else if (kind == "drop") {
            said_.drops = true;
        } else if (kind == "xt") {
            said_.of_iptables = true;
        } else if (kind != "counter") {
            said_.readable = false;
        }
    }

    bool read_match(const Json& match) {
        if (match.value("op", "") != "==") {
            return false;
        }
        const auto left = match.value("left", Json::object());
        const auto right = match.value("right", Json());
        if (left.contains("meta") ||
            left == Json{{"payload", {{"protocol", "ip"}, {"field", "protocol"}}}}) {
            const auto key = left.contains("meta") ? left["meta"].value("key", "") : "l4proto";
            if (key == "l4proto" && right.is_string()) {
                said_.protocol = parse_protocol(right.get<std::string>());
                return said_.protocol.has_value();
            }
            return false;
        }
        const auto payload = left.value("payload", Json::object());
        return read_payload(payload.value("protocol", ""), payload.value("field", ""), right);
    }

    bool read_payload(const std::string& protocol, const std::string& field, const Json& value) {
        const auto set = [&](std::optional<Network>& target) {
            target = network_of(value);
            return target.has_value();
        };
        if (protocol == "ip" || protocol == "ip6") {
            return field == "daddr" ? set(said_.destination)
                                    : field == "saddr" && set(said_.source);
        }
        if (protocol == "arp") {
            // What arptables puts before every rule.
            return field == "daddr ip" ? set(said_.arp_target)
                                       : field == "htype" || field == "hlen" || field == "plen";
        }
        if (protocol != "th") {
            const auto of_ports = parse_protocol(protocol);
            if (!of_ports || (said_.protocol && said_.protocol != of_ports)) {
                return false;
            }
            said_.protocol = of_ports;
        }
        return field == "dport"   ? add_ports(value, said_.ports)
               : field == "sport" ? add_ports(value, said_.source_ports)
                                  : false;
    }

    bool read_mangle(const Json& mangle) {
        const auto key = mangle.value("key", Json::object());
        const auto value = mangle.value("value", Json());
        if (key != Json{{"meta", {{"key", "mark"}}}} || !value.is_number_unsigned()) {
            // Another mark than that of the packet (ct mark), or another field, does not count.
            return key.contains("ct") || key.contains("payload");
        }
        said_.mark = Fwmark{value.get<std::uint32_t>()};
        return true;
    }

    Statement said_;
};

const Ports any_port{{Port{0}, Port{65535}}};

template <class Each>
void for_ports(const Statement& said, const Each& each) {
    for (const auto& source : said.source_ports.empty() ? any_port : said.source_ports) {
        for (const auto& destination : said.ports.empty() ? any_port : said.ports) {
            each(source, destination);
        }
    }
}

void add_mark(const Statement& said, const std::string& text, LoadedRules& rules) {
    if (!said.readable || !said.source_ports.empty()) {
        rules.unread_marks.push_back({text, said.source, said.destination});
    } else if (said.mark) {
        for_ports(said, [&](const auto&, const auto& ports) {
            rules.marks.push_back({said.protocol,
                                   said.source,
                                   said.destination,
                                   ports.first,
                                   ports.second,
                                   *said.mark,
                                   {"nft", 0, 0}});
        });
    }
}

void add_nat(const Statement& said, const std::string& text, LoadedRules& rules) {
    if (!said.readable) {
        rules.unread_nat.push_back({text, said.source, said.destination});
        return;
    }
    if (!said.masquerades && !said.snat) {
        return;
    }
    for_ports(said, [&](const auto& source_ports, const auto& ports) {
        NatRule rule;
        rule.kind = said.masquerades ? NatRule::Kind::masquerade : NatRule::Kind::snat;
        rule.protocol = said.protocol;
        rule.source = said.source;
        rule.destination = said.destination;
        std::tie(rule.first_source_port, rule.last_source_port) = source_ports;
        std::tie(rule.first_port, rule.last_port) = ports;
        rule.to = said.snat.value_or(Address{});
        rule.location = {"nft", 0, 0};
        rules.nat.push_back(std::move(rule));
    });
}

std::optional<Chain> chain_of(const Json& chain) {
    const auto hook = chain.value("hook", "");
    const auto type = chain.value("type", "");
    const auto family = chain.value("family", "");
    const bool ip = family == "ip" || family == "ip6" || family == "inet";
    const int priority = chain.value("prio", 0);
    if (ip && hook == "prerouting" && type == "filter") {
        return Chain{Place::marks, priority};
    }
    if (ip && hook == "postrouting" && type == "nat") {
        return Chain{Place::nat, priority};
    }
    if (family == "arp" && hook == "input") {
        return Chain{Place::arp, priority};
    }
    return std::nullopt;
}

using ChainName = std::tuple<std::string, std::string, std::string>;

void add_rule(Place place, const Json& rule, LoadedRules& rules) {
    const auto said = RuleReading().read(rule);
    if (said.of_iptables) {
        return;
    }
    const auto text = rule.value("expr", Json::array()).dump();
    switch (place) {
        case Place::marks:
            return add_mark(said, text, rules);
        case Place::nat:
            return add_nat(said, text, rules);
        case Place::arp:
            if (said.readable && said.drops && said.arp_target && !said.source) {
                rules.silent.push_back(said.arp_target->address);
            }
    }
}

void add_ruleset(const Json& items, LoadedRules& rules) {
    std::map<ChainName, Chain> chains;
    std::vector<std::pair<int, std::pair<Place, const Json*>>> found;
    for (const auto& item : items) {
        if (item.contains("chain")) {
            const auto& c = item["chain"];
            if (const auto chain = chain_of(c)) {
                chains.emplace(
                    ChainName{c.value("family", ""), c.value("table", ""), c.value("name", "")},
                    *chain);
            }
        } else if (item.contains("rule")) {
            const auto& r = item["rule"];
            const auto chain =
                chains.find({r.value("family", ""), r.value("table", ""), r.value("chain", "")});
            if (chain != chains.end()) {
                found.push_back({chain->second.priority, {chain->second.place, &r}});
            }
        }
    }
    std::ranges::stable_sort(found, {}, [](const auto& rule) { return rule.first; });
    for (const auto& [priority, rule] : found) {
        add_rule(rule.first, *rule.second, rules);
    }
}

}  // namespace

bool add_nftables(std::string_view json, LoadedRules& rules) {
    const auto document = Json::parse(json, nullptr, false);
    if (!document.is_object() || !document.contains("nftables")) {
        return false;
    }
    try {
        add_ruleset(document["nftables"], rules);
    } catch (const Json::exception&) {
        // JSON of another shape than the manual page tells.
        return false;
    }
    return true;
}

}  // namespace lvslab::realmode
