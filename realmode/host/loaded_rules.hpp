// SPDX-License-Identifier: GPL-2.0-only
/// The packet rules that a host has loaded, read from what its programs print: `iptables-save`,
/// `nft -j list ruleset`, `arptables-save`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/scenario/mark_rule.hpp"
#include "core/scenario/nat_rule.hpp"

namespace lvslab::realmode {

/// A rule that says more than can be read here. It may do anything to the packets that these
/// networks hold (unset: to any), and nothing to others.
struct UnreadRule {
    std::string text;  ///< as it was printed
    std::optional<Network> source{}, destination{};
};

/// The rules that matter to an LVS router, as far as they can be read. Locations name the program.
struct LoadedRules {
    std::vector<scenario::MarkRule> marks;  ///< prerouting, in the order in which they take effect
    std::vector<scenario::NatRule> nat;     ///< postrouting: masquerading and SNAT
    std::vector<UnreadRule> unread_marks, unread_nat;  ///< of the same chains
    std::vector<Address> silent;  ///< ARP requests for these addresses are dropped
};

/// Adds the rules of `iptables-save` or `ip6tables-save`. What cannot be read is kept as unread.
void add_iptables(std::string_view text, const std::string& program,
                  const scenario::DeviceSides& devices, LoadedRules& rules);

/// Adds the rules of `nft -j list ruleset`. Those that iptables made are left to iptables-save.
/// False if the text is no such JSON.
bool add_nftables(std::string_view json, LoadedRules& rules);

/// Adds the addresses of `-A INPUT -j DROP -d ADDRESS` of `arptables-save`.
void add_arptables(std::string_view text, LoadedRules& rules);

}  // namespace lvslab::realmode
