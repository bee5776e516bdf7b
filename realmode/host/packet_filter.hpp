// SPDX-License-Identifier: GPL-2.0-only
/// What the filter chains that a host has loaded do with a packet: surely pass it, surely drop it,
/// or that cannot be told. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "core/router/host_rules.hpp"

namespace lvslab::realmode {

enum class FilterHook { input, forward, output };

/// One thing that a rule asks of a packet. A field that is not `unreadable` has at least one value;
/// one that fits is enough.
struct FilterMatch {
    enum class Field {
        protocol,
        source,
        destination,
        source_port,
        port,
        in_device,
        out_device,
        state,  ///< of the connection: "new", "established", ...
        mark,
        family,  ///< "ipv4", "ipv6"
        unreadable,
    };
    Field field = Field::unreadable;
    bool negated = false;
    std::vector<Network> networks{};         ///< source, destination
    std::vector<router::PortRange> ports{};  ///< source_port, port
    std::vector<std::string> words{};        ///< protocol, devices ("eth+", "eth*"), state, family
    std::vector<Fwmark> marks{};
};

struct FilterRule {
    enum class Action {
        pass_on,  ///< to the next rule: a counter, a line in a log
        accept,
        drop,  ///< or reject
        jump,
        go_to,
        leave,    ///< RETURN
        unknown,  ///< any of these
    };
    std::vector<FilterMatch> matches;
    Action action = Action::pass_on;
    std::string target;  ///< jump, go_to: the chain's name
    std::string text;    ///< as the program prints it
};

struct FilterChain {
    std::optional<FilterHook> hook;  ///< unset: only jumped to
    int priority = 0;                ///< among the chains of its hook: the lowest is first
    bool drops = false;              ///< its policy
    std::vector<FilterRule> rules;
};

/// Chains jump to chains of their own table alone.
struct FilterTable {
    std::string family;   ///< as nft has it: "ip", "ip6", "inet"
    std::string name;     ///< "filter"
    std::string program;  ///< that printed it: "iptables-save", "nft"
    std::map<std::string, FilterChain> chains;
};

/// Adds the table "filter" of `iptables-save` (`family` "ip") or `ip6tables-save` ("ip6").
void add_iptables_filter(std::string_view text, const std::string& program,
                         const std::string& family, std::vector<FilterTable>& tables);
/// Adds the tables of `nft -j list ruleset` that have chains at these hooks. Those that an
/// iptables-save has printed already are left out: nft cannot read all that is in them. False if
/// the text is no such JSON.
bool add_nftables_filter(std::string_view json, std::vector<FilterTable>& tables);

/// A packet, or all packets of a kind: what is unset may be anything.
struct FilteredPacket {
    bool v4 = true;
    std::string protocol;  ///< "tcp"
    std::optional<Network> source{}, destination{};
    router::PortRange source_ports{Port{0}, Port{65535}};
    router::PortRange ports{Port{0}, Port{65535}};
    std::string in_device{}, out_device{};
    bool opens = false;  ///< the first packet of a connection
    std::optional<Fwmark> mark{};
    std::optional<int> taken_at{};  ///< IPVS takes it at this priority: chains from there on do not
                                    ///< see it, or see another
};

struct FilterJudgement {
    enum class Fate { passes, dropped, unclear };
    Fate fate = Fate::passes;
    const FilterTable* table = nullptr;  ///< dropped, unclear: where
    std::string chain;                   ///< the chain at the hook
    std::string by;                      ///< the rule that decides, or "its policy"
};

/// A packet passes if the chains of every table pass it. One that is dropped by a table is dropped,
/// whatever others may do.
FilterJudgement judge(const std::vector<FilterTable>& tables, FilterHook hook,
                      const FilteredPacket& packet);

/// A command that puts a rule that accepts such packets before all others of the chain.
std::string accepting_rule(const FilterJudgement& where, const FilteredPacket& packet);

}  // namespace lvslab::realmode
