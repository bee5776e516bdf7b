// SPDX-License-Identifier: GPL-2.0-only
/// The words of one iptables rule: what the rules of all tables have in common.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/quantities.hpp"

namespace lvslab::scenario {

struct RuleWord {
    std::string_view text;
    SourceLocation location;
};

/// Cuts a rule at its blanks. Each word has its own column if `where` is the place of the first
/// byte in a file's line; otherwise (`columns` false) all have the place `where`.
std::vector<RuleWord> rule_words(std::string_view text, const SourceLocation& where, bool columns);

/// What a kind of rule may say.
struct RuleGrammar {
    std::string_view name;                    ///< "a mark rule"
    std::span<const std::string_view> takes;  ///< matches and the target's options, short forms
    std::span<const std::string_view> jumps;  ///< targets
    std::string_view supported;               ///< all of it, for messages
    std::string_view jumps_to;                ///< the targets, for messages
};

/// A rule's matches, and its target with the options that belong to it.
struct IptablesRule {
    std::optional<Protocol> protocol;
    std::optional<Network> source, destination;
    Port first_source_port{0}, last_source_port{65535};
    Port first_port{0}, last_port{65535};
    std::optional<RuleWord> out_device;
    RuleWord target;  ///< without text: no -j
    std::vector<std::pair<RuleWord, RuleWord>> options;
};

/// Reads the words behind `-A CHAIN`. Nothing after an error, which stands at its word.
std::optional<IptablesRule> read_rule(std::span<const RuleWord> words, const SourceLocation& where,
                                      const RuleGrammar& grammar, Diagnostics& d);

}  // namespace lvslab::scenario
