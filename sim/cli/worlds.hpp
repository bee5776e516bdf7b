// SPDX-License-Identifier: GPL-2.0-only
/// The worlds by the names that --world takes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::cli {

/// A run in this process.
struct SimulatedRun {
    std::uint64_t seed = 1;
    std::optional<std::string> scheduler{};
    bool segments = false;
    std::function<bool(Time now)> progress{};  ///< false stops the run
};
struct SimulatedResult {
    bool complete = false;
    Time end{};
};

struct World {
    std::string_view name;
    /// What it cannot run of a scenario, or runs otherwise. Null: it says so itself when it runs.
    Diagnostics (*unsupported)(const scenario::Scenario& scenario);
    /// Null: not in this process (the kernel world), or not built.
    SimulatedResult (*run)(const scenario::Scenario& scenario, const SimulatedRun& options,
                           journal::Sink& sink);
};

/// Null if there is none by this name.
const World* find_world(std::string_view name);
/// --world NAME, one of them all.
CLI::Option* add_world_option(CLI::App& command, std::string& world);

}  // namespace lvslab::cli
