// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/network_plan.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "core/base/random.hpp"

namespace lvslab::lab {
namespace {

using config::NetworkType;
using scenario::VipGuard;

/// A veth pair is as fast as the machine; so is the default link of a scenario, as far as a cluster
/// of a lab can tell.
constexpr std::uint64_t fast = scenario::Link{}.rate.value();
/// Frames that netem holds at one time (its limit counts those that are delayed too).
constexpr unsigned netem_limit = 100'000;
constexpr std::array<const char*, 2> gateway_names{"gateway", "gateway-standby"};

std::string device_of(const std::vector<std::string>& named, const char* fallback) {
    const auto name = named.empty() ? fallback : named.front();
    return name.substr(0, name.find(':'));
}

/// The devices that a router's lvs.cf speaks of: its public and its private one.
std::array<std::string, 2> router_devices(const scenario::Router& router) {
    const auto sides = scenario::device_sides(router.config);
    return {device_of(sides.public_devices, "eth0"), device_of(sides.private_devices, "eth1")};
}

MacAddress mac_of(const std::string& machine, const std::string& device) {
    const auto hash = stable_hash("mac/" + machine + "/" + device);
    MacAddress mac{0x02};  // locally administered (IEEE 802, 8.2.2)
    for (std::size_t i = 1; i < mac.size(); ++i) {
        mac[i] = static_cast<std::uint8_t>(hash >> (8 * i));
    }
    return mac;
}

std::string text(const lvslab::Network& network) {
    return fmt::format("{}/{}", network.base().to_string(), network.prefix_length);
}

Address transfer_address(unsigned group, unsigned end) {
    return Address::v4(0xA9FE0000U + 4 * group + end);  // 169.254.0.0/16
}

void add_sysctls(PlannedMachine& machine, const scenario::HostFiles& files) {
    const auto set = [&](const char* name, const std::string& value) {
        machine.sysctls.emplace_back(name, value);
    };
    const auto number = [](auto value) { return fmt::format("{}", value); };
    const auto seconds = [](Duration d) {
        return fmt::format("{}", std::chrono::duration_cast<std::chrono::seconds>(d).count());
    };
    set("net.ipv4.ip_forward", files.ip_forward ? "1" : "0");
    const scenario::IpvsSysctls defaults;
    const auto& is = files.ipvs;
    const auto set_if = [&](bool differs, const char* name, const std::string& value) {
        if (differs) {
            set(name, value);
        }
    };
    set_if(is.expire_nodest_conn, "net.ipv4.vs.expire_nodest_conn", "1");
    set_if(is.expire_quiescent_template, "net.ipv4.vs.expire_quiescent_template", "1");
    set_if(is.conn_reuse_mode != defaults.conn_reuse_mode, "net.ipv4.vs.conn_reuse_mode",
           number(is.conn_reuse_mode));
    set_if(is.sloppy_tcp, "net.ipv4.vs.sloppy_tcp", "1");
    set_if(is.secure_tcp != defaults.secure_tcp, "net.ipv4.vs.secure_tcp", number(is.secure_tcp));
    set_if(is.lblc_expiration != defaults.lblc_expiration, "net.ipv4.vs.lblc_expiration",
           seconds(is.lblc_expiration));
    set_if(is.lblcr_expiration != defaults.lblcr_expiration, "net.ipv4.vs.lblcr_expiration",
           seconds(is.lblcr_expiration));
    set_if(is.sync_threshold != defaults.sync_threshold || is.sync_period != defaults.sync_period,
           "net.ipv4.vs.sync_threshold", fmt::format("{} {}", is.sync_threshold, is.sync_period));
    set_if(is.sync_refresh_period != defaults.sync_refresh_period,
           "net.ipv4.vs.sync_refresh_period", seconds(is.sync_refresh_period));
    set_if(is.sync_retries != defaults.sync_retries, "net.ipv4.vs.sync_retries",
           number(is.sync_retries));
    set_if(is.sync_persist_mode, "net.ipv4.vs.sync_persist_mode", "1");
    set_if(is.sync_version != defaults.sync_version, "net.ipv4.vs.sync_version",
           number(is.sync_version));
}

std::string port_range(Port first, Port last) {
    return first == last ? fmt::format("{}", first.value())
                         : fmt::format("{}:{}", first.value(), last.value());
}

bool any_port(Port first, Port last) {
    return first == Port{0} && last == Port{65535};
}

/// The matches that mark and NAT rules share.
template <class Rule>
std::string matches_of(const Rule& rule) {
    std::string words;
    if (rule.protocol) {
        words += fmt::format(" -p {}", to_string(*rule.protocol));
    }
    if (rule.source) {
        words += fmt::format(" -s {}", text(*rule.source));
    }
    if (rule.destination) {
        words += fmt::format(" -d {}", text(*rule.destination));
    }
    return words;
}

std::string nat_line(const scenario::NatRule& rule, const std::array<std::string, 2>& devices) {
    using Kind = scenario::NatRule::Kind;
    std::string line = rule.kind == Kind::redirect ? "-A PREROUTING" : "-A POSTROUTING";
    line += matches_of(rule);
    if (!any_port(rule.first_source_port, rule.last_source_port)) {
        line +=
            fmt::format(" --sport {}", port_range(rule.first_source_port, rule.last_source_port));
    }
    if (!any_port(rule.first_port, rule.last_port)) {
        line += fmt::format(" --dport {}", port_range(rule.first_port, rule.last_port));
    }
    if (rule.out) {
        line += fmt::format(" -o {}", devices.at(static_cast<std::size_t>(*rule.out)));
    }
    switch (rule.kind) {
        case Kind::masquerade:
            return line + " -j MASQUERADE";
        case Kind::snat:
            return line + fmt::format(" -j SNAT --to-source {}", rule.to.to_string());
        case Kind::redirect:
            break;
    }
    line += " -j REDIRECT";
    return rule.to_port == Port{0} ? line
                                   : line + fmt::format(" --to-ports {}", rule.to_port.value());
}

}  // namespace

std::string to_string(const MacAddress& mac) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3],
                       mac[4], mac[5]);
}

