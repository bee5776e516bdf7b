// SPDX-License-Identifier: GPL-2.0-only
/// What a short program prints.
#pragma once

#include <string>
#include <vector>

namespace lvslab::realmode {

struct ProgramOutput {
    std::string text;  ///< standard output
    /// Why the text does not count: "not installed", "ended with code 4: Permission denied",
    /// "no end after 10 s", "more than 67108864 bytes". Empty = it counts.
    std::string failure;
};

/// Runs the program, found by PATH or in the folders of the superuser, without a shell and without
/// standard input, and waits at most 10 s. Throws std::system_error if the machine has no more
/// processes or descriptors.
ProgramOutput output_of(const std::vector<std::string>& command);

}  // namespace lvslab::realmode
