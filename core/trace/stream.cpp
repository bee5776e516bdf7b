// SPDX-License-Identifier: GPL-2.0-only
#include "core/trace/stream.hpp"

#include <algorithm>

namespace lvslab::trace {
namespace {

/// More holes at one time are not told apart.
constexpr std::size_t most_holes = 16;

}  // namespace

bool Stream::allows(std::uint32_t sequence, std::uint32_t length) const {
    const auto from = offset(sequence);
    const auto to = from + static_cast<std::int64_t>(length);
    // A probe of a shut window, and a keep-alive, are one byte outside.
    const auto limit =
        window_ == 0 ? high_ + largest_window : std::max(acknowledged_ + window_, high_) + 1;
    return from >= -1 && to <= static_cast<std::int64_t>(limit) &&
           to + static_cast<std::int64_t>(largest_window) >= static_cast<std::int64_t>(high_);
}

Stream::Passed Stream::segment(std::uint32_t sequence, std::uint32_t length) {
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
        if (begin > high_) {
            passed.unseen = begin - high_;
            miss(high_, begin);
        }
        passed.fresh = to - high_;
        high_ = to;
    }
    return passed;
}

Stream::Passed Stream::acknowledged(std::uint32_t number) {
    Passed passed;
    const auto told = offset(number);
    if (told < 0 || told > static_cast<std::int64_t>(high_ + largest_window)) {
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
        miss(high_, upto);
        high_ = upto;
    }
    acknowledged_ = std::max(acknowledged_, std::min(upto, high_));
    return passed;
}

Stream::Passed Stream::finish(std::uint32_t sequence, std::uint32_t length) {
    Passed passed;
    const auto end = offset(sequence) + static_cast<std::int64_t>(length);
    // What has passed is more than what it ends: a FIN that cannot be.
    if (end_ || end < static_cast<std::int64_t>(high_)) {
        return passed;
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
