// SPDX-License-Identifier: GPL-2.0-only
/// Indexes over a service's list that answer a scheduler's question without walking the list.
/// All are addressed by slot (DestinationList), grow by themselves, and prefer the higher slot,
/// which is the one nearer the head, as a walk with a strict comparison does.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/tournament.hpp"

namespace lvslab::ipvs {

/// A load over a weight. Weight 0 = not to be chosen.
struct Share {
    std::uint32_t load = 1;
    std::uint32_t weight = 0;
};

/// Who has the least load/weight.
class LeastShareTree {
public:
    /// O(log n)
    void set(std::uint32_t slot, Share share);
    void clear(std::uint32_t slot) { set(slot, {}); }
    void reset() { *this = {}; }
    /// The winner's slot, or -1 if nobody can be chosen. O(1); a walk over all once there was a
    /// weight above 65535, which ipvsadm does not take.
    std::int64_t best() const {
        const auto least = tournament_.least();
        if (least == Tournament::none) {
            return -1;
        }
        return heavy_ ? best_by_walk() : std::int64_t{~static_cast<std::uint32_t>(least)};
    }

private:
    /// A share as one number: floor(2^32 load / weight). Two shares with weights up to `exact`
    /// that differ, differ by more than 2^-32, so that their numbers stand to each other as they
    /// do, and equal shares have equal ones. Behind it the slot's complement: of equal shares the
    /// highest slot's is the least.
    static constexpr std::uint32_t exact = 0xFFFF;
    static Tournament::Key key_of(Share s, std::uint32_t slot) {
        const auto load = std::uint64_t{s.load} << 32U;
        return s.weight == 0
                   ? Tournament::none
                   : Tournament::Key{s.weight == 1 ? load : load / s.weight} << 64U | ~slot;
    }
    std::int64_t best_by_walk() const;

    Tournament tournament_;
    std::vector<Share> shares_;  ///< by slot
    bool heavy_ = false;         ///< there was a weight above `exact`
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
