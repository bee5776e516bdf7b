// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/host_rules_text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lvslab::router {
namespace {

constexpr std::pair<RulesFormat, std::string_view> names[] = {{RulesFormat::nft, "nft"},
                                                              {RulesFormat::iptables, "iptables"},
                                                              {RulesFormat::ip6tables, "ip6tables"},
                                                              {RulesFormat::arptables, "arptables"},
                                                              {RulesFormat::sysctl, "sysctl"},
                                                              {RulesFormat::ip, "ip"}};

unsigned host_length(const Address& address) {
    return address.is_v4() ? 32 : 128;
}

/// "lvs.cf:12"; a name in a quoted comment must not break the line.
std::string line_of(SourceLocation where) {
    where.column = 0;
    return where.to_string();
}

std::string one_line(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return text;
}

std::string comment(const SourceLocation& where, const std::string& what) {
    return one_line(fmt::format("# {}: {}", line_of(where), what)) + "\n";
}

/// Lines in one chain or table: made only if there is something in it.
class Text {
public:
    explicit Text(std::string indent = "") : indent_(std::move(indent)) {}

    /// A comment that was just written is not written again.
    void rule(const std::string& why, const std::string& line) {
        if (why != last_) {
            lines_ += indent_ + why;
            last_ = why;
        }
        lines_ += indent_ + line + "\n";
    }
    bool empty() const { return lines_.empty(); }
    const std::string& lines() const { return lines_; }

private:
    std::string indent_, lines_, last_;
};

std::string nft_ports(const PortRange& ports) {
    return ports.first == ports.last
               ? fmt::format("{}", ports.first.value())
               : fmt::format("{}-{}", ports.first.value(), ports.last.value());
}

std::string_view nft_family(const Address& address) {
    return address.is_v4() ? "ip" : "ip6";
}

/// A table that takes the place of one with the same name, in one transaction. Declared first,
/// since what is not there cannot be deleted.
std::string nft_table(std::string_view family, const std::string& chains) {
    return fmt::format(
        "table {0} lvsrouter\ndelete table {0} lvsrouter\n"
        "table {0} lvsrouter {{\n{1}}}\n",
        family, chains);
}

std::string nft_chain(std::string_view name, std::string_view type, std::string_view hook,
                      std::string_view priority, const Text& rules) {
    return rules.empty() ? ""
                         : fmt::format(
                               "    chain {} {{\n        type {} hook {} priority {}; "
                               "policy accept;\n{}    }}\n",
                               name, type, hook, priority, rules.lines());
}

std::string router_nft(const HostRules& rules) {
    Text marks("        "), masquerades("        ");
    for (const auto& m : rules.marks) {
        marks.rule(comment(m.location, m.reason),
                   fmt::format("{} daddr {} {} dport {} meta mark set {}", nft_family(m.vip),
                               m.vip.to_string(), to_string(m.protocol), nft_ports(m.ports),
                               m.mark.value()));
    }
    for (const auto& m : rules.masquerades) {
        masquerades.rule(
            comment(m.location, m.reason),
            fmt::format("{} saddr {} tcp sport {} masquerade", nft_family(m.source.address),
                        m.source.to_string(), m.source_port.value()));
    }
    return nft_table("inet",
                     nft_chain("prerouting", "filter", "prerouting", "mangle", marks) +
                         nft_chain("postrouting", "nat", "postrouting", "srcnat", masquerades));
}

std::string iptables_table(std::string_view name, const Text& rules) {
    return rules.empty() ? "" : fmt::format("*{}\n{}COMMIT\n", name, rules.lines());
}

std::string iptables_target(const Address& vip, Protocol protocol, const PortRange& ports) {
    return fmt::format("-A PREROUTING -d {0}/{1} -p {2} -m {2} --dport {3}", vip.to_string(),
                       host_length(vip), to_string(protocol), ports.to_string());
}

std::string router_iptables(const HostRules& rules, Family family) {
    Text marks, masquerades;
    for (const auto& m : rules.marks) {
        if (m.vip.family() == family) {
            marks.rule(comment(m.location, m.reason),
                       fmt::format("{} -j MARK --set-mark {}",
                                   iptables_target(m.vip, m.protocol, m.ports), m.mark.value()));
        }
    }
    for (const auto& m : rules.masquerades) {
        if (m.source.address.family() == family) {
            masquerades.rule(
                comment(m.location, m.reason),
                fmt::format("-A POSTROUTING -s {} -p tcp -m tcp --sport {} -j MASQUERADE",
                            m.source.to_string(), m.source_port.value()));
        }
    }
    return iptables_table("mangle", marks) + iptables_table("nat", masquerades);
}

std::string settings_text(const std::vector<SettingNeed>& settings) {
    std::string text;
    for (const auto& s : settings) {
        text += fmt::format("# {}\n{} = {}\n", s.reason, s.name, s.value);
    }
    return text;
}

std::string nothing_needed() {
    return "# Nothing is needed.\n";
}

/// Which real servers need something of their own, and how it is asked for.
std::string real_servers_note(const HostRules& rules) {
    std::string text;
    for (const auto& server : rules.real_servers) {
        text += one_line(fmt::format("# Real server {} ({}): lvsrouter rules --real-server {}",
                                     fmt::join(server.names, ", "), server.address.to_string(),
                                     server.address.to_string())) +
                "\n";
    }
    return text;
}

std::string modules_note(const HostRules& rules) {
    return rules.modules.empty() ? ""
                                 : fmt::format("# Modules of the kernel: modprobe -a {}\n",
                                               fmt::join(rules.modules, " "));
}

template <class Line>
Text for_vips(const RealServerNeed& server, Family family, const std::string& indent,
              const Line& line) {
    Text text(indent);
    for (const auto& vip : server.vips) {
        if (vip.family() == family) {
            text.rule(comment(server.location, "real server " + server.names.front()), line(vip));
        }
    }
    return text;
}

std::string real_server_arptables(const RealServerNeed& server) {
    const auto in = for_vips(server, Family::ipv4, "", [](const Address& vip) {
        return fmt::format("-A INPUT -d {} -j DROP", vip.to_string());
    });
    const auto out = for_vips(server, Family::ipv4, "", [&](const Address& vip) {
        return fmt::format("-A OUTPUT -s {} -j mangle --mangle-ip-s {}", vip.to_string(),
                           server.address.to_string());
    });
    return in.empty() ? "" : "*filter\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n" + in.lines() + out.lines();
}

std::string real_server_nft(const RealServerNeed& server) {
    const std::string indent(8, ' ');
    const auto in = for_vips(server, Family::ipv4, indent, [](const Address& vip) {
        return fmt::format("arp daddr ip {} drop", vip.to_string());
    });
    const auto out = for_vips(server, Family::ipv4, indent, [&](const Address& vip) {
        return fmt::format("arp saddr ip {} arp saddr ip set {}", vip.to_string(),
                           server.address.to_string());
    });
    return nft_table("arp", nft_chain("input", "filter", "input", "filter", in) +
                                nft_chain("output", "filter", "output", "filter", out));
}

/// A transparent proxy: the host takes packets for an address that it does not have.
std::string real_server_redirects(const RealServerNeed& server, Family family) {
    Text text;
    for (const auto& s : server.services) {
        if (s.vip.family() == family) {
            text.rule(comment(s.location, "served for " + s.vip.to_string()),
                      iptables_target(s.vip, s.protocol, s.ports) + " -j REDIRECT");
        }
    }
    return iptables_table("nat", text);
}

std::string real_server_addresses(const RealServerNeed& server) {
    std::string text = server.device == "lo" ? "" : "link set " + server.device + " up\n";
    for (const auto& vip : server.vips) {
        text += fmt::format("address replace {}/{} dev {}\n", vip.to_string(), host_length(vip),
                            server.device);
    }
    return text;
}

std::string heading(RulesFormat format) {
    switch (format) {
        case RulesFormat::nft:
            return "# Load with: nft -f FILE. Loaded again, it replaces what it was.\n";
        case RulesFormat::iptables:
            return "# Load with: iptables-restore FILE, which empties the tables that stand here "
                   "first;\n# iptables-restore --noflush FILE adds to them.\n";
        case RulesFormat::ip6tables:
            return "# Load with: ip6tables-restore FILE, which empties the tables that stand here "
                   "first;\n# ip6tables-restore --noflush FILE adds to them.\n";
        case RulesFormat::arptables:
            return "# Load with: arptables-restore < FILE, which empties the table first.\n";
        case RulesFormat::sysctl:
            return "# Load with: sysctl -p FILE, or keep it in /etc/sysctl.d.\n";
        case RulesFormat::ip:
            return "# Run with: ip -batch FILE.\n";
    }
    return "";
}

std::string with_heading(RulesFormat format, const std::string& notes, const std::string& body) {
    return heading(format) + notes + (body.empty() ? nothing_needed() : body);
}

std::string body_for_router(const HostRules& rules, RulesFormat format) {
    switch (format) {
        case RulesFormat::nft:
            return router_nft(rules);
        case RulesFormat::iptables:
            return router_iptables(rules, Family::ipv4);
        case RulesFormat::ip6tables:
            return router_iptables(rules, Family::ipv6);
        case RulesFormat::sysctl:
            return settings_text(rules.settings);
        case RulesFormat::arptables:
        case RulesFormat::ip:
            break;
    }
    return "";
}

std::string body_for_real_server(const RealServerNeed& server, RulesFormat format) {
    switch (format) {
        case RulesFormat::nft:
            return real_server_nft(server);
        case RulesFormat::iptables:
            return real_server_redirects(server, Family::ipv4);
        case RulesFormat::ip6tables:
            return real_server_redirects(server, Family::ipv6);
        case RulesFormat::sysctl:
            return settings_text(server.settings);
        case RulesFormat::arptables:
            return real_server_arptables(server);
        case RulesFormat::ip:
            return real_server_addresses(server);
    }
    return "";
}

}  // namespace

