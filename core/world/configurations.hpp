// SPDX-License-Identifier: GPL-2.0-only
/// Every lvs.cf of a scenario: the routers' own and those that a fault reloads.
#pragma once

#include <vector>

#include "core/config/lvs_config.hpp"
#include "core/router/desired_services.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::world {

/// Each once (by value), the scenario's own first, then the routers', then the faults'. They live
/// as long as the scenario.
std::vector<const config::LvsConfig*> configurations_of(const scenario::Scenario& scenario);

/// The active virtual services of all of them, each once by its key (the first name counts): what
/// the indices of the journal's events count. The first configuration that has a service tells its
/// settings.
std::vector<router::DesiredService> all_services(const scenario::Scenario& scenario,
                                                 const std::optional<std::string>& scheduler = {});

/// Some active virtual service's weights follow its servers' load, so that loads are told.
bool follows_load(const scenario::Scenario& scenario);

}  // namespace lvslab::world
