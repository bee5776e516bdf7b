// SPDX-License-Identifier: GPL-2.0-only
/// Firewall marks: the subset of iptables' rules that the manual (section 3.4) uses to give the
/// packets of several ports or addresses one mark.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/quantities.hpp"
#include "core/scenario/iptables_rule.hpp"

namespace lvslab::scenario {

/// `-p tcp -d 192.168.26.10/32 --dport 80 -j MARK --set-mark 80`
struct MarkRule {
    std::optional<Protocol> protocol;    ///< -p; unset = every one
    std::optional<Network> source;       ///< -s
    std::optional<Network> destination;  ///< -d
    Port first_port{0};                  ///< --dport FIRST:LAST
    Port last_port{65535};
    Fwmark mark;
    SourceLocation location;

    bool matches(Protocol p, const Address& from, const Endpoint& to) const;
};

/// The mark that a packet from `from` to `to` carries when it reaches IPVS: that of the last rule
/// that matches (MARK does not end a chain), or none (0).
Fwmark mark_of(const std::vector<MarkRule>& rules, Protocol p, const Address& from,
               const Endpoint& to);

/// Reads a rule in iptables' syntax: -p, -s, -d, --dport PORT[:PORT], -j MARK, --set-mark or
/// --set-xmark NUMBER; an opening `iptables -t mangle -A PREROUTING` may stand before it. Anything
/// else is an error that names the word.
Checked<MarkRule> parse_mark_rule(std::string_view text, const SourceLocation& where);

/// The same for words that have been cut, without an opening.
std::optional<MarkRule> read_mark_rule(std::span<const RuleWord> words, const SourceLocation& where,
                                       Diagnostics& d);

}  // namespace lvslab::scenario
