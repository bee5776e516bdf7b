// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/packet_filter.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

using Field = FilterMatch::Field;
using Action = FilterRule::Action;
using Fate = FilterJudgement::Fate;

enum class Fits { no, maybe, yes };

Fits any_of(const auto& values, const auto& fits) {
    auto best = Fits::no;
    for (const auto& value : values) {
        best = std::max(best, fits(value));
    }
    return best;
}

Fits fits_network(const std::vector<Network>& wanted, const std::optional<Network>& have) {
    return any_of(wanted, [&](const Network& network) {
        if (network.prefix_length == 0) {
            return Fits::yes;
        }
        if (!have) {
            return Fits::maybe;
        }
        if (network.prefix_length <= have->prefix_length && network.contains(have->address)) {
            return Fits::yes;
        }
        return network.overlaps(*have) ? Fits::maybe : Fits::no;
    });
}

Fits fits_ports(const std::vector<router::PortRange>& wanted, const router::PortRange& have) {
    return any_of(wanted, [&](const router::PortRange& range) {
        if (range.contains(have.first) && range.contains(have.last)) {
            return Fits::yes;
        }
        return range.last < have.first || have.last < range.first ? Fits::no : Fits::maybe;
    });
}

Fits fits_device(const std::vector<std::string>& wanted, const std::string& have) {
    return any_of(wanted, [&](const std::string& name) {
        if (name == "*" || name == "+") {
            return Fits::yes;
        }
        if (have.empty()) {
            return Fits::maybe;
        }
        const bool wild = name.ends_with('*') || name.ends_with('+');
        const bool same = wild ? have.starts_with(std::string_view(name).substr(0, name.size() - 1))
                               : have == name;
        return same ? Fits::yes : Fits::no;
    });
}

/// A packet that opens a connection is "new", if its connection is tracked.
Fits fits_state(const std::vector<std::string>& wanted, bool opens) {
    if (!opens) {
        return Fits::maybe;
    }
    return any_of(wanted, [](const std::string& state) {
        return state == "new" ? Fits::yes : state == "untracked" ? Fits::maybe : Fits::no;
    });
}

Fits fits_word(const std::vector<std::string>& wanted, std::string_view have) {
    return any_of(wanted, [&](const std::string& word) {
        return word == have || word == "all" ? Fits::yes : Fits::no;
    });
}

Fits fits_mark(const std::vector<Fwmark>& wanted, const std::optional<Fwmark>& have) {
    return any_of(wanted, [&](Fwmark mark) {
        return !have ? Fits::maybe : mark == *have ? Fits::yes : Fits::no;
    });
}

Fits value_fits(const FilterMatch& match, const FilteredPacket& packet) {
    switch (match.field) {
        case Field::protocol:
            return fits_word(match.words, packet.protocol);
        case Field::source:
            return fits_network(match.networks, packet.source);
        case Field::destination:
            return fits_network(match.networks, packet.destination);
        case Field::source_port:
            return fits_ports(match.ports, packet.source_ports);
        case Field::port:
            return fits_ports(match.ports, packet.ports);
        case Field::in_device:
            return fits_device(match.words, packet.in_device);
        case Field::out_device:
            return fits_device(match.words, packet.out_device);
        case Field::state:
            return fits_state(match.words, packet.opens);
        case Field::mark:
            return fits_mark(match.marks, packet.mark);
        case Field::family:
            return fits_word(match.words, packet.v4 ? "ipv4" : "ipv6");
        case Field::unreadable:
            break;
    }
    return Fits::maybe;
}

Fits fits(const FilterMatch& match, const FilteredPacket& packet) {
    const auto value = value_fits(match, packet);
    if (!match.negated || value == Fits::maybe) {
        return value;
    }
    return value == Fits::yes ? Fits::no : Fits::yes;
}

Fits fits(const FilterRule& rule, const FilteredPacket& packet) {
    auto worst = Fits::yes;
    for (const auto& match : rule.matches) {
        worst = std::min(worst, fits(match, packet));
    }
    return worst;
}

/// What may happen to a packet in a chain; more than one thing if it cannot be told.
struct Ways {
    bool accepted = false, dropped = false, leaves = false;
    std::string by;  ///< the first rule that may end its way
};

/// Walks a packet through the chains of a table.
class Walk {
public:
    Walk(const FilterTable& table, const FilteredPacket& packet) : table_(table), packet_(packet) {}

