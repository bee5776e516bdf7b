// SPDX-License-Identifier: GPL-2.0-only
/// Connections opened and ended in each second of a run, in bounded memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"

namespace lvslab::journal {

/// Counts in bins of one second. At the most `most_bins` are kept: a longer run has bins of two
/// seconds, of four, and so on.
class ConnectionRates {
public:
    static constexpr std::size_t most_bins = 4096;

    struct Bin {
        std::uint64_t opened = 0;
        std::array<std::uint64_t, 5> ended{};  ///< by outcome, at their ends
    };

    /// A connection ended; what ended has been opened before, so one event tells both.
    void ended(Time now, Duration duration, Outcome outcome) {
        ++bin_at(now).ended[static_cast<std::size_t>(outcome)];
        ++bin_at(now - duration).opened;
    }

    Duration width() const { return width_; }
    /// From the run's start to the last connection's end.
    const std::vector<Bin>& bins() const { return bins_; }

private:
    Bin& bin_at(Time time) {
        const auto since = std::max(time.time_since_epoch(), Duration::zero());
        while (since / width_ >= static_cast<std::int64_t>(most_bins)) {
            halve();
        }
        const auto place = static_cast<std::size_t>(since / width_);
        if (place >= bins_.size()) {
            bins_.resize(place + 1);
        }
        return bins_[place];
    }

    void halve() {
        for (std::size_t i = 0; i < bins_.size(); ++i) {
            if (i % 2 == 0) {
                bins_[i / 2] = bins_[i];
                continue;
            }
            bins_[i / 2].opened += bins_[i].opened;
            for (std::size_t outcome = 0; outcome < bins_[i].ended.size(); ++outcome) {
                bins_[i / 2].ended[outcome] += bins_[i].ended[outcome];
            }
        }
        bins_.resize((bins_.size() + 1) / 2);
        width_ *= 2;
    }

    std::vector<Bin> bins_;
    Duration width_ = std::chrono::seconds(1);
};

}  // namespace lvslab::journal
