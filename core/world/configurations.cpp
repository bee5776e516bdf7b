// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/configurations.hpp"

#include <algorithm>

#include "core/router/daemon_settings.hpp"

namespace lvslab::world {

std::vector<const config::LvsConfig*> configurations_of(const scenario::Scenario& scenario) {
    std::vector<const config::LvsConfig*> found;
    const auto add = [&](const config::LvsConfig& c) {
        if (std::ranges::none_of(found, [&](const auto* other) { return *other == c; })) {
            found.push_back(&c);
        }
    };
    add(scenario.config);
    for (const auto& router : scenario.routers) {
        add(router.config);
    }
    for (const auto& fault : scenario.faults) {
        if (fault.config) {
            add(*fault.config);
        }
    }
    return found;
}

std::vector<router::DesiredService> all_services(const scenario::Scenario& scenario,
                                                 const std::optional<std::string>& scheduler) {
    std::vector<router::DesiredService> services;
    for (const auto* config : configurations_of(scenario)) {
        for (auto& service : router::desired_services(*config, scheduler)) {
            if (std::ranges::none_of(services,
                                     [&](const auto& other) { return other.key == service.key; })) {
                services.push_back(std::move(service));
            }
        }
    }
    return services;
}

bool follows_load(const scenario::Scenario& scenario) {
    return std::ranges::any_of(configurations_of(scenario), [](const auto* config) {
        return std::ranges::any_of(config->virtual_servers, [&](const auto& service) {
            return service.active && router::load_method(*config, service).has_value();
        });
    });
}

}  // namespace lvslab::world
