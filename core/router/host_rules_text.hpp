// SPDX-License-Identifier: GPL-2.0-only
/// What hosts need, in the languages of the programs that set it up. Every text can be loaded as it
/// is, and says in comments which line of the lvs.cf asks for what.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/router/host_rules.hpp"

namespace lvslab::router {

/// What reads a text.
enum class RulesFormat {
    nft,        ///< `nft -f`: tables of its own; loaded again, they replace themselves at once
    iptables,   ///< `iptables-restore --noflush` (or without: the tables are emptied first)
    ip6tables,  ///< `ip6tables-restore`, likewise
    arptables,  ///< `arptables-restore`
    sysctl,     ///< `sysctl -p`, a file of /etc/sysctl.d
    ip,         ///< `ip -batch`: virtual addresses of a real server
};

std::string_view to_string(RulesFormat format);
std::optional<RulesFormat> parse_rules_format(std::string_view text);

/// The formats that tell something about a router, or about a real server.
std::vector<RulesFormat> router_formats();
std::vector<RulesFormat> real_server_formats();

/// What a router needs. A format of real servers alone gives comments.
std::string router_text(const HostRules& rules, RulesFormat format);

/// What one real server needs. Under direct routing the ways exclude each other: either `sysctl` or
/// `arptables` or `nft`, each with `ip` (manual, 3.2.1), or `iptables` without it (manual, 3.2.2).
std::string real_server_text(const HostRules& rules, const RealServerNeed& server,
                             RulesFormat format);

}  // namespace lvslab::router
