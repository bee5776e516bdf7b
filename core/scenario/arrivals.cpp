// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/arrivals.hpp"

#include <algorithm>
#include <cmath>

#include "core/trace/trace.hpp"

namespace lvslab::scenario {
namespace {

// Where a drawn time stops counting: a year. Beyond every run, and far from an overflow.
constexpr double longest_seconds = 366.0 * 24 * 3600;

Duration from_seconds(double seconds) {
    return Duration{std::llround(std::min(seconds, longest_seconds) * 1e9)};
}

}  // namespace

ArrivalClock::ArrivalClock(const Arrivals& arrivals, std::uint64_t seed,
                           const std::string& workload)
    : arrivals_(arrivals),
      gaps_(seed, "arrivals/" + workload),
      phases_(seed, "phases/" + workload) {}

std::optional<Duration> ArrivalClock::next() {
    if (const auto* list = std::get_if<ListedArrivals>(&arrivals_)) {
        return made_ < list->at.size() ? std::optional(list->at[made_++]) : std::nullopt;
    }
    if (const auto* traced = std::get_if<TracedArrivals>(&arrivals_)) {
        const auto& trace = *traced->trace;
        return made_ < trace.size() ? std::optional(trace.at(made_++)) : std::nullopt;
    }
    if (const auto* constant = std::get_if<ConstantArrivals>(&arrivals_)) {
        now_ = next_of(*constant);
    } else if (const auto* poisson = std::get_if<PoissonArrivals>(&arrivals_)) {
        now_ = next_of(*poisson);
    } else {
        now_ = next_of(std::get<OnOffArrivals>(arrivals_));
    }
    ++made_;
    return now_;
}

Duration ArrivalClock::gap(double per_second) {
    return from_seconds(gaps_.exponential(1 / per_second));
}

Duration ArrivalClock::next_of(const ConstantArrivals& a) {
    // From the count, so that rounding does not add up.
    return Duration{std::llroundl(static_cast<long double>(made_) * 1e9L /
                                  static_cast<long double>(a.per_second))};
}

Duration ArrivalClock::next_of(const PoissonArrivals& a) {
    return now_ + gap(a.per_second);
}

Duration ArrivalClock::next_of(const OnOffArrivals& a) {
    const double on = to_seconds(a.mean_on);
    const double off = to_seconds(a.mean_off);
    if (!started_) {
        // The stationary state: on with the share of time that is on.
        started_ = true;
        if (phases_.uniform() * (on + off) >= on) {
            now_ += from_seconds(phases_.exponential(off));
        }
        on_left_ = from_seconds(phases_.exponential(on));
    }
    Duration wait = gap(a.per_second);
    // A gap runs only while the burst does; what is left of it goes on in the next burst.
    while (wait > on_left_ && to_seconds(now_) < longest_seconds) {
        wait -= on_left_;
        now_ += on_left_ + from_seconds(phases_.exponential(off));
        on_left_ = from_seconds(phases_.exponential(on));
    }
    on_left_ -= std::min(wait, on_left_);
    return now_ + wait;
}

}  // namespace lvslab::scenario
