// SPDX-License-Identifier: GPL-2.0-only
/// What a machine can hold of the house's rules. Each rule takes the tree and gives its findings.
#pragma once

#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "tests/house/tree.hpp"

namespace lvslab::house {

/// A room includes only what its arrows reach (docs/architecture.md); a room without arrows is a
/// finding too, so that a new one is entered here.
Diagnostics check_arrows(const std::vector<File>& tree);
/// core opens no file, socket, thread or clock and draws no number but from core/base/random.hpp.
Diagnostics check_core_is_pure(const std::vector<File>& tree);
/// No file is called utils, common, manager, helper or misc.
Diagnostics check_names(const std::vector<File>& tree);
/// Sources begin with the licence's SPDX line (behind a "#!" where there is one).
Diagnostics check_licence_lines(const std::vector<File>& tree);
/// No source is longer than 700 lines; headers have #pragma once; nothing is left to do.
Diagnostics check_shape(const std::vector<File>& tree);
/// No path of the machine that a file was written on.
Diagnostics check_machine_paths(const std::vector<File>& tree);

/// Includes `header` twice in an empty program, compiled by `command` (flags and all, without a
/// source): what the compiler says, empty if it is content.
std::string compile_alone(const std::string& command, const std::string& header);

/// What clang-format has to say about `files`; each is a path that exists.
Diagnostics check_layout(const std::string& clang_format, const std::vector<std::string>& files);

}  // namespace lvslab::house
