// SPDX-License-Identifier: GPL-2.0-only
/// The first event of a run's journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::world {

/// What tells one run of a scenario from another.
struct RunIdentity {
    std::string world;                     ///< "packet", "kernel"
    std::optional<std::string> scheduler;  ///< of every service, instead of the lvs.cf's
    std::uint64_t seed = 1;
};

/// The names behind the journal's indices, the same in every world.
journal::RunStarted run_description(const scenario::Scenario& scenario, const RunIdentity& run);

}  // namespace lvslab::world