std::string_view to_string(RulesFormat format) {
    const auto* found =
        std::ranges::find(names, format, &std::pair<RulesFormat, std::string_view>::first);
    return found == std::end(names) ? "" : found->second;
}

std::optional<RulesFormat> parse_rules_format(std::string_view text) {
    const auto* found =
        std::ranges::find(names, text, &std::pair<RulesFormat, std::string_view>::second);
    return found == std::end(names) ? std::nullopt : std::optional(found->first);
}

std::vector<RulesFormat> router_formats() {
    return {RulesFormat::nft, RulesFormat::iptables, RulesFormat::ip6tables, RulesFormat::sysctl};
}

std::vector<RulesFormat> real_server_formats() {
    return {RulesFormat::nft,       RulesFormat::iptables, RulesFormat::ip6tables,
            RulesFormat::arptables, RulesFormat::sysctl,   RulesFormat::ip};
}

std::string router_text(const HostRules& rules, RulesFormat format) {
    return with_heading(format, modules_note(rules) + real_servers_note(rules),
                        body_for_router(rules, format));
}

std::string real_server_text(const HostRules& rules, const RealServerNeed& server,
                             RulesFormat format) {
    const auto tunnel = rules.network == config::NetworkType::tunnel;
    const bool module = tunnel && format == RulesFormat::ip;
    const auto notes = one_line(fmt::format("# Real server {} ({}).", fmt::join(server.names, ", "),
                                            server.address.to_string())) +
                       "\n" +
                       (module ? fmt::format("# First: modprobe {}\n",
                                             server.device == "tunl0" ? "ipip" : "ip6_tunnel")
                               : "");
    return with_heading(format, notes, body_for_real_server(server, format));
}

}  // namespace lvslab::router
