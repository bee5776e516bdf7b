// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace lvslab::journal {

std::uint64_t Histogram::low_of(std::size_t bucket) {
    if (bucket < sub_buckets) {
        return bucket;
    }
    const auto shift = (bucket >> sub_bits) - 1;
    return (sub_buckets + (bucket & (sub_buckets - 1))) << shift;
}

namespace {

Duration duration(std::uint64_t nanoseconds) {
    // The last bucket ends just above the largest duration.
    constexpr auto most = static_cast<std::uint64_t>(Duration::max().count());
    return Duration{static_cast<std::int64_t>(std::min(nanoseconds, most))};
}

}  // namespace

std::optional<Duration> Histogram::minimum() const {
    return count_ == 0 ? std::nullopt : std::optional(duration(minimum_));
}

std::optional<Duration> Histogram::maximum() const {
    return count_ == 0 ? std::nullopt : std::optional(duration(maximum_));
}

std::optional<double> Histogram::mean() const {
    return count_ == 0
               ? std::nullopt
               : std::optional(static_cast<double>(sum_) / static_cast<double>(count_) / 1e9);
}

std::optional<Duration> Histogram::quantile(double p) const {
    if (count_ == 0) {
        return std::nullopt;
    }
    const auto rank = std::clamp<std::uint64_t>(
        static_cast<std::uint64_t>(std::ceil(p * static_cast<double>(count_))), 1, count_);
    if (rank == count_) {
        return duration(maximum_);
    }
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    while (seen + counts_[bucket] < rank) {
        seen += counts_[bucket++];
    }
    const auto low = low_of(bucket);
    const auto middle = low + (low_of(bucket + 1) - low) / 2;
    return duration(std::clamp(middle, minimum_, maximum_));
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
    std::vector<Bucket> result;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        if (counts_[i] > 0) {
            result.push_back({duration(low_of(i)), duration(low_of(i + 1)), counts_[i]});
        }
    }
    return result;
}

}  // namespace lvslab::journal
