// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/iptables_file.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>

namespace lvslab::scenario {
namespace {

constexpr std::string_view tables[] = {"filter", "nat", "mangle", "raw", "security"};

class FileReader {
public:
    FileReader(const std::string& file, const DeviceSides& devices, Checked<IptablesFile>& result)
        : devices_(devices), rules_(result.value.emplace()), d_(result.diagnostics) {
        where_.file = file;
    }

    void read(std::string_view text) {
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            ++where_.line;
            where_.column = 1;
            read_line(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        if (!table_.empty()) {
            d_.error(table_place_, fmt::format("table {} has no COMMIT: iptables-restore loads "
                                               "nothing of it",
                                               table_));
        }
    }

private:
    void read_line(std::string_view line) {
        const auto words = rule_words(line, where_, true);
        if (words.empty() || words.front().text.starts_with('#')) {
            return;
        }
        const auto& first = words.front();
        if (first.text.starts_with('*')) {
            begin_table(first);
        } else if (first.text == "COMMIT" && words.size() == 1) {
            if (in_table(first)) {
                table_ = {};
            }
        } else if (first.text.starts_with(':')) {
            if (in_table(first)) {
                read_chain(words);
            }
        } else {
            read_rule_line(words);
        }
    }

    bool in_table(const RuleWord& word) {
        if (table_.empty()) {
            d_.error(word.location, fmt::format("\"{}\" stands in no table; a table begins with "
                                                "*mangle, *nat or *filter",
                                                word.text));
        }
        return !table_.empty();
    }

    void begin_table(const RuleWord& word) {
        const auto name = word.text.substr(1);
        if (!table_.empty()) {
            d_.error(word.location, fmt::format("table {} has no COMMIT before this one", table_));
        }
        if (std::ranges::find(tables, name) == std::end(tables)) {
            d_.error(word.location, fmt::format("no table is called \"{}\"; there are filter, nat, "
                                                "mangle, raw and security",
                                                name));
        }
        table_ = name;
        table_place_ = word.location;
    }

    // `:PREROUTING ACCEPT [0:0]`
    void read_chain(const std::vector<RuleWord>& words) {
        if (words.size() < 2) {
            d_.error(words.front().location, "a chain is written as :CHAIN POLICY [0:0]");
        } else if (words[1].text != "ACCEPT" && words[1].text != "-") {
            d_.warning(words[1].location,
                       fmt::format("policy {} of {} {} is not modelled: every packet is accepted",
                                   words[1].text, table_, words.front().text.substr(1)));
        }
    }

    // `[12:3456] -A PREROUTING -p tcp ...`
    void read_rule_line(const std::vector<RuleWord>& all) {
        std::span<const RuleWord> words(all);
        if (words.front().text.starts_with('[') && words.front().text.ends_with(']')) {
            words = words.subspan(1);
        }
        if (words.size() < 2 || (words[0].text != "-A" && words[0].text != "--append")) {
            d_.error(all.front().location,
                     fmt::format("\"{}\" is no line of iptables-save; expected *TABLE, :CHAIN "
                                 "POLICY, -A CHAIN RULE, COMMIT or a comment",
                                 all.front().text));
            return;
        }
        if (in_table(words[0])) {
            read_rule_of(words[1].text, words.subspan(2), words[0].location);
        }
    }

    void read_rule_of(std::string_view chain, std::span<const RuleWord> words,
                      const SourceLocation& where) {
        if (table_ == "mangle" && chain == "PREROUTING") {
            if (const auto rule = read_mark_rule(words, where, d_)) {
                rules_.marks.push_back(*rule);
            }
        } else if (table_ == "nat" && (chain == "PREROUTING" || chain == "POSTROUTING")) {
            if (const auto rule = read_nat_rule(chain, words, where, devices_, d_)) {
                rules_.nat.push_back(*rule);
            }
        } else {
            d_.warning(where, fmt::format("rules of {} {} are not modelled: this one has no effect",
                                          table_, chain));
        }
    }

    const DeviceSides& devices_;
    IptablesFile& rules_;
    Diagnostics& d_;
    SourceLocation where_;
    std::string_view table_;
    SourceLocation table_place_;
};

}  // namespace

Checked<IptablesFile> read_iptables(std::string_view text, const std::string& file,
                                    const DeviceSides& devices) {
    Checked<IptablesFile> result;
    FileReader(file, devices, result).read(text);
    if (result.diagnostics.has_errors()) {
        result.value.reset();
    }
    return result;
}

}  // namespace lvslab::scenario
