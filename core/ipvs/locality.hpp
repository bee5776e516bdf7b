// SPDX-License-Identifier: GPL-2.0-only
/// What lblc and lblcr have in common: a cache by destination address over wlc, with its sweeps.
#pragma once

#include <array>
#include <vector>

#include "core/ipvs/hash.hpp"
#include "core/ipvs/tree_scheduler.hpp"

namespace lvslab::ipvs {

/// The wlc tournament, and whether any listed server is less than half used.
class LocalityScheduler : public TreeScheduler {
public:
    void added(Destination& d) override;
    void removed(Destination& d) override;
    void edited(Destination& d) override;
    void load_changed(const Destination& d) override;
    void renumbered() override;

protected:
    using TreeScheduler::TreeScheduler;

    /// More active connections than weight, while another server has less than half of its own
    /// (is_overloaded, ip_vs_lblc.c).
    bool overloaded(const Destination& d) const { return d.active > d.weight && half_used_ > 0; }

private:
    Share share(const Destination& d) const override {
        return weighted_overhead(d, options_.profile);
    }
    void note(const Destination& d, bool listed);

    std::vector<bool> is_half_used_;  ///< by slot
    std::uint32_t half_used_ = 0;
};

/// A cache by address in 1024 buckets, the newest entry of a bucket first. Entry has `address`
/// and `last_use`; `drop(entry)` lets go of what an entry refers to.
template <class Entry>
class LocalityCache {
public:
    explicit LocalityCache(Time now) : next_sweep_(now + sweep_interval) {}

    Entry* find(const Address& address) {
        for (auto& entry : bucket(address)) {
            if (entry.address == address) {
                return &entry;
            }
        }
        return nullptr;
    }
    /// No new entry finds room at one and a half times the maximum.
    bool full() const { return size_ >= max_size * 3 / 2; }
    void insert(Entry entry) {
        auto& entries = bucket(entry.address);
        entries.insert(entries.begin(), std::move(entry));
        ++size_;
    }
    void erase(const Entry& entry) {
        auto& entries = bucket(entry.address);
        entries.erase(entries.begin() + (&entry - entries.data()));
        --size_;
    }

    Time next_sweep() const { return next_sweep_; }
    /// ip_vs_lblc_check_expire: each 30th time all entries unused for `expiration`; in between,
    /// while there are too many, some of those unused for six minutes.
    template <class Drop>
    void sweep(Time now, Duration expiration, Drop&& drop) {
        next_sweep_ = now + sweep_interval;
        if (counter_ % 30 == 0) {
            for (std::size_t i = 0; i < buckets_.size(); ++i) {
                rover_ = (rover_ + 1) % buckets_.size();
                sweep_bucket(now - expiration, drop);
            }
            counter_ = 1;
            return;
        }
        if (size_ <= max_size) {
            ++counter_;
            return;
        }
        auto goal = static_cast<std::int64_t>(std::min((size_ - max_size) * 4 / 3, max_size / 2));
        for (std::size_t i = 0; i < buckets_.size() && goal > 0; ++i) {
            rover_ = (rover_ + 1) % buckets_.size();
            goal -= static_cast<std::int64_t>(sweep_bucket(now - std::chrono::minutes(6), drop));
        }
    }
    template <class Drop>
    void clear(Drop&& drop) {
        for (auto& entries : buckets_) {
            for (auto& entry : entries) {
                drop(entry);
            }
            entries.clear();
        }
        size_ = 0;
    }

private:
    static constexpr Duration sweep_interval = std::chrono::seconds(60);
    static constexpr unsigned bits = 10;
    static constexpr std::size_t max_size = 16U << bits;

    std::vector<Entry>& bucket(const Address& address) {
        return buckets_[hash_32(folded(address), bits)];
    }
    template <class Drop>
    std::size_t sweep_bucket(Time unused_since, Drop&& drop) {
        const auto gone = std::erase_if(buckets_[rover_], [&](Entry& entry) {
            if (entry.last_use > unused_since) {
                return false;
            }
            drop(entry);
            return true;
        });
        size_ -= gone;
        return gone;
    }

    std::array<std::vector<Entry>, (1U << bits)> buckets_;
    std::size_t size_ = 0;
    std::size_t rover_ = 0;
    unsigned counter_ = 1;
    Time next_sweep_;
};

}  // namespace lvslab::ipvs
