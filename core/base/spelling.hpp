// SPDX-License-Identifier: GPL-2.0-only
/// What a misspelt word was meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lvslab {

/// `; did you mean "KNOWN"?` for the known word nearest to this one, if one is near; else
/// `; known here: A, B, C`, or nothing if none is known.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace lvslab
