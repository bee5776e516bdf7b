// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/daemon_settings.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/config/places.hpp"
#include "core/router/check_settings.hpp"

namespace lvslab::router {
namespace {

/// No mask at all is how published files spell 0.0.0.0: with a prefix of 0 every address would be a
/// neighbour.
std::optional<unsigned> prefix_length(const std::optional<Address>& mask) {
    return mask && !mask->is_unspecified() ? prefix_length_of_mask(*mask) : std::nullopt;
}

/// Other than base's to_string, this knows times below 0.
std::string seconds(Duration d) {
    return fmt::format("{} s", to_seconds(d));
}

void check_times(const config::VirtualServer& service, Diagnostics& found) {
    const auto settings = check_settings(service, Weight{1});
    if (settings.interval <= Duration::zero()) {
        const auto* name = service.check_interval ? "check_interval" : "timeout";
        found.error(config::place_of(service, name),
                    fmt::format("{} is {}; expected more than 0, the time between two checks", name,
                                seconds(settings.interval)));
    }
    if (settings.rise.value_or(1) < 1) {
        found.error(config::place_of(service, "rise"),
                    fmt::format("rise is {}; expected 1 or more", *settings.rise));
    }
    if (settings.fall < 1) {
        found.error(config::place_of(service, "fall"),
                    fmt::format("fall is {}; expected 1 or more", settings.fall));
    }
}

void check_service(const config::VirtualServer& service, Diagnostics& found) {
    check_times(service, found);
    bool probes = true;  // what is wrong with a check is the service's: once is enough
    for (const auto& server : service.servers) {
        if (!server.active) {
            continue;
        }
        if (server.weight < Weight{0}) {
            found.error(config::place_of(server, "weight"),
                        fmt::format("weight is {}; expected 0 or more", server.weight.value()));
        }
        if (probes) {
            const auto probe = check_probe(service, server);
            probes = probe.value.has_value();
            found.append(probe.diagnostics);
        }
    }
}

}  // namespace

pulse::Settings pulse_settings(const config::LvsConfig& config, pulse::NodeRole role) {
    pulse::Settings settings;
    settings.role = role;
    settings.keepalive = config.keepalive;
    settings.deadtime = config.deadtime;
    settings.backup_active = config.backup_active;
    settings.private_path =
        !config.primary_private.is_unspecified() && config.primary_private != config.primary;
    settings.monitor_links = config.monitor_links != 0;
    settings.syncdaemon = config.syncdaemon;
    settings.active_cmd = config.active_cmd;
    settings.inactive_cmd = config.inactive_cmd;
    settings.failback = config.failback == config::Failback::primary ? pulse::Failback::primary
                                                                     : pulse::Failback::none;
    return settings;
}

std::optional<ports::LoadMethod> load_method(const config::LvsConfig& config,
                                             const config::VirtualServer& service) {
    using Program = ports::LoadMethod::Program;
    for (const auto program : {Program::rup, Program::ruptime, Program::uptime}) {
        if (service.load_monitor == to_string(program)) {
            return ports::LoadMethod{program, config.rsh_command};
        }
    }
    return std::nullopt;
}

std::vector<ports::FloatingAddress> floating_addresses(const config::LvsConfig& config) {
    std::vector<ports::FloatingAddress> addresses;
    const auto add = [&](ports::FloatingAddress address) {
        if (!address.address.is_unspecified() &&
            std::ranges::find(addresses, address.address, &ports::FloatingAddress::address) ==
                addresses.end()) {
            addresses.push_back(std::move(address));
        }
    };
    for (const auto& service : config.virtual_servers) {
        if (service.active) {
            add({service.address, service.device, prefix_length(service.vip_nmask)});
        }
    }
    if (config.network == config::NetworkType::nat && config.nat_router) {
        add({*config.nat_router, config.nat_router_device, prefix_length(config.nat_nmask)});
    }
    return addresses;
}

Diagnostics check_runnable(const config::LvsConfig& config) {
    Diagnostics found;
    if (config.service == config::ServiceType::fos) {
        found.error(config::place_of(config, "service"),
                    "service is fos; expected lvs: no router runs failover services without IPVS");
    }
    for (const auto& [name, value] :
         {std::pair{"keepalive", config.keepalive}, std::pair{"deadtime", config.deadtime}}) {
        if (value <= Duration::zero()) {
            found.error(config::place_of(config, name),
                        fmt::format("{} is {}; expected more than 0", name, seconds(value)));
        }
    }
    for (const auto& service : config.virtual_servers) {
        if (service.active) {
            check_service(service, found);
        }
    }
    return found;
}

}  // namespace lvslab::router
