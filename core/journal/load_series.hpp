// SPDX-License-Identifier: GPL-2.0-only
/// A quantity over time in bounded memory.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/base/time.hpp"

namespace lvslab::journal {

/// Samples of `Columns` numbers over time. At the most 1024 points are kept: when they are full,
/// two neighbours become one (their mean, at the later one's time), and from then on a point is the
/// mean of twice as many samples.
template <std::size_t Columns>
class LoadSeries {
public:
    static constexpr std::size_t most_points = 1024;

    struct Point {
        Time time;
        std::array<double, Columns> values;
    };

    void add(Time time, const std::array<double, Columns>& values) {
        for (std::size_t i = 0; i < Columns; ++i) {
            sums_[i] += values[i];
        }
        if (++pending_ < stride_) {
            return;
        }
        Point point{time, sums_};
        for (auto& value : point.values) {
            value /= static_cast<double>(stride_);
        }
        points_.push_back(point);
        sums_ = {};
        pending_ = 0;
        if (points_.size() == most_points) {
            halve();
        }
    }

    /// The last up to `stride` samples may be missing: they do not make a whole point.
    const std::vector<Point>& points() const { return points_; }

private:
    void halve() {
        for (std::size_t i = 0; i < most_points / 2; ++i) {
            Point joined = points_[2 * i + 1];
            for (std::size_t column = 0; column < Columns; ++column) {
                joined.values[column] = (joined.values[column] + points_[2 * i].values[column]) / 2;
            }
            points_[i] = joined;
        }
        points_.resize(most_points / 2);
        stride_ *= 2;
    }

    std::vector<Point> points_;
    std::array<double, Columns> sums_{};
    std::size_t pending_ = 0, stride_ = 1;
};

}  // namespace lvslab::journal
