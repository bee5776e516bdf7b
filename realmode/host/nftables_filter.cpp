// SPDX-License-Identifier: GPL-2.0-only
// Filter chains as `nft -j list ruleset` prints them (libnftables-json(5)).
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "realmode/host/packet_filter.hpp"

namespace lvslab::realmode {
namespace {

using Json = nlohmann::json;
using Field = FilterMatch::Field;
using Action = FilterRule::Action;

std::optional<Network> network_of(const Json& value) {
    if (value.is_string()) {
        const auto address = Address::parse(value.get<std::string>());
        return address ? std::optional(Network{*address, address->is_v4() ? 32U : 128U})
                       : std::nullopt;
    }
    if (value.is_object() && value.contains("prefix")) {
        const auto& prefix = value["prefix"];
        return Network::parse(prefix.value("addr", "") + "/" +
                              std::to_string(prefix.value("len", 0)));
    }
    return std::nullopt;
}

std::optional<router::PortRange> ports_of(const Json& value) {
    const auto port = [](const Json& number) -> std::optional<Port> {
        return number.is_number_unsigned() && number.get<std::uint64_t>() <= 65535
                   ? std::optional(Port{number.get<std::uint16_t>()})
                   : std::nullopt;
    };
    if (const auto single = port(value)) {
        return router::PortRange{*single, *single};
    }
    if (value.is_object() && value.contains("range") && value["range"].size() == 2) {
        const auto first = port(value["range"][0]), last = port(value["range"][1]);
        return first && last ? std::optional(router::PortRange{*first, *last}) : std::nullopt;
    }
    return std::nullopt;
}

/// Adds a value to a match of its field; false if it cannot be read. "@name" is a set by name,
/// whose elements come and go.
bool add_value(const Json& value, FilterMatch& match) {
    switch (match.field) {
        case Field::source:
        case Field::destination:
            if (const auto network = network_of(value)) {
                match.networks.push_back(*network);
                return true;
            }
            return false;
        case Field::source_port:
        case Field::port:
            if (const auto ports = ports_of(value)) {
                match.ports.push_back(*ports);
                return true;
            }
            return false;
        case Field::mark:
            if (value.is_number_unsigned()) {
                match.marks.emplace_back(value.get<std::uint32_t>());
            }
            return value.is_number_unsigned();
        default:
            if (value.is_string() && !value.get<std::string>().starts_with('@')) {
                match.words.push_back(value.get<std::string>());
                return true;
            }
            return false;
    }
}

bool add_values(const Json& value, FilterMatch& match) {
    const Json* list = value.is_array()                             ? &value
                       : value.is_object() && value.contains("set") ? &value["set"]
                                                                    : nullptr;
    if (list == nullptr || !list->is_array()) {
        return add_value(value, match);
    }
    return !list->empty() &&
           std::ranges::all_of(*list, [&](const Json& v) { return add_value(v, match); });
}

FilterMatch protocol_match(const std::string& protocol) {
    return {.field = Field::protocol, .words = {protocol}};
}

FilterMatch family_match(const std::string& family) {
    return {.field = Field::family, .words = {family}};
}

class RuleReading {
public:
    /// More than one rule if verdicts hang on a map's key.
    std::vector<FilterRule> read(const Json& rule) {
        text_ = fmt::format("rule handle {}", rule.value("handle", 0));
        for (const auto& expression : rule.value("expr", Json::array())) {
            for (const auto& [kind, value] : expression.items()) {
                read_one(kind, value);
            }
        }
        if (rules_.empty() || action_ != Action::pass_on) {
            add_rule(matches_, action_, target_);
        }
        return std::move(rules_);
    }

private:
    void read_one(const std::string& kind, const Json& value) {
        if (kind == "match") {
            read_match(value);
        } else if (kind == "vmap") {
            read_map(value);
        } else if (read_verdict(kind, value, action_, target_)) {
            return;
        } else if (kind == "limit") {
            matches_.emplace_back();
        } else if (kind != "counter" && kind != "log" && kind != "mangle" && kind != "comment" &&
                   kind != "notrack") {
            matches_.emplace_back();
            action_ = Action::unknown;
        }
    }

    static bool read_verdict(const std::string& kind, const Json& value, Action& action,
                             std::string& target) {
        if (kind == "accept") {
            action = Action::accept;
        } else if (kind == "drop" || kind == "reject") {
            action = Action::drop;
        } else if (kind == "return") {
            action = Action::leave;
        } else if (kind == "continue") {
            action = Action::pass_on;
        } else if (kind == "jump" || kind == "goto") {
            action = kind == "jump" ? Action::jump : Action::go_to;
            target = value.value("target", "");
        } else {
            return false;
        }
        return true;
    }

    void read_match(const Json& json) {
        const auto op = json.value("op", "");
        const auto right = json.value("right", Json());
        auto match = match_of(json.value("left", Json::object()));
        const bool readable = (op == "==" || op == "!=" || op == "in") && add_values(right, match);
        if (!readable) {
            match = {};
        }
        match.negated = op == "!=";
        matches_.push_back(std::move(match));
    }

