// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/station.hpp"

#include <algorithm>

namespace lvslab::server {
namespace {

// Products of a time and a population need more than 64 bits.
__extension__ using Wide = __int128;

}  // namespace

Station::Station(const StationSettings& settings)
    : discipline_(settings.discipline), workers_(std::max(settings.workers, 1U)) {
    if (settings.queue) {
        capacity_ = std::uint64_t{workers_} + *settings.queue;
    }
}

std::int64_t Station::virtual_clock(Time now) const {
    const auto elapsed = static_cast<Wide>((now - accounted_).count()) * ticks_per_nanosecond;
    const auto population = static_cast<Wide>(in_service_.size());
    if (population <= workers_) {
        return virtual_clock_ + static_cast<std::int64_t>(elapsed);
    }
    return virtual_clock_ + static_cast<std::int64_t>(elapsed * workers_ / population);
}

/// When processor sharing has done the work that is nearest to its end.
Time Station::next_shared_completion() const {
    const std::int64_t due = in_service_.front().due;
    const auto left = static_cast<Wide>(std::max<std::int64_t>(due - virtual_clock_, 0));
    const auto population = static_cast<Wide>(in_service_.size());
    // Elapsed time e is enough when floor(e * 1024 * workers / population) reaches `left`.
    const Wide share = population > workers_ ? static_cast<Wide>(workers_) : population;
    const Wide speed = share * ticks_per_nanosecond;
    return accounted_ +
           Duration{static_cast<std::int64_t>((left * population + speed - 1) / speed)};
}

bool Station::release(Ticket ticket, Time now) {
    const auto found = held_.find(ticket);
    if (found == held_.end()) {
        return false;
    }
    account(now);
    held_.erase(found);
    begin_next(now);
    return true;
}

}  // namespace lvslab::server
