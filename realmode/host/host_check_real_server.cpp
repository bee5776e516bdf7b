// SPDX-License-Identifier: GPL-2.0-only
// What a real server needs under direct routing and tunnels.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "realmode/host/host_check_parts.hpp"

namespace lvslab::realmode {

void HostCheck::check_real_server(const router::RealServerNeed& server) {
    check_vips(server);
    // A router that is a real server too holds the virtual addresses in its own right.
    if (!parts_.router()) {
        check_silence(server);
    }
    check_reverse_paths(server);
}

/// On the device of the need, or none at all if packets are redirected (manual, 3.2.2).
void HostCheck::check_vips(const router::RealServerNeed& server) {
    if (server.device != "lo" && device_here(server.device) == nullptr) {
        add(Severity::error, server.location,
            fmt::format("packets come through a tunnel, but there is no device {}", server.device),
            server.device == "tunl0" ? "modprobe ipip" : "modprobe ip6_tunnel");
    } else if (server.device != "lo" && !device_here(server.device)->up) {
        add(Severity::error, server.location,
            fmt::format("packets come through a tunnel, but {} is down", server.device),
            fmt::format("ip link set {} up", server.device));
    }
    for (const auto& vip : server.vips) {
        if (address_here(vip) == nullptr && !parts_.router()) {
            add(Severity::warning, server.location,
                fmt::format("this real server does not have {}: packets for it are taken only if a "
                            "rule redirects them",
                            vip.to_string()),
                silencing(server, vip) + fmt::format("ip addr add {}/{} dev {}", vip.to_string(),
                                                     vip.is_v4() ? 32 : 128, server.device));
        }
    }
}

/// An address that is put on before ARP is silent takes the clients away at once.
std::string HostCheck::silencing(const router::RealServerNeed& server, const Address& vip) const {
    const auto talks = [&](const auto& device) {
        return arp_setting(device, "arp_ignore") == 0 || arp_setting(device, "arp_announce") < 2;
    };
    return vip.is_v4() && !is_silent(vip) && !devices_on_the_wire(server, talks).empty()
               ? "sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 && "
               : "";
}

bool HostCheck::is_silent(const Address& vip) const {
    return std::ranges::find(facts_.rules.silent, vip) != facts_.rules.silent.end();
}

/// ARP is kept silent by arp_ignore or by rules; of a setting, the greater of `all` and the
/// device's own counts (ip-sysctl.rst). An address that this host does not have is never told.
void HostCheck::check_silence(const router::RealServerNeed& server) {
    for (const auto& vip : server.vips) {
        const auto* here = address_here(vip);
        if (vip.is_v4() && here != nullptr && !is_silent(vip)) {
            check_answers(server, *here);
            check_requests(server, vip);
        }
    }
}

int HostCheck::arp_setting(const HostDevice& device, const char* name) const {
    const auto of = [&](const std::string& scope) {
        return setting(fmt::format("net.ipv4.conf.{}.{}", scope, name)).value_or(0);
    };
    return std::max(of("all"), of(device.name));
}

std::string HostCheck::devices_on_the_wire(
    const router::RealServerNeed& server,
    const std::function<bool(const HostDevice&)>& which) const {
    std::vector<std::string> names;
    for (const auto& device : facts_.devices) {
        if (device.up && !device.loopback && device.name != server.device && which(device)) {
            names.push_back(device.name);
        }
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

void HostCheck::check_answers(const router::RealServerNeed& server, const HostAddress& vip) {
    const auto tell = [&](const std::string& devices, std::string cure) {
        if (!devices.empty()) {
            add(Severity::error, server.location,
                fmt::format("this real server answers ARP requests for {} on {}: clients pass the "
                            "routers by",
                            vip.network.address.to_string(), devices),
                std::move(cure));
        }
    };
    tell(devices_on_the_wire(
             server, [&](const auto& device) { return arp_setting(device, "arp_ignore") == 0; }),
         "sysctl -w net.ipv4.conf.all.arp_ignore=1");
    // 1: an address of the device itself is told still.
    tell(devices_on_the_wire(server,
                             [&](const auto& device) {
                                 return arp_setting(device, "arp_ignore") == 1 &&
                                        vip.device == device.name;
                             }),
         fmt::format("ip addr del {} dev {}; ip addr add {}/32 dev {}", vip.network.to_string(),
                     vip.device, vip.network.address.to_string(), server.device));
}

void HostCheck::check_requests(const router::RealServerNeed& server, const Address& vip) {
    const auto devices = devices_on_the_wire(
        server, [&](const auto& device) { return arp_setting(device, "arp_announce") < 2; });
    if (!devices.empty()) {
        add(Severity::error, server.location,
            fmt::format("this real server may ask for neighbours on {} in the name of {}, which "
                        "points them here",
                        devices, vip.to_string()),
            "sysctl -w net.ipv4.conf.all.arp_announce=2");
    }
}

/// What comes out of a tunnel comes from clients that are reached by another device.
void HostCheck::check_reverse_paths(const router::RealServerNeed& server) {
    if (server.device != "tunl0" || device_here(server.device) == nullptr) {
        return;
    }
    const auto all = setting("net.ipv4.conf.all.rp_filter").value_or(0);
    const auto own = setting("net.ipv4.conf.tunl0.rp_filter").value_or(0);
    if (std::max(all, own) == 1) {
        add(Severity::error, server.location,
            "rp_filter drops what comes out of tunl0, since clients are reached by another device",
            all == 1 ? "sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0"
                     : "sysctl -w net.ipv4.conf.tunl0.rp_filter=0");
    }
}

}  // namespace lvslab::realmode
