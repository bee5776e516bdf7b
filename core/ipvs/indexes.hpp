// SPDX-License-Identifier: GPL-2.0-only
/// Indexes over a service's list that answer a scheduler's question without walking the list.
/// All are addressed by slot (DestinationList), grow by themselves, and prefer the higher slot,
/// which is the one nearer the head, as a walk with a strict comparison does.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace lvslab::ipvs {

/// A load over a weight. Weight 0 = not to be chosen.
struct Share {
    std::uint32_t load = 1;
    std::uint32_t weight = 0;
};

/// Who has the least load/weight: a tournament of four at a time.
class LeastShareTree {
public:
    /// O(log n)
    void set(std::uint32_t slot, Share share);
    void clear(std::uint32_t slot) { set(slot, {}); }
    void reset() { *this = {}; }
    /// The winner's slot, or -1 if nobody can be chosen. O(log n); a walk over all once there was a
    /// weight above 65535, which ipvsadm does not take.
    std::int64_t best() const;

private:
    /// A share as one number: floor(2^32 load / weight). Two shares with weights up to `exact`
    /// that differ, differ by more than 2^-32, so that their keys stand to each other as they do,
    /// and equal shares have equal keys.
    using Key = std::uint64_t;
    static constexpr Key nobody = ~Key{0};
    static constexpr std::uint32_t exact = 0xFFFF;
    static Key key_of(Share s) {
        const auto load = Key{s.load} << 32;
        return s.weight == 1 ? load : s.weight == 0 ? nobody : load / s.weight;
    }

    struct alignas(32) Group {
        Key keys[4] = {nobody, nobody, nobody, nobody};

        /// Without a branch: which one it is cannot be foretold.
        Key least() const {
            return std::min(std::min(keys[0], keys[1]), std::min(keys[2], keys[3]));
        }
        /// The last with this key, which one of them has: it stands nearest the head. Arithmetic,
        /// since of comparisons compilers make branches here.
        std::uint32_t last(Key key) const {
            const auto differs = [key](Key k) { return ((k - key) | (key - k)) >> 63U; };
            const auto found =
                15U ^ static_cast<std::uint32_t>(differs(keys[1]) << 1U | differs(keys[2]) << 2U |
                                                 differs(keys[3]) << 3U);
            return static_cast<std::uint32_t>(std::bit_width(found)) - 1;
        }
    };
    std::int64_t best_by_walk() const;
    void grow(std::uint32_t slot);

    /// Node i's children are group i; node i stands in group (i - 1) / 4. Node 0 is best_.
    std::vector<Group> groups_;
    std::vector<Share> shares_;  ///< by slot
    std::uint32_t first_leaf_ = 0;
    std::uint32_t capacity_ = 0;
    bool heavy_ = false;  ///< there was a weight above `exact`
    Key best_ = nobody;
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
