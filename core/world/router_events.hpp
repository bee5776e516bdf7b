// SPDX-License-Identifier: GPL-2.0-only
/// What a router's daemon tells, as events of the journal.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/journal/event.hpp"
#include "core/ports/router_log.hpp"
#include "core/router/desired_services.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::world {

/// The journal's event of what router `router` told; nothing if the journal has none (a load that
/// could not be measured). `services` is what the journal's indices count.
std::optional<journal::Payload> journal_event(const ports::RouterEvent& event, std::uint32_t router,
                                              const scenario::Scenario& scenario,
                                              const std::vector<router::DesiredService>& services);

/// Whether it tells of services and real servers. A world whose director tells of them itself, as
/// what IPVS has taken, leaves these out.
bool is_of_dataplane(const ports::RouterEvent& event);

/// The index of the server that has this address; journal::no_index if none has.
std::uint32_t server_index(const scenario::Scenario& scenario, const Address& address);
/// The index of the service of this key; journal::no_index if none has it.
std::uint32_t service_index(const std::vector<router::DesiredService>& services,
                            const ipvs::ServiceKey& key);

}  // namespace lvslab::world
