// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/daemon_settings.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/router/check_settings.hpp"

namespace lvslab::router {
namespace {

std::optional<unsigned> prefix_length(const std::optional<Address>& mask) {
    return mask ? prefix_length_of_mask(*mask) : std::nullopt;
}

/// Other than base's to_string, this knows times below 0.
std::string seconds(Duration d) {
    return fmt::format("{} s", to_seconds(d));
}

void check_service(const config::VirtualServer& service, Diagnostics& found) {
    const auto settings = check_settings(service, Weight{1});
    if (settings.interval <= Duration::zero()) {
        found.error(service.location,
                    fmt::format("virtual {}: the time between two checks is {}; expected more "
                                "than 0",
                                service.name, seconds(settings.interval)));
    }
    if (settings.rise.value_or(1) < 1 || settings.fall < 1) {
        found.error(service.location,
                    fmt::format("virtual {}: rise and fall are counts from 1 on", service.name));
    }
    for (const auto& server : service.servers) {
        if (!server.active) {
            continue;
        }
        if (server.weight < Weight{0}) {
            found.error(server.location, fmt::format("server {}: weight is {}; expected 0 or more",
                                                     server.name, server.weight.value()));
        }
        const auto probe = check_probe(service, server);
        if (!probe) {
            // The text of a check is the service's: one finding is enough.
            found.append(probe.diagnostics);
            return;
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
    const auto word = service.load_monitor.value_or("none");
    if (word == "rup") {
        return ports::LoadMethod{Program::rup, config.rsh_command};
    }
    if (word == "ruptime") {
        return ports::LoadMethod{Program::ruptime, config.rsh_command};
    }
    if (word == "uptime") {
        return ports::LoadMethod{Program::uptime, config.rsh_command};
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
    SourceLocation file;
    if (!config.virtual_servers.empty()) {
        file.file = config.virtual_servers.front().location.file;
    }
    if (config.service == config::ServiceType::fos) {
        found.error(file, "service = fos: failover services without IPVS are run by no router");
    }
    for (const auto& [name, value] :
         {std::pair{"keepalive", config.keepalive}, std::pair{"deadtime", config.deadtime}}) {
        if (value <= Duration::zero()) {
            found.error(file, fmt::format("{} is {}; expected more than 0", name, seconds(value)));
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
