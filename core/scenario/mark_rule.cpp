// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/mark_rule.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace lvslab::scenario {
namespace {

constexpr std::string_view takes[] = {"-p", "-s", "-d", "--dport", "--set-mark", "--set-xmark"};
constexpr std::string_view jumps[] = {"MARK"};
constexpr RuleGrammar grammar{"a mark rule", takes, jumps,
                              "-p, -s, -d, --dport, -j MARK, --set-mark and --set-xmark", "MARK"};

// NUMBER or NUMBER/0xffffffff: a mark that replaces the whole of the old one.
std::optional<Fwmark> whole_mark(std::string_view text) {
    constexpr std::string_view full_mask = "/0xffffffff";
    if (text.ends_with(full_mask)) {
        text.remove_suffix(full_mask.size());
    }
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    text.remove_prefix(hex ? 2 : 0);
    std::uint32_t value{};
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && value != 0 ? std::optional(Fwmark{value}) : std::nullopt;
}

// `[/sbin/]iptables -t mangle -A PREROUTING`
std::size_t opening_words(const std::vector<RuleWord>& words) {
    std::size_t at = 0;
    if (!words.empty() && (words[0].text == "iptables" || words[0].text.ends_with("/iptables"))) {
        ++at;
    }
    for (const auto& [option, value] : {std::pair{"-t", "mangle"}, {"-A", "PREROUTING"}}) {
        if (at + 1 < words.size() && words[at].text == option && words[at + 1].text == value) {
            at += 2;
        }
    }
    return at;
}

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

std::optional<MarkRule> read_mark_rule(std::span<const RuleWord> words, const SourceLocation& where,
                                       Diagnostics& d) {
    const auto read = read_rule(words, where, grammar, d);
    if (!read) {
        return std::nullopt;
    }
    MarkRule rule{
        read->protocol, read->source, read->destination, read->first_port, read->last_port, {},
        where};
    for (const auto& [option, value] : read->options) {
        const auto mark = whole_mark(value.text);
        if (!mark) {
            d.error(value.location, fmt::format("{} {}: expected a mark from 1 to 4294967295",
                                                option.text, value.text));
            return std::nullopt;
        }
        rule.mark = *mark;
    }
    if (read->target.text.empty()) {
        d.error(where, "the mark rule has no -j MARK");
        return std::nullopt;
    }
    if (rule.mark == Fwmark{}) {
        d.error(where, "the mark rule has no --set-mark NUMBER");
        return std::nullopt;
    }
    return rule;
}

Checked<MarkRule> parse_mark_rule(std::string_view text, const SourceLocation& where) {
    const auto words = rule_words(text, where, false);
    Checked<MarkRule> result;
    result.value =
        read_mark_rule(std::span(words).subspan(opening_words(words)), where, result.diagnostics);
    return result;
}

}  // namespace lvslab::scenario