std::string iptables_text(const std::vector<scenario::MarkRule>& marks,
                          const std::vector<scenario::NatRule>& nat,
                          const std::array<std::string, 2>& devices) {
    std::string rules;
    if (!marks.empty()) {
        rules += "*mangle\n";
        for (const auto& rule : marks) {
            rules += "-A PREROUTING" + matches_of(rule);
            if (!any_port(rule.first_port, rule.last_port)) {
                rules += fmt::format(" --dport {}", port_range(rule.first_port, rule.last_port));
            }
            rules += fmt::format(" -j MARK --set-mark {}\n", rule.mark.value());
        }
        rules += "COMMIT\n";
    }
    if (!nat.empty()) {
        rules += "*nat\n";
        for (const auto& rule : nat) {
            rules += nat_line(rule, devices) + "\n";
        }
        rules += "COMMIT\n";
    }
    return rules;
}

std::vector<lvslab::Network> networks_of_range(const Address& first, std::uint64_t count) {
    std::vector<lvslab::Network> networks;
    std::uint64_t at = first.v4_host_order();
    while (count > 0) {
        const unsigned aligned = at == 0 ? 32U : static_cast<unsigned>(std::countr_zero(at));
        const unsigned fits = static_cast<unsigned>(std::bit_width(count)) - 1;
        const unsigned bits = std::min({aligned, fits, 31U});
        networks.push_back({Address::v4(static_cast<std::uint32_t>(at)), 32U - bits});
        at += std::uint64_t{1} << bits;
        count -= std::uint64_t{1} << bits;
    }
    return networks;
}

std::string netem_words(const std::optional<scenario::Link>& link, const Impairment& impairment) {
    const auto plain = link.value_or(scenario::Link{});
    const auto delay = plain.delay + impairment.delay;
    const double loss = impairment.cut ? 1 : impairment.loss.value_or(plain.loss);
    const bool limited = plain.rate.value() != 0 && plain.rate.value() < fast;
    if (delay == Duration{} && loss == 0 && !limited) {
        return {};
    }
    auto words = fmt::format("netem limit {}", netem_limit);
    if (delay != Duration{}) {
        words += fmt::format(" delay {}us", delay.count() / 1000);
    }
    if (loss != 0) {
        words += fmt::format(" loss random {:.6f}%", 100 * loss);
    }
    if (limited) {
        words += fmt::format(" rate {}bit", plain.rate.value());
    }
    return words;
}

