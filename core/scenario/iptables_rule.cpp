// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/iptables_rule.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace lvslab::scenario {
namespace {

std::optional<Port> port_of(std::string_view text) {
    std::uint16_t value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return Port{value};
}

std::optional<Network> network_or_host(std::string_view text) {
    if (const auto address = Address::parse(text)) {
        return Network{*address, address->is_v4() ? 32U : 128U};
    }
    return Network::parse(text);
}

// The short form of an option.
std::string_view short_form(std::string_view option) {
    constexpr std::pair<std::string_view, std::string_view> forms[] = {
        {"--protocol", "-p"},
        {"--source", "-s"},
        {"--src", "-s"},
        {"--destination", "-d"},
        {"--dst", "-d"},
        {"--destination-port", "--dport"},
        {"--source-port", "--sport"},
        {"--out-interface", "-o"},
        {"--match", "-m"},
        {"--jump", "-j"},
        {"--to-port", "--to-ports"}};
    const auto* found =
        std::ranges::find(forms, option, &std::pair<std::string_view, std::string_view>::first);
    return found == std::end(forms) ? option : found->second;
}

// Reads the words of one rule, left to right, up to the first error.
class RuleReader {
public:
    RuleReader(std::span<const RuleWord> words, const RuleGrammar& grammar, Diagnostics& d)
        : words_(words), grammar_(grammar), d_(d) {}

    std::optional<IptablesRule> read(const SourceLocation& where) {
        while (at_ < words_.size() && good_) {
            read_option();
        }
        if (good_ && has_ports_ && !rule_.protocol) {
            error(where, fmt::format("{} needs -p tcp or -p udp before it", ports_option_));
        }
        return good_ ? std::optional(rule_) : std::nullopt;
    }

private:
    void error(const SourceLocation& where, std::string message) {
        d_.error(where, std::move(message));
        good_ = false;
    }

    void read_option() {
        const auto& word = words_[at_++];
        const auto option = short_form(word.text);
        const bool always = option == "-m" || option == "-j";
        if (!always && std::ranges::find(grammar_.takes, option) == grammar_.takes.end()) {
            error(word.location, fmt::format("\"{}\" is not supported in {}; supported are {}",
                                             word.text, grammar_.name, grammar_.supported));
            return;
        }
        if (at_ == words_.size()) {
            error(word.location, fmt::format("{} has no value", word.text));
            return;
        }
        read_value(word, option, words_[at_++]);
    }

    void read_value(const RuleWord& word, std::string_view option, const RuleWord& value) {
        if (option == "-p") {
            set(rule_.protocol, parse_protocol(value.text), word, value, "tcp, udp or sctp");
        } else if (option == "-s") {
            set(rule_.source, network_or_host(value.text), word, value, "an address or a network");
        } else if (option == "-d") {
            set(rule_.destination, network_or_host(value.text), word, value,
                "an address or a network");
        } else if (option == "--dport") {
            set_ports(rule_.first_port, rule_.last_port, word, value);
        } else if (option == "--sport") {
            set_ports(rule_.first_source_port, rule_.last_source_port, word, value);
        } else if (option == "-o") {
            rule_.out_device = value;
        } else if (option == "-m") {
            if (!rule_.protocol || value.text != to_string(*rule_.protocol)) {
                error(value.location,
                      fmt::format("-m {} is not supported in {}", value.text, grammar_.name));
            }
        } else if (option == "-j") {
            rule_.target = value;
            if (std::ranges::find(grammar_.jumps, value.text) == grammar_.jumps.end()) {
                error(value.location, fmt::format("-j {}: {} jumps to {}", value.text,
                                                  grammar_.name, grammar_.jumps_to));
            }
        } else {
            rule_.options.emplace_back(RuleWord{option, word.location}, value);
        }
    }

    template <class T>
    void set(std::optional<T>& field, std::optional<T> value, const RuleWord& option,
             const RuleWord& text, std::string_view expected) {
        if (!value) {
            error(text.location,
                  fmt::format("{} {}: expected {}", option.text, text.text, expected));
        }
        field = std::move(value);
    }

    void set_ports(Port& first, Port& last, const RuleWord& option, const RuleWord& text) {
        const auto colon = text.text.find(':');
        const auto low = port_of(text.text.substr(0, colon));
        const auto high =
            colon == std::string_view::npos ? low : port_of(text.text.substr(colon + 1));
        if (!low || !high || *low > *high) {
            error(text.location,
                  fmt::format("{} {}: expected PORT or FIRST:LAST", option.text, text.text));
            return;
        }
        first = *low;
        last = *high;
        has_ports_ = true;
        ports_option_ = option.text;
    }

    std::span<const RuleWord> words_;
    std::size_t at_ = 0;
    const RuleGrammar& grammar_;
    Diagnostics& d_;
    IptablesRule rule_;
    bool good_ = true;
    bool has_ports_ = false;
    std::string_view ports_option_;
};

}  // namespace

std::vector<RuleWord> rule_words(std::string_view text, const SourceLocation& where, bool columns) {
    std::vector<RuleWord> words;
    for (std::size_t at = 0; at < text.size();) {
        const auto start = text.find_first_not_of(" \t\r\n", at);
        if (start == std::string_view::npos) {
            break;
        }
        at = std::min(text.find_first_of(" \t\r\n", start), text.size());
        auto place = where;
        if (columns) {
            place.column += static_cast<unsigned>(start);
        }
        words.push_back({text.substr(start, at - start), place});
    }
    return words;
}

std::optional<IptablesRule> read_rule(std::span<const RuleWord> words, const SourceLocation& where,
                                      const RuleGrammar& grammar, Diagnostics& d) {
    return RuleReader(words, grammar, d).read(where);
}

}  // namespace lvslab::scenario
