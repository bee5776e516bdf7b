// SPDX-License-Identifier: GPL-2.0-only
/// Programs that a router's lvs.cf names and the lab has in their place.
#pragma once

#include <string>

#include "core/config/lvs_config.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::lab {

/// Writes into `folder` a script for each check program that the scenario declares, and one for the
/// remote shell of a load monitor, and has the configuration name them instead. The daemon runs
/// them as it would the real ones; they ask the lab's servers. Throws std::runtime_error.
void put_programs_in_place(const scenario::Scenario& scenario, const std::string& folder,
                           config::LvsConfig& config);

}  // namespace lvslab::lab
