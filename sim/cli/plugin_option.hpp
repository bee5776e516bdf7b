// SPDX-License-Identifier: GPL-2.0-only
/// --scheduler-plugin FILE.so: schedulers of the user's own (docs/own-schedulers.md).
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace lvslab::cli {

/// Loads the files before the command's callback runs and keeps them as long as the command lives,
/// so that scenarios, lvs.cf files and arguments may name their schedulers. `files` gets their
/// absolute paths, for processes that this one starts. A file that is none ends the parsing.
void add_plugin_option(CLI::App& command, std::vector<std::string>& files);

/// The words that load the same files in another lvslab: --scheduler-plugin FILE ...
std::vector<std::string> plugin_words(const std::vector<std::string>& files);

}  // namespace lvslab::cli