    /// The field of an expression; what it asks for besides is added to the rule.
    FilterMatch match_of(const Json& left) {
        if (left.contains("meta")) {
            return {.field = of_meta(left["meta"].value("key", ""))};
        }
        if (left.contains("ct") && left["ct"].value("key", "") == "state") {
            return {.field = Field::state};
        }
        const auto payload = left.value("payload", Json::object());
        const auto protocol = payload.value("protocol", "");
        const auto field = payload.value("field", "");
        if (protocol == "ip" || protocol == "ip6") {
            matches_.push_back(family_match(protocol == "ip" ? "ipv4" : "ipv6"));
            return {.field = field == "saddr"                            ? Field::source
                             : field == "daddr"                          ? Field::destination
                             : field == "protocol" || field == "nexthdr" ? Field::protocol
                                                                         : Field::unreadable};
        }
        if (!protocol.empty() && protocol != "th") {
            matches_.push_back(protocol_match(protocol == "icmpv6" ? "ipv6-icmp" : protocol));
        }
        return {.field = field == "dport"   ? Field::port
                         : field == "sport" ? Field::source_port
                                            : Field::unreadable};
    }

    static Field of_meta(const std::string& key) {
        return key == "l4proto"                   ? Field::protocol
               : key == "iifname" || key == "iif" ? Field::in_device
               : key == "oifname" || key == "oif" ? Field::out_device
               : key == "mark"                    ? Field::mark
               : key == "nfproto"                 ? Field::family
                                                  : Field::unreadable;
    }

    /// `ct state vmap { established : accept, invalid : drop }`
    void read_map(const Json& map) {
        const auto key = match_of(map.value("key", Json::object()));
        const auto data = map.value("data", Json());
        if (!data.is_object() || !data.contains("set") || !data["set"].is_array()) {
            matches_.emplace_back();
            action_ = Action::unknown;
            return;
        }
        for (const auto& item : data["set"]) {
            auto match = key;
            auto action = Action::unknown;
            std::string target;
            if (!item.is_array() || item.size() != 2 || !add_values(item[0], match)) {
                match = {};
            }
            if (item.is_array() && item.size() == 2 && item[1].is_object()) {
                for (const auto& [kind, value] : item[1].items()) {
                    read_verdict(kind, value, action, target);
                }
            }
            auto matches = matches_;
            matches.push_back(std::move(match));
            add_rule(std::move(matches), action, target);
        }
    }

    void add_rule(std::vector<FilterMatch> matches, Action action, std::string target) {
        rules_.push_back({std::move(matches), action, std::move(target), text_});
    }

    std::vector<FilterRule> rules_;
    std::vector<FilterMatch> matches_;
    Action action_ = Action::pass_on;
    std::string target_, text_;
};

std::optional<FilterHook> hook_of(const Json& chain) {
    const auto hook = chain.value("hook", "");
    return chain.value("type", "") != "filter" ? std::nullopt
           : hook == "input"                   ? std::optional(FilterHook::input)
           : hook == "forward"                 ? std::optional(FilterHook::forward)
           : hook == "output"                  ? std::optional(FilterHook::output)
                                               : std::nullopt;
}

class RulesetReading {
public:
    std::vector<FilterTable> read(const Json& items) {
        for (const auto& item : items) {
            if (item.contains("chain")) {
                const auto& json = item["chain"];
                auto& chain = chain_of(json, json.value("name", ""));
                chain.hook = hook_of(json);
                chain.priority = json.value("prio", 0);
                chain.drops = json.value("policy", "") == "drop";
            } else if (item.contains("rule")) {
                const auto& json = item["rule"];
                auto& rules = chain_of(json, json.value("chain", "")).rules;
                auto read = RuleReading().read(json);
                std::ranges::move(read, std::back_inserter(rules));
            }
        }
        return std::move(tables_);
    }

private:
    FilterChain& chain_of(const Json& json, const std::string& name) {
        const auto family = json.value("family", ""), table = json.value("table", "");
        auto found = std::ranges::find_if(
            tables_, [&](const FilterTable& t) { return t.family == family && t.name == table; });
        if (found == tables_.end()) {
            tables_.push_back({family, table, "nft", {}});
            found = tables_.end() - 1;
        }
        return found->chains[name];
    }

    std::vector<FilterTable> tables_;
};

}  // namespace

bool add_nftables_filter(std::string_view json, std::vector<FilterTable>& tables) {
    const auto document = Json::parse(json, nullptr, false);
    if (!document.is_object() || !document.contains("nftables")) {
        return false;
    }
    try {
        for (auto& table : RulesetReading().read(document["nftables"])) {
            const bool known = std::ranges::any_of(tables, [&](const FilterTable& t) {
                return t.family == table.family && t.name == table.name;
            });
            const bool filters = std::ranges::any_of(
                table.chains, [](const auto& chain) { return chain.second.hook.has_value(); });
            if (filters && !known) {
                tables.push_back(std::move(table));
            }
        }
    } catch (const Json::exception&) {
        // JSON of another shape than the manual page tells.
        return false;
    }
    return true;
}

}  // namespace lvslab::realmode
