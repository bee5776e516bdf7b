// SPDX-License-Identifier: GPL-2.0-only
// The table "filter" as `iptables-save` prints it (iptables(8), iptables-extensions(8)).
#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "core/scenario/iptables_rule.hpp"
#include "realmode/host/packet_filter.hpp"

namespace lvslab::realmode {
namespace {

using scenario::RuleWord;
using Field = FilterMatch::Field;
using Action = FilterRule::Action;

template <class Each>
void for_parts(std::string_view text, char separator, const Each& each) {
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        each(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// `--comment "two words"` is one word: a comment may look like an option.
std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < line.size();) {
        const auto start = line.find_first_not_of(' ', at);
        if (start == std::string_view::npos) {
            break;
        }
        bool quoted = false;
        for (at = start; at < line.size() && (quoted || line[at] != ' '); ++at) {
            if (line[at] == '\\' && quoted) {
                ++at;
            } else if (line[at] == '"') {
                quoted = !quoted;
            }
        }
        at = std::min(at, line.size());
        words.push_back(line.substr(start, at - start));
    }
    return words;
}

std::optional<Fwmark> whole_mark(std::string_view text) {
    const bool hex = text.starts_with("0x");
    text.remove_prefix(hex ? 2 : 0);
    std::uint32_t value{};
    const auto* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value, hex ? 16 : 10);
    return error == std::errc{} && end == last ? std::optional(Fwmark{value}) : std::nullopt;
}

std::optional<Network> network_of(std::string_view text) {
    if (text.find('/') != std::string_view::npos) {
        return Network::parse(text);
    }
    const auto address = Address::parse(text);
    return address ? std::optional(Network{*address, address->is_v4() ? 32U : 128U}) : std::nullopt;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    return out;
}

FilterMatch match_of(Field field, std::string_view value) {
    FilterMatch match{.field = field};
    bool readable = true;
    for_parts(value, ',', [&](std::string_view part) {
        if (field == Field::source || field == Field::destination) {
            const auto network = network_of(part);
            readable &= network.has_value();
            match.networks.push_back(network.value_or(Network{}));
        } else if (field == Field::source_port || field == Field::port) {
            const auto range = router::PortRange::parse(part);
            readable &= range.has_value();
            match.ports.push_back(range.value_or(router::PortRange{}));
        } else if (field == Field::mark) {
            const auto mark = whole_mark(part);
            readable &= mark.has_value();
            match.marks.push_back(mark.value_or(Fwmark{}));
        } else {
            const bool device = field == Field::in_device || field == Field::out_device;
            match.words.push_back(device ? std::string(part) : lower(part));
        }
    });
    return readable && !value.empty() ? match : FilterMatch{};
}

constexpr std::array<std::pair<std::string_view, Field>, 14> options{
    {{"-s", Field::source},
     {"-d", Field::destination},
     {"-p", Field::protocol},
     {"-i", Field::in_device},
     {"-o", Field::out_device},
     {"--sport", Field::source_port},
     {"--sports", Field::source_port},
     {"--dport", Field::port},
     {"--dports", Field::port},
     {"--ctstate", Field::state},
     {"--state", Field::state},
     {"--mark", Field::mark},
     {"-m", Field::unreadable},
     {"--comment", Field::unreadable}}};

/// Matches whose options are read above, or that match everything.
bool is_known_match(std::string_view name) {
    constexpr std::array<std::string_view, 8> known{"tcp",       "udp",   "multiport", "comment",
                                                    "conntrack", "state", "mark",      "sctp"};
    return std::ranges::find(known, name) != known.end();
}

Action action_of(std::string_view target) {
    if (target == "ACCEPT") {
        return Action::accept;
    }
    if (target == "DROP" || target == "REJECT") {
        return Action::drop;
    }
    if (target == "RETURN") {
        return Action::leave;
    }
    constexpr std::array<std::string_view, 8> go_on{"LOG",   "NFLOG",  "MARK",     "CONNMARK",
                                                    "TRACE", "TCPMSS", "CLASSIFY", "AUDIT"};
    return std::ranges::find(go_on, target) != go_on.end() ? Action::pass_on : Action::unknown;
}

/// Words behind `-A CHAIN`.
class RuleReading {
public:
    FilterRule read(std::span<const std::string_view> words) {
        for (std::size_t at = 0; at < words.size();) {
            at += take(words.subspan(at));
        }
        return std::move(rule_);
    }

private:
    /// How many words it took.
    std::size_t take(std::span<const std::string_view> words) {
        if (words[0] == "!") {
            negated_ = true;
            return 1;
        }
        if (words.size() < 2) {
            return unreadable(1);
        }
        if (words[0] == "-j" || words[0] == "-g") {
            rule_.target = words[1];
            rule_.action = words[0] == "-g" ? Action::go_to : action_of(words[1]);
            // What follows belongs to the target.
            return words.size();
        }
        const auto* option =
            std::ranges::find(options, words[0], [](const auto& o) { return o.first; });
        if (option == options.end()) {
            return unreadable(1);
        }
        if (words[0] == "-m" || words[0] == "--comment") {
            return words[0] == "-m" && !is_known_match(words[1]) ? unreadable(2) : 2;
        }
        auto match = match_of(option->second, words[1]);
        match.negated = std::exchange(negated_, false);
        rule_.matches.push_back(std::move(match));
        return 2;
    }

    std::size_t unreadable(std::size_t words) {
        negated_ = false;
        rule_.matches.emplace_back();
        return words;
    }

    FilterRule rule_;
    bool negated_ = false;
};

std::optional<FilterHook> hook_of(std::string_view chain) {
    return chain == "INPUT"     ? std::optional(FilterHook::input)
           : chain == "FORWARD" ? std::optional(FilterHook::forward)
           : chain == "OUTPUT"  ? std::optional(FilterHook::output)
                                : std::nullopt;
}

void add_line(std::string_view line, FilterTable& table) {
    const auto words = words_of(line);
    if (line.starts_with(':') && words.size() >= 2) {
        const auto name = words[0].substr(1);
        auto& chain = table.chains[std::string(name)];
        chain.hook = words[1] == "-" ? std::nullopt : hook_of(name);
        chain.drops = words[1] == "DROP";
    } else if (words.size() >= 2 && words[0] == "-A") {
        auto rule = RuleReading().read(std::span(words).subspan(2));
        rule.text = line;
        table.chains[std::string(words[1])].rules.push_back(std::move(rule));
    }
}

/// `-j NAME` is a jump if there is such a chain.
void find_jumps(FilterTable& table) {
    for (auto& [name, chain] : table.chains) {
        for (auto& rule : chain.rules) {
            if (rule.action == Action::unknown && table.chains.contains(rule.target)) {
                rule.action = Action::jump;
            }
        }
    }
}

}  // namespace

void add_iptables_filter(std::string_view text, const std::string& program,
                         const std::string& family, std::vector<FilterTable>& tables) {
    FilterTable table{.family = family, .name = "filter", .program = program, .chains = {}};
    bool in_filter = false;
    for_parts(text, '\n', [&](std::string_view line) {
        if (line.starts_with('*')) {
            in_filter = line == "*filter";
        } else if (in_filter) {
            add_line(line, table);
        }
    });
    if (!table.chains.empty()) {
        find_jumps(table);
        tables.push_back(std::move(table));
    }
}

}  // namespace lvslab::realmode
