// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/mark_rule.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include <fmt/format.h>

namespace lvslab::scenario {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < text.size();) {
        const auto start = text.find_first_not_of(" \t\n", at);
        if (start == std::string_view::npos) {
            break;
        }
        at = std::min(text.find_first_of(" \t\n", start), text.size());
        words.push_back(text.substr(start, at - start));
    }
    return words;
}

template <class T>
std::optional<T> whole_number(std::string_view text, int base = 10) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<Network> network_or_host(std::string_view text) {
    if (const auto address = Address::parse(text)) {
        return Network{*address, address->is_v4() ? 32U : 128U};
    }
    return Network::parse(text);
}

// NUMBER or NUMBER/0xffffffff: a mark that replaces the whole of the old one.
std::optional<Fwmark> whole_mark(std::string_view text) {
    constexpr std::string_view full_mask = "/0xffffffff";
    if (text.ends_with(full_mask)) {
        text.remove_suffix(full_mask.size());
    }
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const auto value = whole_number<std::uint32_t>(hex ? text.substr(2) : text, hex ? 16 : 10);
    return value && *value != 0 ? std::optional(Fwmark{*value}) : std::nullopt;
}

// Reads the words of one rule, left to right.
class RuleReader {
public:
    RuleReader(std::string_view text, const SourceLocation& where)
        : words_(words_of(text)), where_(where) {
        rule_.location = where;
    }

    Checked<MarkRule> read() {
        skip_opening();
        while (at_ < words_.size() && diagnostics_.empty()) {
            read_option();
        }
        if (diagnostics_.empty()) {
            check_whole();
        }
        Checked<MarkRule> result;
        if (diagnostics_.empty()) {
            result.value = rule_;
        }
        result.diagnostics = std::move(diagnostics_);
        return result;
    }

private:
    void error(std::string message) { diagnostics_.error(where_, std::move(message)); }

    // `[/sbin/]iptables -t mangle -A PREROUTING`
    void skip_opening() {
        if (at_ < words_.size() &&
            (words_[at_] == "iptables" || words_[at_].ends_with("/iptables"))) {
            ++at_;
        }
        for (const auto& [option, value] : {std::pair{"-t", "mangle"}, {"-A", "PREROUTING"}}) {
            if (at_ + 1 < words_.size() && words_[at_] == option && words_[at_ + 1] == value) {
                at_ += 2;
            }
        }
    }

    void read_option() {
        const auto option = words_[at_++];
        const auto is = [&](auto... names) { return ((option == names) || ...); };
        const bool known =
            is("-p", "--protocol", "-s", "--source", "-d", "--destination", "--dport",
               "--destination-port", "-m", "-j", "--jump", "--set-mark", "--set-xmark");
        if (!known) {
            error(
                fmt::format("\"{}\" is not supported in a mark rule; supported are -p, -s, -d, "
                            "--dport, -j MARK, --set-mark and --set-xmark",
                            option));
            return;
        }
        if (at_ == words_.size()) {
            error(fmt::format("{} has no value", option));
            return;
        }
        const auto value = words_[at_++];
        if (is("-p", "--protocol")) {
            set(rule_.protocol, parse_protocol(value), option, value, "tcp, udp or sctp");
        } else if (is("-s", "--source")) {
            set(rule_.source, network_or_host(value), option, value, "an address or a network");
        } else if (is("-d", "--destination")) {
            set(rule_.destination, network_or_host(value), option, value,
                "an address or a network");
        } else if (is("--dport", "--destination-port")) {
            set_ports(value);
        } else if (is("-m")) {
            if (!rule_.protocol || value != to_string(*rule_.protocol)) {
                error(fmt::format("-m {} is not supported in a mark rule", value));
            }
        } else if (is("-j", "--jump")) {
            jump_ = value == "MARK";
            if (!jump_) {
                error(fmt::format("-j {}: a mark rule jumps to MARK", value));
            }
        } else {
            std::optional<Fwmark> mark;
            set(mark, whole_mark(value), option, value, "a mark from 1 to 4294967295");
            rule_.mark = mark.value_or(Fwmark{});
        }
    }

    template <class T>
    void set(std::optional<T>& field, std::optional<T> value, std::string_view option,
             std::string_view text, std::string_view expected) {
        if (!value) {
            error(fmt::format("{} {}: expected {}", option, text, expected));
        }
        field = std::move(value);
    }

    void set_ports(std::string_view text) {
        const auto colon = text.find(':');
        const auto first = whole_number<std::uint16_t>(text.substr(0, colon));
        const auto last = colon == std::string_view::npos
                              ? first
                              : whole_number<std::uint16_t>(text.substr(colon + 1));
        if (!first || !last || *first > *last) {
            error(fmt::format("--dport {}: expected PORT or FIRST:LAST", text));
            return;
        }
        rule_.first_port = Port{*first};
        rule_.last_port = Port{*last};
        has_ports_ = true;
    }

    void check_whole() {
        if (!jump_) {
            error("the mark rule has no -j MARK");
        } else if (rule_.mark == Fwmark{}) {
            error("the mark rule has no --set-mark NUMBER");
        } else if (has_ports_ && !rule_.protocol) {
            error("--dport needs -p tcp or -p udp before it");
        }
    }

    std::vector<std::string_view> words_;
    std::size_t at_ = 0;
    SourceLocation where_;
    MarkRule rule_;
    Diagnostics diagnostics_;
    bool jump_ = false;
    bool has_ports_ = false;
};

}  // namespace

bool MarkRule::matches(Protocol p, const Address& from, const Endpoint& to) const {
    return (!protocol || *protocol == p) && (!source || source->contains(from)) &&
           (!destination || destination->contains(to.address)) && first_port <= to.port &&
           to.port <= last_port;
}

Fwmark mark_of(const std::vector<MarkRule>& rules, Protocol p, const Address& from,
               const Endpoint& to) {
    const auto last = std::find_if(rules.rbegin(), rules.rend(),
                                   [&](const auto& rule) { return rule.matches(p, from, to); });
    return last == rules.rend() ? Fwmark{} : last->mark;
}

Checked<MarkRule> parse_mark_rule(std::string_view text, const SourceLocation& where) {
    return RuleReader(text, where).read();
}

}  // namespace lvslab::scenario
