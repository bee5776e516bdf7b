// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/desired_services.hpp"

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

ipvs::ServiceSettings service_settings(const config::VirtualServer& v,
                                       const std::optional<std::string>& scheduler) {
    ipvs::ServiceSettings settings;
    settings.scheduler = scheduler.value_or(v.scheduler);
    settings.persistent = v.persistent;
    if (v.pmask) {
        settings.persistence_mask = *v.pmask;
    }
    return settings;
}

}  // namespace

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
            const Port port = v.fwmark.value() != 0 ? Port{0} : server.port;
            service.destinations.push_back({server.name,
                                            server.active,
                                            Endpoint{server.address, port},
                                            {.method = method, .weight = server.weight}});
        }
        services.push_back(std::move(service));
    }
    return services;
}

ipvs::Timeouts desired_timeouts(const config::LvsConfig& config) {
    return {.tcp = config.tcp_timeout, .tcp_fin = config.tcpfin_timeout, .udp = config.udp_timeout};
}

}  // namespace lvslab::router
