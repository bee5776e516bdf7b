// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/loaded_rules.hpp"

#include <algorithm>
#include <span>

#include "core/scenario/iptables_rule.hpp"

namespace lvslab::realmode {
namespace {

using scenario::RuleWord;

template <class Each>
void for_lines(std::string_view text, const Each& each) {
    for (unsigned number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        each(text.substr(0, end), number);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// iptables-save prints source and destination before all that could not be read, which may hold
/// words that look like them.
UnreadRule unread(std::string_view line, std::span<const RuleWord> words) {
    UnreadRule rule{std::string(line)};
    while (words.size() >= 2) {
        const bool negated = words[0].text == "!";
        const auto option = words[negated ? 1 : 0].text;
        if ((option != "-s" && option != "-d") || (negated && words.size() < 3)) {
            break;
        }
        if (!negated) {
            (option == "-s" ? rule.source : rule.destination) = Network::parse(words[1].text);
        }
        words = words.subspan(negated ? 3 : 2);
    }
    return rule;
}

void add_iptables_rule(std::string_view table, std::string_view line,
                       std::span<const RuleWord> words, const scenario::DeviceSides& devices,
                       LoadedRules& rules) {
    const auto chain = words[1].text;
    Diagnostics why_not;
    if (table == "mangle" && chain == "PREROUTING") {
        const auto rule = read_mark_rule(words.subspan(2), words[0].location, why_not);
        if (rule) {
            rules.marks.push_back(*rule);
        } else {
            rules.unread_marks.push_back(unread(line, words.subspan(2)));
        }
    } else if (table == "nat" && chain == "POSTROUTING") {
        const auto rule =
            read_nat_rule(chain, words.subspan(2), words[0].location, devices, why_not);
        if (rule) {
            rules.nat.push_back(*rule);
        } else {
            rules.unread_nat.push_back(unread(line, words.subspan(2)));
        }
    }
}

}  // namespace

void add_iptables(std::string_view text, const std::string& program,
                  const scenario::DeviceSides& devices, LoadedRules& rules) {
    std::string_view table;
    for_lines(text, [&](std::string_view line, unsigned number) {
        if (line.starts_with('*')) {
            table = line.substr(1);
            return;
        }
        const auto words = scenario::rule_words(line, {program, number, 0}, false);
        if (words.size() > 2 && words[0].text == "-A") {
            add_iptables_rule(table, line, words, devices, rules);
        }
    });
}

void add_arptables(std::string_view text, LoadedRules& rules) {
    for_lines(text, [&](std::string_view line, unsigned) {
        const auto words = scenario::rule_words(line, {}, false);
        const auto has = [&](std::string_view option, std::string_view value) {
            for (std::size_t i = 0; i + 1 < words.size(); ++i) {
                if (words[i].text == option && words[i + 1].text == value) {
                    return true;
                }
            }
            return false;
        };
        if (!has("-A", "INPUT") || !has("-j", "DROP")) {
            return;
        }
        for (std::size_t i = 0; i + 1 < words.size(); ++i) {
            // Exactly this form: a rule that says more drops less.
            const auto address = Address::parse(words[i + 1].text);
            if (words[i].text == "-d" && address && words.size() == 6) {
                rules.silent.push_back(*address);
            }
        }
    });
}

}  // namespace lvslab::realmode
