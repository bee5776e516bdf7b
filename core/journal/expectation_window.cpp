// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/expectation_window.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lvslab::journal {
namespace {

std::string happened_text(const MomentWatch& watch) {
    constexpr std::size_t most = 5;
    std::vector<std::string> times;
    for (std::size_t i = 0; i < std::min(most, watch.times().size()); ++i) {
        times.push_back(time_text(watch.times()[i]));
    }
    if (times.empty()) {
        return fmt::format("{}: never", watch.moment().text);
    }
    const auto more = watch.count() > most ? fmt::format(" and {} more", watch.count() - most) : "";
    return fmt::format("{}: at {}{}", watch.moment().text, fmt::join(times, ", "), more);
}

}  // namespace

std::string time_text(Time time) {
    return fmt::format("{:g}s", std::round(to_seconds(time) * 1e3) / 1e3);
}

ExpectationWindow::ExpectationWindow(const Expectation& expectation) : expectation_(expectation) {
    if (expectation.from && expectation.from->after) {
        from_.emplace(*expectation.from->after);
    } else {
        openings_.push_back(
            {Time{} + (expectation.from ? expectation.from->offset : Duration{}), false});
    }
    if (expectation.until && expectation.until->after) {
        until_.emplace(*expectation.until->after);
    }
}

void ExpectationWindow::take(const Event& event) {
    move_on(event.time);
    const auto earlier = openings_.size();
    if (from_) {
        const auto before = from_->count();
        from_->take(event);
        if (from_->count() > before) {
            openings_.push_back({event.time + expectation_.from->offset, true});
        }
    }
    if (until_) {
        const auto before = until_->count();
        until_->take(event);
        if (until_->count() > before) {
            until_happened(event.time, earlier);
        }
    }
    move_on(event.time);
}

void ExpectationWindow::until_happened(Time now, std::size_t earlier) {
    const auto close = now + expectation_.until->offset;
    // What waited for its delay is over before it began; what the same event opens comes after.
    const auto over = std::remove_if(
        openings_.begin(), openings_.begin() + static_cast<std::ptrdiff_t>(earlier),
        [&](const Opening& opening) { return opening.of_moment && opening.at >= close; });
    openings_.erase(over, openings_.begin() + static_cast<std::ptrdiff_t>(earlier));
    if (open_ || !openings_.empty()) {
        closings_.push_back(close);
    }
}

void ExpectationWindow::move_on(Time now) {
    now_ = now;
    const bool timed_end = expectation_.until && !expectation_.until->after;
    const auto last_end = timed_end ? Time{} + expectation_.until->offset : never;
    for (;;) {
        const auto opening = openings_.empty() ? never : openings_.front().at;
        const auto closing =
            std::min(closings_.empty() ? never : closings_.front(), open_ ? last_end : never);
        if (std::min(opening, closing) > now) {
            return;
        }
        if (closing <= opening) {
            if (!closings_.empty() && closings_.front() == closing) {
                closings_.pop_front();
            }
            if (open_) {
                past_ += closing - opened_at_;
            }
            open_ = false;
            continue;
        }
        openings_.pop_front();
        if (!open_ && opening < last_end) {
            open_ = ever_opened_ = true;
            opened_at_ = opening;
        }
    }
}

Duration ExpectationWindow::length() const {
    return past_ + (open_ ? now_ - opened_at_ : Duration{});
}

std::string ExpectationWindow::why_never() const {
    if (from_ && from_->count() == 0) {
        return fmt::format("its window never opened: \"{}\" never happened", from_->moment().text);
    }
    if (from_) {
        return fmt::format("its window never opened: it was over before {}",
                           expectation_.from->text);
    }
    return fmt::format("its window never opened: the run ended at {}", time_text(now_));
}

std::string ExpectationWindow::moments_text() const {
    std::vector<std::string> parts;
    for (const auto* watch : {&from_, &until_}) {
        if (*watch) {
            parts.push_back(happened_text(**watch));
        }
    }
    return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace lvslab::journal
