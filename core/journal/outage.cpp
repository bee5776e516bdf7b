// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/outage.hpp"

#include <algorithm>

namespace lvslab::journal {

void OutageMeter::answered(Time now, std::optional<Duration> waited) {
    auto since = waiting_since_;
    if (waited) {
        consider_gaps_since(now - *waited);
        since = std::min(since, std::max(last_answer_, now - *waited));
    }
    if (since != never) {
        consider(since, now);
    }
    remember_gap(now);
    last_answer_ = now;
    waiting_since_ = never;
}

void OutageMeter::failed(Time now, Duration ago) {
    consider_gaps_since(now - ago);
    waiting_since_ = std::min(waiting_since_, std::max(last_answer_, now - ago));
    consider(waiting_since_, now);
}

void OutageMeter::consider(Time from, Time to) {
    if (!longest_ || to - from > longest_->length()) {
        longest_ = Outage{from, to};
    }
}

/// Somebody waited from `begin` until now: of the gaps since then the first that lies in it whole
/// is the longest, and the one that `begin` falls into counts from there.
void OutageMeter::consider_gaps_since(Time begin) {
    auto gap = std::partition_point(gaps_.begin(), gaps_.end(),
                                    [&](const Outage& g) { return g.to <= begin; });
    if (gap != gaps_.end() && gap->from < begin) {
        consider(begin, gap->to);
        ++gap;
    }
    if (gap != gaps_.end()) {
        consider(gap->from, gap->to);
    }
}

/// Only a gap that is longer than the longest outage can become one, and only as long as no later
/// one is as long: whoever waits through the earlier one now waits through the later one, too.
void OutageMeter::remember_gap(Time to) {
    const Outage gap{last_answer_, to};
    const auto no_use = [&](const Outage& g) {
        return g.length() <= gap.length() || (longest_ && g.length() <= longest_->length());
    };
    while (!gaps_.empty() && no_use(gaps_.back())) {
        gaps_.pop_back();
    }
    if (gaps_.size() < most_gaps && (!longest_ || gap.length() > longest_->length())) {
        gaps_.push_back(gap);
    }
}

}  // namespace lvslab::journal
