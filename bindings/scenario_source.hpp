// SPDX-License-Identifier: GPL-2.0-only
/// A scenario in Python: the model, and the texts that it was read from.
#pragma once

#include <map>
#include <string>

#include "core/scenario/scenario.hpp"

namespace lvslab::python {

/// The texts go along so that a scenario can be handed to another process, be it a pickle or the
/// packet world's.
struct ScenarioSource {
    scenario::Scenario scenario;
    std::string file;                          ///< the name that messages carry
    std::string text;                          ///< YAML
    std::map<std::string, std::string> named;  ///< the files that it names, by path as written
};

}  // namespace lvslab::python
