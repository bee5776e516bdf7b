// SPDX-License-Identifier: GPL-2.0-only
/// What an lvs.cf means for the daemons of a router: pulse, floating addresses, load. Pure.
#pragma once

#include <optional>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"
#include "core/ports/address_owner.hpp"
#include "core/ports/load_source.hpp"
#include "core/pulse/settings.hpp"

namespace lvslab::router {

pulse::Settings pulse_settings(const config::LvsConfig& config, pulse::NodeRole role);

/// Nothing if the service's weights do not follow load (no load_monitor, `none`, another word).
std::optional<ports::LoadMethod> load_method(const config::LvsConfig& config,
                                             const config::VirtualServer& service);

/// Each VIP of an active service once, in the order of the file, and under NAT the nat_router
/// behind them (pulse.c, activateLvs). A netmask of 0.0.0.0 counts as not given.
std::vector<ports::FloatingAddress> floating_addresses(const config::LvsConfig& config);

/// What a router cannot run with, each with its place: `service = fos`, times that are not
/// positive, negative weights, checks that cannot be made.
Diagnostics check_runnable(const config::LvsConfig& config);

}  // namespace lvslab::router