NetworkPlan::NetworkPlan(const scenario::Scenario& scenario)
    : scenario_(scenario), topology_(world::topology_of(scenario)) {
    for (std::size_t i = 0; i < topology_.lans.size() + scenario.clients.size(); ++i) {
        bridges_.push_back(fmt::format("lan{}", i));
    }
}

PlannedPort NetworkPlan::port(const std::string& machine, const std::string& device,
                              std::size_t bridge, std::optional<scenario::Link> link) const {
    const auto mac = mac_of(machine, device);
    PlannedPort port{device, {}, bridge, mac, std::move(link), {}, {}, {}};
    // A name of at most 15 bytes (IFNAMSIZ) that no other port has.
    port.switch_port =
        fmt::format("p{:02x}{:02x}{:02x}{:02x}{:02x}", mac[1], mac[2], mac[3], mac[4], mac[5]);
    return port;
}

PlannedMachine NetworkPlan::gateway(unsigned node) const {
    PlannedMachine machine;
    machine.name = gateway_names.at(node);
    machine.sysctls = {{"net.ipv4.ip_forward", "1"},
                       {"net.ipv4.conf.all.send_redirects", "0"},
                       {"net.ipv4.conf.default.send_redirects", "0"}};
    // What it has no way for, such as a private address, is lost without a word, as beyond it.
    machine.ip_lines.emplace_back("route add blackhole default");
    std::string public_device;
    for (std::size_t i = 0; i < topology_.lans.size(); ++i) {
        const auto& lan = topology_.lans[i];
        if (lan.gateway.is_unspecified()) {
            continue;
        }
        auto card = port(machine.name, fmt::format("net{}", i), i, scenario::Link{});
        std::vector<Address> served{lan.gateway};
        served.insert(served.end(), lan.more_gateways.begin(), lan.more_gateways.end());
        if (lan.gateway_nodes.empty()) {
            for (const auto& address : served) {
                card.addresses.push_back({address, lan.network.prefix_length});
            }
        } else {
            card.addresses.push_back({lan.gateway_nodes.at(node), lan.network.prefix_length});
            card.shared = std::move(served);
        }
        if (lan.name == "public" || lan.name == "private") {
            card.side = lan.name == "public" ? scenario::NetworkSide::public_net
                                             : scenario::NetworkSide::private_net;
        }
        if (i == 0) {
            public_device = card.device;
        }
        machine.ports.push_back(std::move(card));
    }
    for (unsigned g = 0; g < scenario_.clients.size(); ++g) {
        const auto& group = scenario_.clients[g];
        auto card = port(machine.name, fmt::format("to{}", g), star(g), std::nullopt);
        card.addresses = {{transfer_address(g, 1), 30}};
        const auto hub = Address::v4(group.network.base().v4_host_order() + 1);
        if (scenario_.gateway_standby) {
            card.shared = {hub};
        } else {
            card.addresses.push_back({hub, 32});
        }
        machine.ip_lines.push_back(fmt::format(
            "neigh replace {} lladdr {} nud permanent dev {}", transfer_address(g, 2).to_string(),
            to_string(mac_of(group.name + "/clients", "eth0")), card.device));
        machine.ip_lines.push_back(fmt::format("route add {} via {} dev {}", text(group.network),
                                               transfer_address(g, 2).to_string(), card.device));
        machine.ports.push_back(std::move(card));
    }
    for (const auto& floating : topology_.floating) {
        // An address outside the public network is asked for by ARP all the same.
        if (floating.lan == 0 && !topology_.lans.front().network.contains(floating.address)) {
            machine.ip_lines.push_back(
                fmt::format("route add {}/32 dev {}", floating.address.to_string(), public_device));
        }
    }
    for (const auto& routed : topology_.routed) {
        machine.ip_lines.push_back(fmt::format("route add {} via {} dev {} onlink",
                                               text(routed.network), routed.next_hop.to_string(),
                                               public_device));
    }
    return machine;
}

