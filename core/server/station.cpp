// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/station.hpp"

#include <algorithm>

namespace lvslab::server {
namespace {

// The virtual clock counts 1/1024 ns: rounding at a change of the population loses less than a
// thousandth of a nanosecond, and 63 bits last for 104 days of service at full speed.
constexpr std::int64_t ticks_per_nanosecond = 1024;

// Products of a time and a population need more than 64 bits.
__extension__ using Wide = __int128;

}  // namespace

struct Station::Later {
    bool operator()(const Served& a, const Served& b) const {
        return a.due != b.due ? a.due > b.due : a.order > b.order;
    }
};

Station::Station(const StationSettings& settings)
    : discipline_(settings.discipline), workers_(std::max(settings.workers, 1U)) {
    if (settings.queue) {
        capacity_ = std::uint64_t{workers_} + *settings.queue;
    }
}

unsigned Station::running() const {
    return static_cast<unsigned>(std::min<std::size_t>(in_service_.size(), workers_));
}

unsigned Station::busy() const {
    const auto held = discipline_ == Discipline::fcfs ? held_.size() : 0;
    return running() + static_cast<unsigned>(held);
}

Duration Station::work_done(Time now) const {
    return work_done_ + (now - accounted_) * static_cast<std::int64_t>(busy());
}

[[gnu::noinline]] std::int64_t Station::virtual_clock(Time now) const {
    const auto elapsed = static_cast<Wide>((now - accounted_).count()) * ticks_per_nanosecond;
    const auto population = static_cast<Wide>(in_service_.size());
    if (population <= workers_) {
        return virtual_clock_ + static_cast<std::int64_t>(elapsed);
    }
    return virtual_clock_ + static_cast<std::int64_t>(elapsed * workers_ / population);
}

void Station::account(Time now) {
    if (discipline_ == Discipline::processor_sharing) {
        // An empty station's clock may start anew: this keeps its marks small for ever.
        virtual_clock_ = in_service_.empty() ? 0 : virtual_clock(now);
    }
    work_done_ = work_done(now);
    accounted_ = now;
}

void Station::begin(Ticket ticket, std::int64_t due, Then then) {
    in_service_.push_back({due, order_++, ticket, then});
    std::push_heap(in_service_.begin(), in_service_.end(), Later{});
}

Station::Served Station::end_first() {
    std::pop_heap(in_service_.begin(), in_service_.end(), Later{});
    const Served first = in_service_.back();
    in_service_.pop_back();
    return first;
}

// arrive() and complete() are compiled as one function each with what they call (flatten).
[[gnu::flatten]] bool Station::arrive(Ticket ticket, Duration work, Time now, Then then) {
    if (full()) {
        ++refused_;
        return false;
    }
    work = std::clamp(work, Duration::zero(), longest_work);
    if (discipline_ == Discipline::fcfs && !has_free_worker()) {
        if (waiting_.full()) {
            waiting_.set_capacity(std::max<std::size_t>(16, 2 * waiting_.capacity()));
        }
        waiting_.push_back({ticket, work, then});
        return true;
    }
    account(now);
    if (discipline_ == Discipline::fcfs) {
        begin(ticket, (now + work).time_since_epoch().count(), then);
    } else {
        begin(ticket, virtual_clock_ + work.count() * ticks_per_nanosecond, then);
    }
    return true;
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

[[gnu::flatten]] std::optional<Station::Ticket> Station::complete(Time now) {
    const Time due = next_completion();
    if (in_service_.empty() || due > now) {
        return std::nullopt;
    }
    account(due);
    const Served done = end_first();
    if (done.then == Then::hold) {
        held_.insert(done.ticket);
    }
    begin_next(due);
    return done.ticket;
}

void Station::begin_next(Time now) {
    if (waiting_.empty() || !has_free_worker()) {
        return;
    }
    const Waiting next = waiting_.front();
    waiting_.pop_front();
    begin(next.ticket, (now + next.work).time_since_epoch().count(), next.then);
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
