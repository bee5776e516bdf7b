// SPDX-License-Identifier: GPL-2.0-only
/// `lognormal { mean: 12KiB, sigma: 1.2 }`: a named mapping, which strict YAML has no form for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lvslab::scenario::yaml {

/// The text with each named mapping `NAME {` turned into a tagged one, `!NAME {`.
struct Expanded {
    std::string text;
    /// Where in `text` a byte stands that the source does not have, ascending.
    std::vector<std::size_t> inserted;
};

/// Expands the values `NAME {` of mappings and sequences, outside of quotes, comments and block
/// scalars, for these names.
Expanded expand_named_mappings(std::string_view text, const std::vector<std::string_view>& names);

}  // namespace lvslab::scenario::yaml