PlannedMachine NetworkPlan::clients(unsigned index) const {
    const auto& group = scenario_.clients[index];
    PlannedMachine machine;
    machine.name = group.name + "/clients";
    auto link = group.link;
    if (group.count > 1) {
        link.rate = BitRate{0};  // each client's own, and they share this one
    }
    auto card = port(machine.name, "eth0", star(index), link);
    card.addresses.push_back({transfer_address(index, 2), 30});
    // Ports that nobody names, such as of FTP's data, are none that the plan takes.
    machine.sysctls = {{"net.ipv4.tcp_tw_reuse", "1"},
                       {"net.ipv4.ip_local_port_range", "1024 32767"}};
    // SYNs after 1, 3, 7 s (RFC 6298), as the packet world's and most systems' clients; Linux from
    // 6.5 sends the first four a second apart.
    machine.newer_sysctls = {{"net.ipv4.tcp_syn_linear_timeouts", "0"}};
    machine.ip_lines.push_back(way_of_clients(index, 0));
    machine.ip_lines.push_back(
        fmt::format("route add default via {} dev eth0", transfer_address(index, 1).to_string()));
    for (const auto& part : networks_of_range(scenario::client_address(group, 0), group.count)) {
        machine.ip_lines.push_back(
            fmt::format("route add local {} dev lo table local", text(part)));
    }
    machine.ports.push_back(std::move(card));
    return machine;
}

/// Both nodes of a gateway have one address on the link to the clients, and no ARP is spoken there.
std::string NetworkPlan::way_of_clients(unsigned group, unsigned gateway_node) const {
    return fmt::format(
        "neigh replace {} lladdr {} nud permanent dev eth0", transfer_address(group, 1).to_string(),
        to_string(mac_of(gateway_names.at(gateway_node), fmt::format("to{}", group))));
}

PlannedMachine NetworkPlan::router(unsigned index, Boot boot) const {
    const auto& router = scenario_.routers[index];
    const auto& place = topology_.router_lans[index];
    const auto& files = boot == Boot::as_running ? router.running : router.at_boot;
    const auto devices = router_devices(router);
    PlannedMachine machine;
    machine.name = router.name;
    auto home = port(router.name, devices[0], place.public_lan, router.public_link);
    home.side = scenario::NetworkSide::public_net;
    home.addresses.push_back(router.public_interface);
    machine.ports.push_back(std::move(home));
    if (place.private_lan) {
        auto inner = port(router.name, devices[1], *place.private_lan, router.private_link);
        inner.side = scenario::NetworkSide::private_net;
        inner.addresses.push_back(*router.private_interface);
        machine.ports.push_back(std::move(inner));
    }
    const auto way_out = topology_.lans[place.public_lan].gateway.to_string();
    for (const auto& group : scenario_.clients) {
        machine.ip_lines.push_back(
            fmt::format("route add {} via {} dev {}", text(group.network), way_out, devices[0]));
    }
    for (std::size_t lan = 0; lan < topology_.lans.size(); ++lan) {
        if (lan != place.public_lan && lan != place.private_lan &&
            !topology_.lans[lan].gateway.is_unspecified()) {
            machine.ip_lines.push_back(fmt::format("route add {} via {} dev {}",
                                                   text(topology_.lans[lan].network), way_out,
                                                   devices[0]));
        }
    }
    for (const auto& routed : topology_.routed) {
        machine.ip_lines.push_back(
            fmt::format("route add local {} dev lo table local", text(routed.network)));
    }
    if (!scenario_.daemons && index == 0 && boot == Boot::as_running) {
        raise_floating_addresses(machine);
    }
    add_sysctls(machine, files);
    machine.iptables = iptables_text(files.marks, files.nat, devices);
    return machine;
}

/// Without daemons the first router has them, as an administrator put them there.
void NetworkPlan::raise_floating_addresses(PlannedMachine& machine) const {
    for (const auto& floating : topology_.floating) {
        for (const auto& card : machine.ports) {
            const auto own = std::ranges::any_of(
                card.addresses, [&](const auto& a) { return a.address == floating.address; });
            if (card.side == floating.side && !own) {
                machine.ip_lines.push_back(fmt::format("addr add {}/32 dev {}",
                                                       floating.address.to_string(), card.device));
            }
        }
    }
}

