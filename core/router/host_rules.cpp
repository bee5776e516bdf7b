// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/host_rules.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/config/places.hpp"

namespace lvslab::router {
namespace {

using config::NetworkType;

constexpr Port ftp_control{21};

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(value) : std::nullopt;
}

std::optional<Port> parse_port(std::string_view text) {
    const auto number = whole_number<std::uint16_t>(text);
    return number && *number != 0 ? std::optional(Port{*number}) : std::nullopt;
}

Port next(Port port, int step) {
    return Port{static_cast<std::uint16_t>(port.value() + step)};
}

template <class T>
void add_once(std::vector<T>& items, const T& item) {
    if (std::ranges::find(items, item) == items.end()) {
        items.push_back(item);
    }
}

bool is_ftp(const config::VirtualServer& v) {
    return v.protocol == Protocol::tcp && v.port == ftp_control;
}

std::string title(const config::VirtualServer& v) {
    return fmt::format("virtual \"{}\"", v.name);
}

class Derivation {
public:
    Derivation(const config::LvsConfig& config, const HostRulesOptions& options)
        : config_(config), options_(options) {
        rules_.network = config.network;
    }

    HostRules derive() {
        for (const auto& v : config_.virtual_servers) {
            if (v.active) {
                add_marks(v);
                add_masquerades(v);
                add_real_servers(v);
            }
        }
        add_settings();
        return std::move(rules_);
    }

private:
    bool is_marked(const config::VirtualServer& v) const { return v.fwmark != Fwmark{}; }

    /// What a marked service serves: its own port, those that the user gives, FTP's passive ones.
    /// Ranges first: of rules that mark, the last one counts.
    std::vector<MarkNeed> marks_of(const config::VirtualServer& v) const {
        std::vector<MarkNeed> marks;
        if (is_ftp(v)) {
            add_range(marks, v, options_.ftp_ports, "passive FTP of " + title(v));
        }
        for (const auto& more : options_.mark_ports) {
            if (more.mark == v.fwmark) {
                add_range(marks, v, more.ports, "more ports of " + title(v));
            }
        }
        marks.push_back({v.protocol, v.address, own_ports(v), v.fwmark, title(v),
                         config::place_of(v, "fwmark")});
        return marks;
    }

    static PortRange own_ports(const config::VirtualServer& v) {
        return v.port == Port{0} ? PortRange{Port{1}, Port{65535}} : PortRange{v.port, v.port};
    }

    /// The range without the ports of other services at the same address: a mark would take their
    /// packets away, since IPVS looks for a service by mark first.
    void add_range(std::vector<MarkNeed>& marks, const config::VirtualServer& v, PortRange range,
                   const std::string& reason) const {
        std::vector<Port> taken;
        for (const auto& other : config_.virtual_servers) {
            if (other.active && &other != &v && other.address == v.address &&
                other.protocol == v.protocol && range.contains(other.port)) {
                taken.push_back(other.port);
            }
        }
        std::ranges::sort(taken);
        const auto add = [&](Port first, Port last) {
            marks.push_back({v.protocol,
                             v.address,
                             {first, last},
                             v.fwmark,
                             reason,
                             config::place_of(v, "fwmark")});
        };
        bool open = true;
        for (const auto port : taken) {
            if (range.first < port) {
                add(range.first, next(port, -1));
            }
            open = port < range.last;
            if (open) {
                range.first = next(port, +1);
            }
        }
        if (open) {
            add(range.first, range.last);
        }
    }

    void add_marks(const config::VirtualServer& v) {
        if (is_marked(v)) {
            const auto marks = marks_of(v);
            rules_.marks.insert(rules_.marks.end(), marks.begin(), marks.end());
        }
    }

    /// The network of nat_router if it holds the service's real servers. Many files give the
    /// router's address the mask 255.255.255.255: then each server by itself.
    void add_masquerades(const config::VirtualServer& v) {
        if (config_.network != NetworkType::nat || !is_ftp(v)) {
            return;
        }
        if (!is_marked(v)) {
            add_once(rules_.modules, std::string("ip_vs_ftp"));
            return;
        }
        const auto reason = "active FTP of " + title(v);
        const auto& where = config::place_of(v, "port");
        if (const auto network = private_network(v)) {
            add_masquerade({*network, Port{20}, reason, where});
            return;
        }
        for (const auto& server : v.servers) {
            if (server.active) {
                const Network host{server.address, server.address.is_v4() ? 32U : 128U};
                add_masquerade({host, Port{20}, reason, where});
            }
        }
    }

    void add_masquerade(MasqueradeNeed need) {
        const auto same = [&](const auto& known) { return known.source == need.source; };
        if (std::ranges::none_of(rules_.masquerades, same)) {
            rules_.masquerades.push_back(std::move(need));
        }
    }

