// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/indexes.hpp"

#include <algorithm>
#include <bit>

namespace lvslab::ipvs {
namespace {

std::size_t highest_bit(std::uint64_t word) {
    return static_cast<std::size_t>(63 - std::countl_zero(word));
}

/// Makes room for `slot` in a complete binary tree whose leaves stand at [capacity, 2 capacity),
/// and calls rebuild(i) for every inner node, children first.
template <class Node, class Rebuild>
void make_room(std::vector<Node>& nodes, std::uint32_t& capacity, std::uint32_t slot,
               Rebuild&& rebuild) {
    if (slot < capacity) {
        return;
    }
    const auto larger = std::bit_ceil(std::max(slot + 1, 4U));
    std::vector<Node> grown(std::size_t{2} * larger);
    std::copy(nodes.begin() + capacity, nodes.end(), grown.begin() + larger);
    nodes = std::move(grown);
    capacity = larger;
    for (auto i = larger - 1; i >= 1; --i) {
        rebuild(i);
    }
}

}  // namespace

void LeastShareTree::set(std::uint32_t slot, Share share) {
    if (slot >= shares_.size()) {
        tournament_.grow(slot + std::size_t{1});
        shares_.resize(tournament_.leaves());
    }
    shares_[slot] = share;
    heavy_ = heavy_ || share.weight > exact;
    tournament_.set(slot, key_of(share, slot));
}

/// Cross-multiplied, as in the kernel.
std::int64_t LeastShareTree::best_by_walk() const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < shares_.size(); ++i) {
        const auto& far = shares_[best];
        const auto& near = shares_[i];
        if (near.weight > 0 && (far.weight == 0 || std::uint64_t{far.load} * near.weight >=
                                                       std::uint64_t{near.load} * far.weight)) {
            best = i;
        }
    }
    return static_cast<std::int64_t>(best);
}

void SlotSet::set(std::uint32_t slot, bool member) {
    std::size_t index = slot;
    for (std::size_t level = 0;; ++level) {
        if (level == levels_.size()) {
            levels_.emplace_back();
            // A new top level must know what the levels below hold already.
            if (level > 0) {
                const auto& lower = levels_[level - 1];
                levels_[level].resize(lower.size() / 64 + 1);
                for (std::size_t w = 0; w < lower.size(); ++w) {
                    if (lower[w] != 0) {
                        levels_[level][w / 64] |= std::uint64_t{1} << (w % 64);
                    }
                }
            }
        }
        auto& words = levels_[level];
        if (index / 64 >= words.size()) {
            words.resize(index / 64 + 1);
        }
        auto& word = words[index / 64];
        const auto bit = std::uint64_t{1} << (index % 64);
        word = member ? word | bit : word & ~bit;
        if (words.size() == 1 && level + 1 >= levels_.size()) {
            return;
        }
        member = word != 0;
        index /= 64;
    }
}

std::int64_t SlotSet::below(std::uint32_t slot) const {
    std::size_t end = slot;
    for (std::size_t level = 0; level < levels_.size(); ++level) {
        const auto& words = levels_[level];
        end = std::min(end, words.size() * 64);
        if (end == 0) {
            return -1;
        }
        const auto last = end - 1;
        const auto rest = words[last / 64] & (~std::uint64_t{0} >> (63 - last % 64));
        if (rest != 0) {
            auto found = last / 64 * 64 + highest_bit(rest);
            for (auto down = level; down-- > 0;) {
                found = found * 64 + highest_bit(levels_[down][found]);
            }
            return static_cast<std::int64_t>(found);
        }
        // Nothing in its word: on among the words before it, which the next level lists.
        end = last / 64;
    }
    return -1;
}

void WeightTree::set(std::uint32_t slot, std::uint32_t weight) {
    make_room(nodes_, capacity_, slot,
              [this](std::uint32_t i) { nodes_[i] = std::max(nodes_[2 * i], nodes_[2 * i + 1]); });
    auto i = capacity_ + slot;
    nodes_[i] = weight;
    for (i /= 2; i >= 1; i /= 2) {
        const auto larger = std::max(nodes_[2 * i], nodes_[2 * i + 1]);
        if (nodes_[i] == larger) {
            return;
        }
        nodes_[i] = larger;
    }
}

std::int64_t WeightTree::below(std::uint32_t slot, std::uint32_t least) const {
    if (largest() < least) {
        return -1;
    }
    if (slot - 1 < capacity_ && nodes_[capacity_ + slot - 1] >= least) {
        return std::int64_t{slot} - 1;  // mostly the next one
    }
    std::uint32_t i = 1;
    if (slot < capacity_) {
        // Up to the first subtree on the tail's side that has one.
        for (i = capacity_ + slot;; i /= 2) {
            if (i == 1) {
                return -1;
            }
            if (i % 2 == 1 && nodes_[i - 1] >= least) {
                --i;
                break;
            }
        }
    }
    while (i < capacity_) {
        i = 2 * i + (nodes_[2 * i + 1] >= least ? 1 : 0);
    }
    return std::int64_t{i} - capacity_;
}

void WeightSums::set(std::uint32_t slot, std::uint32_t weight) {
    make_room(nodes_, capacity_, slot,
              [this](std::uint32_t i) { nodes_[i] = nodes_[2 * i] + nodes_[2 * i + 1]; });
    auto i = capacity_ + slot;
    nodes_[i] = weight;
    for (i /= 2; i >= 1; i /= 2) {
        nodes_[i] = nodes_[2 * i] + nodes_[2 * i + 1];
    }
}

std::uint32_t WeightSums::covering(std::uint64_t point) const {
    std::uint32_t i = 1;
    while (i < capacity_) {
        i = 2 * i + 1;
        if (nodes_[i] < point) {
            point -= nodes_[i];
            --i;
        }
    }
    return i - capacity_;
}

}  // namespace lvslab::ipvs
