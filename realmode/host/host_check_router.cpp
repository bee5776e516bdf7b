// SPDX-License-Identifier: GPL-2.0-only
// What a host needs to be a router: IPVS, addresses, devices, the heartbeats' port.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/config/places.hpp"
#include "core/router/desired_services.hpp"
#include "realmode/host/host_check_parts.hpp"

namespace lvslab::realmode {
namespace {

using config::place_of;

/// "eth0:1" is an address of eth0.
std::string base_of(const std::string& device) {
    return device.substr(0, device.find(':'));
}

}  // namespace

void HostCheck::check_router() {
    check_kernel();
    for (const auto& need : rules_.settings) {
        check_setting(need);
    }
    check_own_addresses();
    check_devices();
    std::set<Address> seen;
    for (const auto& v : config_.virtual_servers) {
        if (v.active && seen.insert(v.address).second) {
            check_virtual_address(v);
        }
    }
    check_heartbeat_port();
    check_neighbours();
    check_rules();
    check_filters();
    check_duplicates();
}

void HostCheck::check_module(const std::string& module, const std::string& what,
                             bool loads_by_itself, const SourceLocation& where) {
    const auto found = facts_.modules.find(module);
    const auto state = found == facts_.modules.end() ? ModuleState::unknown : found->second;
    if (state == ModuleState::absent) {
        add(Severity::error, where, fmt::format("{}: this kernel has no module {}", what, module),
            "boot a kernel that has it, such as Debian's linux-image-amd64");
    } else if (state == ModuleState::loadable && !loads_by_itself) {
        add(Severity::error, where, fmt::format("{}: module {} is not loaded", what, module),
            "modprobe " + module);
    }
}

void HostCheck::check_kernel() {
    if (!facts_.ipvs) {
        const auto found = facts_.modules.find("ip_vs");
        const auto absent = found != facts_.modules.end() && found->second == ModuleState::absent;
        add(Severity::error, config_.location,
            absent ? "IPVS is not in this kernel, which has no module ip_vs either"
                   : "IPVS is not in the kernel: module ip_vs is not loaded",
            absent ? "boot a kernel that has it, such as Debian's linux-image-amd64"
                   : "modprobe ip_vs");
    }
    std::set<std::string> seen;
    for (const auto& service : router::desired_services(config_)) {
        const auto& scheduler = service.settings.scheduler;
        if (seen.insert(scheduler).second) {
            const auto& v = config_.virtual_servers[service.virtual_server];
            // The kernel asks for its schedulers itself.
            check_module("ip_vs_" + scheduler, "scheduler " + scheduler, true,
                         place_of(v, "scheduler"));
        }
    }
    for (const auto& module : rules_.modules) {
        check_module(module, "FTP behind NAT without a firewall mark", false, config_.location);
    }
}

void HostCheck::check_own_addresses() {
    if (parts_.primary && parts_.backup) {
        add(Severity::error, place_of(config_, "backup"),
            "this host has the addresses of both routers", "take one of them off this host");
    }
    if (!parts_.primary && address_here(config_.backup) == nullptr) {
        add(Severity::warning, place_of(config_, "backup"),
            fmt::format("backup is {}, which this host does not have: it is the backup by "
                        "backup_private, and the heartbeats of that path alone are sent and heard",
                        config_.backup.to_string()),
            fmt::format("ip addr add {}/LENGTH dev DEVICE", config_.backup.to_string()));
    }
    const auto [name, address] = parts_.primary
                                     ? std::pair("primary_private", config_.primary_private)
                                     : std::pair("backup_private", config_.backup_private);
    if (!address.is_unspecified() && address_here(address) == nullptr) {
        add(Severity::error, place_of(config_, name),
            fmt::format("{} is {}, which this host does not have: its heartbeats cannot be sent",
                        name, address.to_string()),
            fmt::format("ip addr add {}/LENGTH dev DEVICE", address.to_string()));
    }
    if (!parts_.primary && !config_.backup_active) {
        add(Severity::error, place_of(config_, "backup_active"),
            "this host is the backup router and backup_active is 0: nothing is run here",
            "set backup_active = 1 in both routers' files");
    }
}

void HostCheck::check_device(const std::string& device, const std::string& what,
                             const SourceLocation& where) {
    const auto name = base_of(device);
    if (name.empty()) {
        return;
    }
    const auto* here = device_here(name);
    if (here == nullptr) {
        add(Severity::error, where,
            fmt::format("{} is on {}, which this host does not have; it has {}", what, name,
                        devices_text()),
            "give the device's name of this host, the same on both routers");
    } else if (!here->up) {
        add(Severity::error, where, fmt::format("{} is on {}, which is down", what, name),
            fmt::format("ip link set {} up", name));
    } else if (!here->carrier) {
        add(config_.monitor_links != 0 ? Severity::error : Severity::warning, where,
            fmt::format("{} is on {}, which has no link{}", what, name,
                        config_.monitor_links != 0
                            ? ": with monitor_links this router does not become active"
                            : ""),
            "look after the cable or the switch's port");
    }
}

void HostCheck::check_devices() {
    std::set<std::string> seen;
    for (const auto& v : config_.virtual_servers) {
        if (v.active && seen.insert(base_of(v.device)).second) {
            check_device(v.device, v.address.to_string(), place_of(v, "address"));
        }
    }
    if (config_.network == config::NetworkType::nat && config_.nat_router &&
        seen.insert(base_of(config_.nat_router_device)).second) {
        check_device(config_.nat_router_device, config_.nat_router->to_string(),
                     place_of(config_, "nat_router"));
    }
    if (config_.syncdaemon && seen.insert(config_.syncd_iface).second) {
        check_device(config_.syncd_iface, "the sync daemon", place_of(config_, "syncd_iface"));
    }
}

void HostCheck::check_virtual_address(const config::VirtualServer& v) {
    const auto name = base_of(v.device);
    const auto where = place_of(v, "address");
    const auto* here = address_here(v.address);
    if (here != nullptr && here->device != name) {
        add(Severity::error, where,
            fmt::format("{} is on {} of this host, not on {}", v.address.to_string(), here->device,
                        name),
            fmt::format("ip addr del {} dev {}", here->network.to_string(), here->device));
    } else if (here != nullptr && !facts_.router_pid) {
        add(Severity::error, where,
            fmt::format("{} is on {} though no lvsrouter runs here: two hosts will answer for it "
                        "when the other router is active",
                        v.address.to_string(), name),
            fmt::format("ip addr del {} dev {}", here->network.to_string(), here->device));
    }
    const auto near = [&](const HostAddress& a) {
        return a.device == name && a.network.contains(v.address) && a.network.address != v.address;
    };
    if (here == nullptr && device_here(name) != nullptr &&
        std::ranges::none_of(facts_.addresses, near)) {
        add(Severity::warning, where,
            fmt::format("{} is in no network of {}: neighbours will not ask for it there unless "
                        "they are told to",
                        v.address.to_string(), name),
            fmt::format("ip addr show dev {}", name));
    }
}

void HostCheck::check_heartbeat_port() {
    for (const auto& port : facts_.udp_ports) {
        if (port.endpoint.port != config_.heartbeat_port || port.program == "lvsrouter") {
            continue;
        }
        add(Severity::error, place_of(config_, "heartbeat_port"),
            fmt::format("heartbeats come to UDP port {}, which {} holds at {}",
                        config_.heartbeat_port.value(),
                        port.program.empty()
                            ? "another program"
                            : fmt::format("{} (process {})", port.program, port.pid),
                        port.endpoint.address.to_string()),
            port.pid != 0 ? fmt::format("kill {}", port.pid)
                          : fmt::format("ss -ulpn sport = {}", config_.heartbeat_port.value()));
        return;
    }
}

/// Direct routing changes nothing but the hardware address; and under NAT, what a real server sends
/// to a client finds its way back through the router if that is its neighbour.
void HostCheck::check_neighbours() {
    if (config_.network == config::NetworkType::tunnel) {
        return;
    }
    const bool direct = config_.network == config::NetworkType::direct;
    std::set<Address> seen;
    for (const auto& v : config_.virtual_servers) {
        for (const auto& server : v.servers) {
            const auto near = [&](const HostAddress& a) {
                return a.network.contains(server.address);
            };
            if (!v.active || !server.active || !seen.insert(server.address).second ||
                std::ranges::any_of(facts_.addresses, near)) {
                continue;
            }
            add(direct ? Severity::error : Severity::warning, place_of(server, "address"),
                fmt::format("real server {} ({}) is in no network of this host: {}", server.name,
                            server.address.to_string(),
                            direct ? "direct routing reaches neighbours alone"
                                   : "its answers may pass this router by"),
                fmt::format("ip route get {}", server.address.to_string()));
        }
    }
}

}  // namespace lvslab::realmode