    std::optional<Network> private_network(const config::VirtualServer& v) const {
        if (!config_.nat_router || !config_.nat_nmask) {
            return std::nullopt;
        }
        const auto length = prefix_length_of_mask(*config_.nat_nmask);
        if (!length || *length == 0) {
            return std::nullopt;
        }
        const Network network{config_.nat_router->masked(*length), *length};
        const auto inside = [&](const config::RealServer& server) {
            return !server.active || network.contains(server.address);
        };
        return std::ranges::all_of(v.servers, inside) ? std::optional(network) : std::nullopt;
    }

    void add_real_servers(const config::VirtualServer& v) {
        if (config_.network == NetworkType::nat) {
            return;
        }
        for (const auto& server : v.servers) {
            if (server.active) {
                add_real_server(v, server.name, server.address, server.location);
            }
        }
        if (v.sorry_server) {
            add_real_server(v, "sorry_server", *v.sorry_server,
                            config::place_of(v, "sorry_server"));
        }
    }

    void add_real_server(const config::VirtualServer& v, const std::string& name,
                         const Address& address, const SourceLocation& where) {
        auto known = std::ranges::find(rules_.real_servers, address, &RealServerNeed::address);
        if (known == rules_.real_servers.end()) {
            rules_.real_servers.push_back({address, {}, {}, {}, {}, {}, where});
            known = std::prev(rules_.real_servers.end());
        }
        add_once(known->names, name);
        add_once(known->vips, v.address);
        known->device = device_of(address);
        for (const auto& setting : real_server_settings(v.address.family(), known->device)) {
            add_once(known->settings, setting);
        }
        if (is_marked(v)) {
            for (const auto& mark : marks_of(v)) {
                known->services.push_back({mark.protocol, mark.vip, mark.ports, mark.location});
            }
        } else {
            known->services.push_back(
                {v.protocol, v.address, own_ports(v), config::place_of(v, "port")});
        }
    }

    /// A tunnel's device is that of the packet around it, which goes to the real server.
    std::string device_of(const Address& server) const {
        return config_.network == NetworkType::direct ? "lo" : server.is_v4() ? "tunl0" : "ip6tnl0";
    }

    /// IPv6 has none: a neighbour solicitation is answered on the address's own device alone.
    std::vector<SettingNeed> real_server_settings(Family vip, const std::string& device) const {
        if (vip == Family::ipv6) {
            return {};
        }
        std::vector<SettingNeed> settings{
            {"net.ipv4.conf.all.arp_ignore", 1, true,
             "answers ARP requests only for addresses of the device that they come in by"},
            {"net.ipv4.conf.all.arp_announce", 2, true,
             "asks for neighbours with an address of its own, never with a virtual one"}};
        if (config_.network == NetworkType::tunnel) {
            // The greater value of both counts, and clients are not reached through the tunnel.
            for (const auto* scope : {"all", device.c_str()}) {
                settings.push_back({fmt::format("net.ipv4.conf.{}.rp_filter", scope), 0, true,
                                    "takes packets out of the tunnel whatever way their sender "
                                    "is reached by"});
            }
        }
        return settings;
    }

    bool any_active(Family family) const {
        return std::ranges::any_of(config_.virtual_servers, [&](const auto& v) {
            return v.active && v.address.family() == family;
        });
    }

    void add_settings() {
        const bool nat = config_.network == NetworkType::nat;
        const auto reason = nat ? "the real servers' answers pass through this router"
                                : "the manual asks for it under every topology (2.5)";
        if (any_active(Family::ipv4)) {
            rules_.settings.push_back({"net.ipv4.ip_forward", 1, nat, reason});
        }
        if (any_active(Family::ipv6) && nat) {
            rules_.settings.push_back({"net.ipv6.conf.all.forwarding", 1, nat, reason});
        }
    }

    const config::LvsConfig& config_;
    const HostRulesOptions& options_;
    HostRules rules_;
};

}  // namespace

std::optional<PortRange> PortRange::parse(std::string_view text) {
    const auto colon = text.find(':');
    const auto first = parse_port(text.substr(0, colon));
    const auto last = colon == std::string_view::npos ? first : parse_port(text.substr(colon + 1));
    return first && last && *first <= *last ? std::optional(PortRange{*first, *last})
                                            : std::nullopt;
}

std::string PortRange::to_string() const {
    return first == last ? fmt::format("{}", first.value())
                         : fmt::format("{}:{}", first.value(), last.value());
}

std::optional<MarkPorts> MarkPorts::parse(std::string_view text) {
    const auto sign = text.find('=');
    if (sign == std::string_view::npos) {
        return std::nullopt;
    }
    const auto mark = whole_number<std::uint32_t>(text.substr(0, sign));
    const auto ports = PortRange::parse(text.substr(sign + 1));
    return mark && *mark != 0 && ports ? std::optional(MarkPorts{Fwmark{*mark}, *ports})
                                       : std::nullopt;
}

HostRules host_rules(const config::LvsConfig& config, const HostRulesOptions& options) {
    return Derivation(config, options).derive();
}

}  // namespace lvslab::router
