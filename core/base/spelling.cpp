// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/spelling.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lvslab {
namespace {

// Longer words are never a slip of the fingers, and the distance costs their product.
constexpr std::size_t longest_word = 64;

// The restricted Damerau-Levenshtein distance: a swap of neighbours counts as one slip.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before = std::exchange(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = a[i - 1] == b[j - 1];
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
    }
    return row.back();
}

}  // namespace

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
    if (known.empty()) {
        return "";
    }
    const auto allowed = std::max<std::size_t>(1, word.size() / 3);
    std::size_t least = allowed + 1;
    std::string_view nearest;
    for (const auto candidate : known) {
        if (word.size() > longest_word || candidate.size() > longest_word) {
            continue;
        }
        const auto distance = edit_distance(word, candidate);
        if (distance < least) {
            least = distance;
            nearest = candidate;
        }
    }
    if (!nearest.empty()) {
        return fmt::format("; did you mean \"{}\"?", nearest);
    }
    return fmt::format("; known here: {}", fmt::join(known, ", "));
}

}  // namespace lvslab
