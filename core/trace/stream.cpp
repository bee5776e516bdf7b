// SPDX-License-Identifier: GPL-2.0-only
#include "core/trace/stream.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace lvslab::trace {
namespace {

/// More holes at one time are not told apart.
constexpr std::size_t most_holes = 16;

}  // namespace

/// The last byte that may pass now. A probe of a shut window, and a keep-alive, are one outside.
std::int64_t Stream::limit() const {
    // Where the window is not known it is the largest that needs no scaling.
    return static_cast<std::int64_t>(window_ == 0 ? high_ + 65535
                                                  : std::max(acknowledged_ + window_, high_) + 1);
}

bool Stream::allows(std::uint32_t sequence, std::uint32_t length) const {
    const auto from = offset(sequence);
    const auto to = from + static_cast<std::int64_t>(length);
    const bool goes_on = from <= static_cast<std::int64_t>(high_);
    return from >= -1 && (goes_on || to <= limit()) &&
           to + reach() >= static_cast<std::int64_t>(acknowledged_);
}

bool Stream::allows_acknowledged(std::uint32_t number) const {
    const auto told = offset(number);
    return told >= -1 && told <= limit() &&
           told + reach() >= static_cast<std::int64_t>(acknowledged_);
}

Stream::Doubted Stream::doubt(Odd odd) {
    odd = told_where(odd);
    Doubted outcome;
    const bool behind = offset(odd.number) < static_cast<std::int64_t>(high_);
    const bool begun_for_sure = supported_ || high_ > 0;
    if (begun_for_sure && behind) {
        outcome.not_used = odd;
        return outcome;
    }
    drop_overtaken();
    const auto between = [](const Odd& a, const Odd& b) {
        return static_cast<std::int64_t>(static_cast<std::int32_t>(b.number - a.number));
    };
    if (!doubt_ || std::abs(between(*doubt_, odd)) > reach()) {
        outcome.not_used = take_doubt();
        doubt_ = std::make_unique<Odd>(odd);
        return outcome;
    }
    const auto earlier = *std::exchange(doubt_, nullptr);
    if (begun_for_sure) {
        trust(earlier, outcome);
    } else {
        begin_again(earlier, odd, outcome);
    }
    return outcome;
}

std::optional<Stream::Odd> Stream::take_doubt() {
    drop_overtaken();
    const auto doubt = std::exchange(doubt_, nullptr);
    return doubt ? std::optional(*doubt) : std::nullopt;
}

/// The stream has come to where it said by itself.
void Stream::drop_overtaken() {
    const bool was_ahead =
        doubt_ && static_cast<std::int32_t>(doubt_->number - doubt_->expected) > 0;
    if (was_ahead && offset(doubt_->number) <= static_cast<std::int64_t>(high_)) {
        doubt_.reset();
    }
}

/// The capture has lost more than a window.
void Stream::trust(const Odd& odd, Doubted& outcome) {
    const auto from = static_cast<std::uint64_t>(offset(odd.number));
    outcome.at = odd.at;
    outcome.fresh = from - high_;
    skip(from, odd);
    acknowledged_ = std::max(acknowledged_, from);
}

/// Nothing but one packet has told where the stream began, and two say otherwise.
void Stream::begin_again(const Odd& one, const Odd& other, Doubted& outcome) {
    const auto first =
        static_cast<std::int32_t>(other.number - one.number) < 0 ? other.number : one.number;
    outcome.wrong_begin = Odd{.record = begun_by_, .number = first_, .expected = first};
    first_ = first;
    high_ = acknowledged_ = 0;
    holes_.clear();
    ahead_.reset();
    supported_ = true;
}

/// Bytes that are in no segment here pass.
void Stream::skip(std::uint64_t to, Odd odd) {
    odd.expected = number_at(high_);
    ahead_ = std::make_unique<Odd>(odd);
    miss(high_, to);
    high_ = to;
}

