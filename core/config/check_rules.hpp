// SPDX-License-Identifier: GPL-2.0-only
/// The parts of the configuration check.
#pragma once

#include <string>

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"

namespace lvslab::config {

/// The routers: who they are, heartbeats and their times, addresses behind NAT.
void check_routers(const LvsConfig& config, Diagnostics& found);
/// Each active virtual service by itself, and its servers.
void check_services(const LvsConfig& config, Diagnostics& found);
/// The health checks of the active virtual services.
void check_health_checks(const LvsConfig& config, Diagnostics& found);
/// Active virtual services against each other.
void check_services_together(const LvsConfig& config, Diagnostics& found);
/// Where Piranha would do something else at run time.
void note_piranha(const LvsConfig& config, Diagnostics& found);

/// `virtual "shop"`, as messages call it.
std::string title(const VirtualServer& service);

}  // namespace lvslab::config
