// SPDX-License-Identifier: GPL-2.0-only
/// Which checks a scenario's routers make of a real server, and what its application answers.
#pragma once

#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/check_dialogue.hpp"
#include "core/world/topology.hpp"

namespace lvslab::world {

/// Where the checks of server `index` go: its own address, at the port that the lvs.cf gives it in
/// each virtual service. Sorted, each once.
std::vector<ListenEndpoint> check_endpoints_of(const scenario::Scenario& scenario, unsigned index);

/// What the application of server `index` knows of checks at one port: its `answer`, or else what
/// the lvs.cf expects.
std::vector<CheckAnswer> check_answers_of(const scenario::Scenario& scenario, unsigned index,
                                          Protocol protocol, Port port);

/// Checks that cannot be answered as they are written, or programs that nobody declared.
Diagnostics unanswerable_checks(const scenario::Scenario& scenario);

}  // namespace lvslab::world
