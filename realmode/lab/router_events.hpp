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

namespace lvslab::lab {

/// The journal's event of what router `router` told; nothing if the journal has none (a load that
/// could not be measured). `services` is what the journal's indices count.
std::optional<journal::Payload> journal_event(const ports::RouterEvent& event, std::uint32_t router,
                                              const scenario::Scenario& scenario,
                                              const std::vector<router::DesiredService>& services);

/// The index of the server that has this address; journal::no_index if none has.
std::uint32_t server_index(const scenario::Scenario& scenario, const Address& address);
std::uint32_t service_index(const std::vector<router::DesiredService>& services,
                            const ipvs::ServiceKey& key);

}  // namespace lvslab::lab