Stream::Passed Stream::segment(std::uint32_t sequence, std::uint32_t length, std::uint64_t record) {
    Passed passed;
    const auto begin = static_cast<std::uint64_t>(std::max<std::int64_t>(offset(sequence), 0));
    const auto end = static_cast<std::uint64_t>(
        std::max<std::int64_t>(offset(sequence) + static_cast<std::int64_t>(length), 0));
    // Nothing comes behind a FIN.
    const auto to = end_ ? std::min(end, std::max(*end_, high_)) : end;
    if (length == 0 || to <= begin) {
        return passed;
    }
    if (begin < high_) {
        passed.filled = fill(begin, std::min(to, high_));
        passed.again = !passed.filled;
    }
    if (to > high_) {
        passed.fresh = to - high_;
        if (begin > high_) {
            passed.unseen = begin - high_;
            skip(begin, {.record = record, .number = sequence, .length = length});
        }
        high_ = to;
    }
    return passed;
}

Stream::Passed Stream::acknowledged(std::uint32_t number, std::uint64_t record) {
    Passed passed;
    const auto told = offset(number);
    if (told < 0) {
        return passed;
    }
    auto upto = static_cast<std::uint64_t>(told);
    if (end_ && upto > *end_) {
        end_acknowledged_ = upto == *end_ + 1;
        upto = *end_;
    }
    // One number more than bytes may be a FIN that the capture has lost. More bytes are bytes.
    if (upto > high_ + 1) {
        passed.fresh = passed.unseen = upto - high_;
        skip(upto, {.record = record, .number = number, .acknowledgement = true});
    }
    acknowledged_ = std::max(acknowledged_, std::min(upto, high_));
    return passed;
}

Stream::Passed Stream::finish(std::uint32_t sequence, std::uint32_t length) {
    Passed passed;
    const auto end = offset(sequence) + static_cast<std::int64_t>(length);
    if (end_ || end < 0) {
        return passed;
    }
    if (end < static_cast<std::int64_t>(high_)) {
        // What has passed is more than what it ends: a FIN that cannot be, unless all beyond it is
        // told by one number ahead of it, and nobody has acknowledged more.
        const auto told = ahead_ ? offset(ahead_->number) : end - 1;
        const bool by_it =
            ahead_ && ahead_->acknowledgement && static_cast<std::int64_t>(acknowledged_) == told;
        if (told < end || (static_cast<std::int64_t>(acknowledged_) > end && !by_it)) {
            return passed;
        }
        passed.excess = high_ - static_cast<std::uint64_t>(end);
        shorten(static_cast<std::uint64_t>(end));
    }
    end_ = static_cast<std::uint64_t>(end);
    if (*end_ > high_) {
        passed.fresh = passed.unseen = *end_ - high_;
        miss(high_, *end_);
        high_ = *end_;
    }
    return passed;
}

std::uint64_t Stream::missing() const {
    auto bytes = forgotten_;
    for (const auto& [from, to] : holes_) {
        bytes += to - from;
    }
    return bytes;
}

void Stream::shorten(std::uint64_t end) {
    std::erase_if(holes_, [&](const auto& hole) { return hole.first >= end; });
    for (auto& [from, to] : holes_) {
        to = std::min(to, end);
    }
    high_ = end;
    acknowledged_ = std::min(acknowledged_, end);
}

void Stream::miss(std::uint64_t from, std::uint64_t to) {
    if (holes_.size() == most_holes) {
        forgotten_ += holes_.front().second - holes_.front().first;
        holes_.erase(holes_.begin());
    }
    holes_.emplace_back(from, to);
}

bool Stream::fill(std::uint64_t from, std::uint64_t to) {
    bool filled = false;
    for (std::size_t i = 0; i < holes_.size();) {
        const auto [begin, end] = holes_[i];
        if (to <= begin || end <= from) {
            ++i;
            continue;
        }
        filled = true;
        holes_.erase(holes_.begin() + static_cast<std::ptrdiff_t>(i));
        if (begin < from) {
            miss(begin, from);
        }
        if (to < end) {
            miss(to, end);
        }
    }
    return filled;
}

}  // namespace lvslab::trace