PlannedMachine NetworkPlan::server(unsigned index, Boot boot) const {
    const auto& server = scenario_.servers[index];
    const auto lan = topology_.server_lan[index];
    PlannedMachine machine;
    machine.name = server.name;
    auto card = port(server.name, "eth0", lan, server.link);
    card.addresses.push_back(server.interface);
    machine.ports.push_back(std::move(card));
    machine.sysctls.emplace_back("net.ipv4.ip_forward", server.ip_forward ? "1" : "0");
    auto gateways = server.gateways;
    if (gateways.empty()) {
        gateways.push_back(topology_.server_gateway[index]);
    }
    for (const auto& gateway : gateways) {  // several: the kernel leaves one that answers no ARP
        machine.ip_lines.push_back(
            fmt::format("route append default via {} dev eth0 onlink", gateway.to_string()));
    }
    if (scenario_.config.network != NetworkType::nat) {
        take_virtual_addresses(machine, index,
                               boot == Boot::as_running ? server.vip : server.vip_at_boot);
    }
    return machine;
}

/// How a server takes packets for the virtual addresses (manual, 3.2).
void NetworkPlan::take_virtual_addresses(PlannedMachine& machine, unsigned index,
                                         VipGuard how) const {
    const auto own = scenario_.servers[index].interface.address.to_string();
    if (scenario_.config.network == NetworkType::tunnel) {
        machine.ip_lines.push_back(fmt::format("link add tunnel0 type ipip local {}", own));
        machine.ip_lines.emplace_back("link set dev tunnel0 up");
    }
    if (how == VipGuard::none) {
        return;
    }
    if (how == VipGuard::redirect) {
        machine.iptables = "*nat\n";
        for (const auto& network : virtual_networks()) {
            machine.iptables += fmt::format("-A PREROUTING -d {} -j REDIRECT\n", text(network));
        }
        machine.iptables += "COMMIT\n";
        return;
    }
    const bool silent = how == VipGuard::loopback;
    if (silent) {
        machine.sysctls.emplace_back("net.ipv4.conf.all.arp_ignore", "1");
        machine.sysctls.emplace_back("net.ipv4.conf.all.arp_announce", "2");
    }
    if (how == VipGuard::arptables) {
        machine.arptables = "*filter\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n";
    }
    for (const auto& address : topology_.virtual_addresses) {
        machine.ip_lines.push_back(
            fmt::format("addr add {}/32 dev {}", address.to_string(), silent ? "lo" : "eth0"));
        if (how == VipGuard::arptables) {
            machine.arptables += fmt::format(
                "-A INPUT -d {0} -j DROP\n-A OUTPUT -s {0} -j mangle "
                "--mangle-ip-s {1}\n",
                address.to_string(), own);
        }
    }
    for (const auto& routed : topology_.routed) {
        machine.ip_lines.push_back(
            fmt::format("route add local {} dev lo table local", text(routed.network)));
    }
}

std::vector<lvslab::Network> NetworkPlan::virtual_networks() const {
    std::vector<lvslab::Network> networks;
    for (const auto& address : topology_.virtual_addresses) {
        networks.push_back({address, 32});
    }
    for (const auto& routed : topology_.routed) {
        networks.push_back(routed.network);
    }
    return networks;
}

/// A pair's service address is not among them: it floats.
PlannedMachine NetworkPlan::data_server(unsigned index, unsigned node) const {
    const auto& server = scenario_.data[index];
    const auto& place = topology_.data[index];
    PlannedMachine machine;
    machine.name = server.name + (node == 0 ? "" : "-standby");
    auto card = port(machine.name, "eth0", place.lans.at(node), server.link);
    card.addresses.push_back(place.interfaces.at(node));
    machine.ports.push_back(std::move(card));
    if (!place.gateway.is_unspecified()) {
        machine.ip_lines.push_back(
            fmt::format("route add default via {} dev eth0 onlink", place.gateway.to_string()));
    }
    return machine;
}

PlannedMachine NetworkPlan::machine(const world::Machine& machine, Boot boot) const {
    switch (machine.kind) {
        case world::Machine::Kind::router:
            return router(machine.index, boot);
        case world::Machine::Kind::server:
            return server(machine.index, boot);
        case world::Machine::Kind::data_server:
            return data_server(machine.index, machine.node);
        case world::Machine::Kind::gateway:
            break;
    }
    return gateway(machine.node);
}

std::optional<std::uint32_t> NetworkPlan::server_of(const MacAddress& mac) const {
    for (std::uint32_t i = 0; i < scenario_.servers.size(); ++i) {
        if (mac_of(scenario_.servers[i].name, "eth0") == mac) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace lvslab::lab
