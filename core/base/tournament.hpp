// SPDX-License-Identifier: GPL-2.0-only
/// The least of many numbers that change one by one.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lvslab {

/// Keys in a row, and the least of all: a tournament of two at a time. A change plays the matches
/// from its leaf to the root. As many for each, and without a branch that the processor would have
/// to foretell, as a heap's are; only in a large one it is worth to see where nothing changes any
/// more. Keys of 128 bits hold who it is behind what is compared, so the winner says its name.
class Tournament {
public:
    __extension__ using Key = unsigned __int128;
    static constexpr Key none = ~Key{0};

    explicit Tournament(std::size_t leaves = 0) { grow(leaves); }

    /// O(log leaves)
    void set(std::size_t leaf, Key key) {
        auto* const nodes = nodes_.data();
        auto node = leaves_ + leaf;
        const bool large = leaves_ > small;
        nodes[node] = key;
        while (node > 1) {
            const auto other = nodes[node ^ 1U];
            key = other < key ? other : key;
            node /= 2;
            if (large && nodes[node] == key) {
                return;
            }
            nodes[node] = key;
        }
    }
    /// `none` if it was never set.
    Key at(std::size_t leaf) const { return nodes_[leaves_ + leaf]; }
    /// The least of all, or `none`.
    Key least() const { return nodes_[1]; }

    std::size_t leaves() const { return leaves_; }
    /// Room for so many; what was set stays.
    void grow(std::size_t leaves) {
        const auto more = std::bit_ceil(std::max<std::size_t>(leaves, 1));
        if (more <= leaves_) {
            return;
        }
        std::vector<Key> nodes(2 * more, none);
        std::copy(nodes_.begin() + static_cast<std::ptrdiff_t>(leaves_), nodes_.end(),
                  nodes.begin() + static_cast<std::ptrdiff_t>(more));
        nodes_ = std::move(nodes);
        leaves_ = more;
        for (auto node = leaves_ - 1; node >= 1; --node) {
            nodes_[node] = std::min(nodes_[2 * node], nodes_[2 * node + 1]);
        }
    }

private:
    static constexpr std::size_t small = 512;

    std::size_t leaves_ = 0;
    std::vector<Key> nodes_;  ///< the root is 1, a node's children are 2n and 2n + 1
};

}  // namespace lvslab
