// SPDX-License-Identifier: GPL-2.0-only
#include "core/trace/record_times.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace lvslab::trace {
namespace {

std::string seconds(Duration d) {
    return fmt::format("{:.3f} s", to_seconds(d));
}

bool is_before(Duration a, Duration b) {
    return a < b - RecordTimes::tolerance;
}

}  // namespace

bool RecordTimes::in_line(Duration told) const {
    const auto at = told + set_back_;
    return last_ && !is_before(at, *last_) && !is_before(*last_, at);
}

Duration RecordTimes::take(Duration told) {
    ++record_;
    last_ = told + set_back_;
    return *last_;
}

RecordTimes::Verdict RecordTimes::judge(Duration told, std::optional<Duration> second,
                                        std::optional<Duration> third) {
    ++record_;
    const auto at = told + set_back_;
    for (auto* next : {&second, &third}) {
        if (*next) {
            **next += set_back_;
        }
    }
    auto verdict = !last_                  ? judge_first(at, second, third)
                   : is_before(*last_, at) ? judge_ahead(at, second, third)
                   : is_before(at, *last_) ? judge_behind(at, second)
                                           : Verdict{at};
    last_ = verdict.at;
    return verdict;
}

/// The two behind it are against it.
RecordTimes::Verdict RecordTimes::judge_first(Duration at, std::optional<Duration> second,
                                              std::optional<Duration> third) {
    if (!second || !third || is_before(*third, *second)) {
        return {at};
    }
    if (is_before(*second, at) && is_before(*third, at)) {
        return {*second,
                fmt::format("packet {} tells a time {} later than the next two: put at that "
                            "of the next",
                            record_, seconds(at - *second))};
    }
    if (*second - at > edge && *third - *second <= edge) {
        return {*second, fmt::format("packet {} tells a time {} earlier than the next two: put at "
                                     "that of the next",
                                     record_, seconds(*second - at))};
    }
    return {at};
}

RecordTimes::Verdict RecordTimes::judge_ahead(Duration at, std::optional<Duration> second,
                                              std::optional<Duration> third) {
    if (!second) {
        return at - *last_ <= edge
                   ? Verdict{at}
                   : Verdict{*last_, fmt::format("packet {}, the last, tells a time {} later than "
                                                 "the one before it: put at that",
                                                 record_, seconds(at - *last_))};
    }
    // Where the second is far back, and the third with this one again, the second is the damaged.
    const bool alone = is_before(*second, at) && !(third && !is_before(*third, at));
    if (!alone || is_before(*second, *last_)) {
        return {at};
    }
    return {*last_ + std::max(*second - *last_, Duration::zero()) / 2,
            fmt::format("packet {} tells a time {} later than the one before it and {} later "
                        "than the next: put between them",
                        record_, seconds(at - *last_), seconds(at - *second))};
}

RecordTimes::Verdict RecordTimes::judge_behind(Duration at, std::optional<Duration> second) {
    const auto back = *last_ - at;
    if (second && !is_before(*second, *last_)) {
        return {*last_ + std::max(*second - *last_, Duration::zero()) / 2,
                fmt::format("packet {} tells a time {} earlier than the one before it and {} "
                            "earlier than the next: put between them",
                            record_, seconds(back), seconds(*second - at))};
    }
    if (!second) {
        return {*last_, fmt::format("packet {}, the last, tells a time {} earlier than the one "
                                    "before it: put at that",
                                    record_, seconds(back))};
    }
    set_back_ += back;
    return {*last_, fmt::format("packet {} and those behind it tell times {} earlier than the one "
                                "before it: the clock was set back, and they go on from there",
                                record_, seconds(back))};
}

}  // namespace lvslab::trace