    /// `leaves`: it comes to the end of the chain.
    Ways through(const FilterChain& chain, unsigned depth = 0) const {
        Ways ways;
        for (const auto& rule : chain.rules) {
            const auto fit = fits(rule, packet_);
            if (fit == Fits::no || rule.action == Action::pass_on) {
                continue;
            }
            const auto next = effect(rule, depth);
            ways.accepted |= next.accepted;
            ways.dropped |= next.dropped;
            // A jump comes back; a goto and a return do not.
            const bool comes_back = next.leaves && rule.action == Action::jump;
            ways.leaves |= next.leaves && !comes_back;
            if (ways.by.empty() && (next.accepted || next.dropped)) {
                ways.by = next.by.empty() ? rule.text : next.by;
            }
            if (fit == Fits::yes && !comes_back && rule.action != Action::unknown) {
                return ways;
            }
        }
        ways.leaves = true;
        return ways;
    }

private:
    Ways effect(const FilterRule& rule, unsigned depth) const {
        switch (rule.action) {
            case Action::accept:
                return {true, false, false, {}};
            case Action::drop:
                return {false, true, false, {}};
            case Action::leave:
                return {false, false, true, {}};
            case Action::jump:
            case Action::go_to: {
                const auto found = table_.chains.find(rule.target);
                // The kernel allows no loops; this is for text that no kernel printed.
                if (found != table_.chains.end() && depth < 64) {
                    return through(found->second, depth + 1);
                }
                break;
            }
            case Action::pass_on:
            case Action::unknown:
                break;
        }
        return {true, true, true, {}};
    }

    const FilterTable& table_;
    const FilteredPacket& packet_;
};

bool sees(const FilterTable& table, bool v4) {
    return table.family == "inet" || table.family == (v4 ? "ip" : "ip6");
}

FilterJudgement judge_chain(const FilterTable& table, const std::string& name,
                            const FilterChain& chain, const FilteredPacket& packet) {
    auto ways = Walk(table, packet).through(chain);
    if (ways.leaves) {
        ways.accepted |= !chain.drops;
        ways.dropped |= chain.drops;
        if (ways.by.empty() && chain.drops) {
            ways.by = "its policy";
        }
    }
    const auto fate = !ways.dropped ? Fate::passes : !ways.accepted ? Fate::dropped : Fate::unclear;
    return {fate, &table, name, ways.by};
}

/// " --dport 80:90", " dport 80-90"; nothing if any will do.
std::string ports_text(const router::PortRange& ports, std::string_view option, char dash) {
    if (ports.first <= Port{1} && ports.last == Port{65535}) {
        return "";
    }
    return ports.first == ports.last
               ? fmt::format("{}{}", option, ports.first.value())
               : fmt::format("{}{}{}{}", option, ports.first.value(), dash, ports.last.value());
}

std::string address_text(const std::optional<Network>& network, std::string_view option) {
    return network ? fmt::format("{}{}", option, network->address.to_string()) : "";
}

}  // namespace

FilterJudgement judge(const std::vector<FilterTable>& tables, FilterHook hook,
                      const FilteredPacket& packet) {
    FilterJudgement worst;
    for (const auto& table : tables) {
        for (const auto& [name, chain] : table.chains) {
            if (chain.hook != hook || !sees(table, packet.v4) || worst.fate == Fate::dropped ||
                (packet.taken_at && chain.priority >= *packet.taken_at)) {
                continue;
            }
            const auto judged = judge_chain(table, name, chain, packet);
            if (judged.fate == Fate::dropped ||
                (judged.fate == Fate::unclear && worst.fate == Fate::passes)) {
                worst = judged;
            }
        }
    }
    return worst;
}

std::string accepting_rule(const FilterJudgement& where, const FilteredPacket& packet) {
    if (where.table == nullptr) {
        return "";
    }
    if (where.table->program != "nft") {
        // "iptables-save" reads what "iptables" writes.
        auto program = where.table->program;
        program.resize(program.rfind("-save"));
        return fmt::format("{} -I {}{}{} -p {}{}{} -j ACCEPT", program, where.chain,
                           address_text(packet.source, " -s "),
                           address_text(packet.destination, " -d "), packet.protocol,
                           ports_text(packet.source_ports, " --sport ", ':'),
                           ports_text(packet.ports, " --dport ", ':'));
    }
    const std::string_view ip = packet.v4 ? "ip" : "ip6";
    auto ports = ports_text(packet.source_ports, fmt::format(" {} sport ", packet.protocol), '-') +
                 ports_text(packet.ports, fmt::format(" {} dport ", packet.protocol), '-');
    if (ports.empty()) {
        ports = " meta l4proto " + packet.protocol;
    }
    return fmt::format("nft insert rule {} {} {}{}{}{} accept", where.table->family,
                       where.table->name, where.chain,
                       address_text(packet.source, fmt::format(" {} saddr ", ip)),
                       address_text(packet.destination, fmt::format(" {} daddr ", ip)), ports);
}

}  // namespace lvslab::realmode
