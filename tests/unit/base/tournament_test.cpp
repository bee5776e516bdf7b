// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/tournament.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.hpp"

namespace lvslab {
namespace {

TEST(Tournament, HasTheLeastOfItsKeysWhateverChangesAndHoweverItGrows) {
    RandomStream draw(1, "keys");
    Tournament tournament;
    EXPECT_TRUE(tournament.least() == Tournament::none);
    std::vector<Tournament::Key> plain;
    for (const std::size_t leaves : {1U, 2U, 5U, 64U, 511U, 512U, 513U, 2000U}) {
        tournament.grow(leaves);
        ASSERT_GE(tournament.leaves(), leaves);
        plain.resize(leaves, Tournament::none);
        ASSERT_TRUE(tournament.least() == std::ranges::min(plain)) << leaves << " leaves";
        for (int i = 0; i < 4000; ++i) {
            const auto leaf = static_cast<std::size_t>(draw.below(leaves));
            // Many alike, and some that differ in one half of their bits only.
            const auto key = draw.below(5) == 0 ? Tournament::none
                                                : Tournament::Key{draw.below(9)} << 64U |
                                                      draw.below(3) << 63U | draw.below(5);
            tournament.set(leaf, key);
            plain[leaf] = key;
            ASSERT_TRUE(tournament.at(leaf) == key);
            ASSERT_TRUE(tournament.least() == std::ranges::min(plain))
                << leaves << " leaves, change " << i;
        }
    }
}

}  // namespace
}  // namespace lvslab
