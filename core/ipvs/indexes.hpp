// SPDX-License-Identifier: GPL-2.0-only
/// Indexes over a service's list that answer a scheduler's question without walking the list.
/// All are addressed by slot (DestinationList), grow by themselves, and prefer the higher slot,
/// which is the one nearer the head, as a walk with a strict comparison does.
#pragma once

#include <cstdint>
#include <vector>

namespace lvslab::ipvs {

/// A load over a weight. Weight 0 = not to be chosen.
struct Share {
    std::uint32_t load = 1;
    std::uint32_t weight = 0;
};

/// Who has the least load/weight: a tournament of four at a time, one cache line each.
class LeastShareTree {
public:
    /// O(log n)
    void set(std::uint32_t slot, Share share);
    void clear(std::uint32_t slot) { set(slot, {}); }
    void reset() { *this = {}; }
    /// The winner's slot, or -1 if nobody can be chosen. O(1)
    std::int64_t best() const { return best_.weight == 0 ? -1 : std::int64_t{best_.slot}; }

private:
    struct Node {
        std::uint32_t load = 1;
        std::uint32_t weight = 0;
        std::uint32_t slot = 0;
        std::uint32_t unused = 0;
    };
    struct alignas(64) Group {
        Node nodes[4];
    };
    /// 1 if `far` has less; `near` stands nearer the head and keeps a tie. Cross-multiplied, as in
    /// the kernel.
    static std::uint32_t beats(const Node& far, const Node& near) {
        return std::uint64_t{far.load} * near.weight < std::uint64_t{near.load} * far.weight ? 1
                                                                                             : 0;
    }
    /// Reckoned without a branch: which one wins cannot be foretold.
    static const Node& winner(const Group& g) {
        const auto low = 1 - beats(g.nodes[0], g.nodes[1]);
        const auto high = 3 - beats(g.nodes[2], g.nodes[3]);
        return g.nodes[high - (high - low) * beats(g.nodes[low], g.nodes[high])];
    }
    void grow(std::uint32_t slot);

    /// Node i's children are group i; node i stands in group (i - 1) / 4. Node 0 is best_.
    std::vector<Group> groups_;
    std::uint32_t first_leaf_ = 0;
    std::uint32_t capacity_ = 0;
    Node best_;
};

/// A set of slots with "the next one after".
class SlotSet {
public:
    void set(std::uint32_t slot, bool member);
    void reset() { *this = {}; }
    /// The highest member below `slot`, or -1. O(log64 n)
    std::int64_t below(std::uint32_t slot) const;

private:
    std::vector<std::vector<std::uint64_t>> levels_;
};

/// Weights by slot, with "the next one after that weighs at least".
class WeightTree {
public:
    void set(std::uint32_t slot, std::uint32_t weight);
    void reset() { *this = {}; }
    std::uint32_t largest() const { return nodes_.empty() ? 0 : nodes_[1]; }
    /// The highest slot below `slot` whose weight is at least `least` (> 0), or -1. O(log n)
    std::int64_t below(std::uint32_t slot, std::uint32_t least) const;

private:
    std::uint32_t capacity_ = 0;
    std::vector<std::uint32_t> nodes_;
};

/// Weights by slot, with their sum and "who covers this point", counted from the head.
class WeightSums {
public:
    void set(std::uint32_t slot, std::uint32_t weight);
    void reset() { *this = {}; }
    std::uint64_t total() const { return nodes_.empty() ? 0 : nodes_[1]; }
    /// The first slot from the head at which the running sum reaches `point`
    /// (1 <= point <= total()). O(log n)
    std::uint32_t covering(std::uint64_t point) const;

private:
    std::uint32_t capacity_ = 0;
    std::vector<std::uint64_t> nodes_;
};

}  // namespace lvslab::ipvs
