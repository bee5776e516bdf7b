// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/desired_services.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

namespace lvslab::router {
namespace {

ipvs::ForwardingMethod forwarding_method(config::NetworkType type) {
    switch (type) {
        case config::NetworkType::nat:
            return ipvs::ForwardingMethod::nat;
        case config::NetworkType::direct:
            return ipvs::ForwardingMethod::direct;
        case config::NetworkType::tunnel:
            return ipvs::ForwardingMethod::tunnel;
    }
    return ipvs::ForwardingMethod::nat;
}

ipvs::ServiceKey service_key(const config::VirtualServer& v) {
    ipvs::ServiceKey key;
    key.family = v.address.family();
    if (v.fwmark.value() != 0) {
        // A fwmark service is found by its mark alone.
        key.protocol = Protocol::ip;
        key.endpoint = Endpoint{key.family == Family::ipv4 ? Address{} : Address::v6({}), Port{0}};
        key.fwmark = v.fwmark;
    } else {
        key.protocol = v.protocol;
        key.endpoint = Endpoint{v.address, v.port};
    }
    return key;
}

/// The words of ipvsadm -b. One that names a scheduler does nothing to another.
void set_flags(ipvs::ServiceSettings& settings, std::string_view words) {
    while (!words.empty()) {
        const auto comma = std::min(words.find(','), words.size());
        const auto word = words.substr(0, comma);
        words.remove_prefix(std::min(comma + 1, words.size()));
        const auto is = [&](std::string_view flag, std::string_view any) {
            return word == any || word == settings.scheduler + std::string(flag);
        };
        settings.scheduler_flag_1 |= is("-fallback", "flag-1");
        settings.scheduler_flag_2 |= is("-port", "flag-2");
    }
}

ipvs::ServiceSettings service_settings(const config::VirtualServer& v,
                                       const std::optional<std::string>& scheduler) {
    ipvs::ServiceSettings settings;
    settings.scheduler = scheduler.value_or(v.scheduler);
    settings.persistent = v.persistent;
    if (v.pmask) {
        settings.persistence_mask = *v.pmask;
    }
    set_flags(settings, v.sched_flags.value_or(""));
    return settings;
}

std::uint32_t threshold(std::int64_t connections) {
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(connections, 0, most));
}

}  // namespace

Port destination_port(config::NetworkType network, const config::VirtualServer& v,
                      const config::RealServer& server) {
    if (v.fwmark != Fwmark{}) {
        return Port{0};
    }
    return network == config::NetworkType::nat ? server.port : v.port;
}

std::vector<DesiredService> desired_services(const config::LvsConfig& config,
                                             const std::optional<std::string>& scheduler) {
    const auto method = forwarding_method(config.network);
    std::vector<DesiredService> services;
    for (std::size_t i = 0; i < config.virtual_servers.size(); ++i) {
        const auto& v = config.virtual_servers[i];
        if (!v.active) {
            continue;
        }
        DesiredService service{v.name, i, service_key(v), service_settings(v, scheduler), {}};
        for (const auto& server : v.servers) {
            service.destinations.push_back(
                {server.name,
                 server.active,
                 Endpoint{server.address, destination_port(config.network, v, server)},
                 {.method = method,
                  .weight = server.weight,
                  .upper_threshold = threshold(server.u_threshold),
                  .lower_threshold = threshold(server.l_threshold)}});
        }
        if (v.sorry_server) {
            const auto port = v.fwmark != Fwmark{} ? Port{0} : v.port;
            service.sorry = DesiredDestination{
                "sorry_server", true, Endpoint{*v.sorry_server, port}, {.method = method}};
        }
        services.push_back(std::move(service));
    }
    return services;
}

ipvs::Timeouts desired_timeouts(const config::LvsConfig& config) {
    return {.tcp = config.tcp_timeout, .tcp_fin = config.tcpfin_timeout, .udp = config.udp_timeout};
}

}  // namespace lvslab::router
