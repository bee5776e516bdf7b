// SPDX-License-Identifier: GPL-2.0-only
/// Durations counted in buckets that grow with the value: quantiles of any number of values in
/// bounded memory.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/time.hpp"

namespace lvslab::journal {

/// A log-linear histogram, as HdrHistogram has it (Tene): each power of two is cut into 128
/// buckets, so a quantile is within 0.4 % of a value that was really counted. Mean, minimum and
/// maximum are exact. Holds at most 7424 counters.
class Histogram {
public:
    /// The largest relative error of quantile(): half a bucket.
    static constexpr double relative_error = 1.0 / 256;

    /// Counts a value; negative ones count as 0.
    void add(Duration value);

    std::uint64_t count() const { return count_; }
    /// Nothing if nothing was counted.
    std::optional<Duration> minimum() const;
    std::optional<Duration> maximum() const;
    /// Seconds.
    std::optional<double> mean() const;
    /// The value of rank ceil(p * count) (nearest rank), 0 < p <= 1.
    std::optional<Duration> quantile(double p) const;

    /// A bucket that counted something: values of [low, high).
    struct Bucket {
        Duration low, high;
        std::uint64_t count;
    };
    /// In order of value.
    std::vector<Bucket> buckets() const;

private:
    static constexpr unsigned sub_bits = 7;
    static constexpr std::uint64_t sub_buckets = 1U << sub_bits;

    /// Values below 128 have a bucket each; above, the power of two and the seven bits after the
    /// first.
    static std::size_t bucket_of(std::uint64_t value) {
        if (value < sub_buckets) {
            return static_cast<std::size_t>(value);
        }
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - sub_bits;
        return static_cast<std::size_t>((std::uint64_t{shift} << sub_bits) + (value >> shift));
    }
    static std::uint64_t low_of(std::size_t bucket);

    std::vector<std::uint64_t> counts_;  ///< as long as the largest value needs
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;  ///< nanoseconds: overflows after 584 years of response time
    std::uint64_t minimum_ = 0, maximum_ = 0;
};

inline void Histogram::add(Duration value) {
    const auto v = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
    const auto bucket = bucket_of(v);
    if (bucket >= counts_.size()) {
        counts_.resize(bucket + 1);
    }
    ++counts_[bucket];
    minimum_ = count_ == 0 ? v : std::min(minimum_, v);
    maximum_ = std::max(maximum_, v);
    sum_ += v;
    ++count_;
}

}  // namespace lvslab::journal
