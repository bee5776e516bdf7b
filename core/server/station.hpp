// SPDX-License-Identifier: GPL-2.0-only
/// The application of a real server as a queueing station: requests come with an amount of work,
/// wait, are served and leave. A pure state machine: the caller tells the time and asks when the
/// next request is done.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include <boost/circular_buffer.hpp>

#include "core/base/time.hpp"

namespace lvslab::server {

/// How workers are given to requests.
enum class Discipline : std::uint8_t {
    /// First come, first served: a request has a worker for itself or waits (G/G/k/k+queue).
    fcfs,
    /// Processor sharing: up to `workers` requests run at full speed, more share the workers in
    /// equal parts. No request waits; `queue` bounds how many may be there beyond `workers`.
    processor_sharing,
};

/// What a station is made of.
struct StationSettings {
    Discipline discipline = Discipline::fcfs;
    unsigned workers = 1;           ///< at least 1
    std::optional<unsigned> queue;  ///< places beyond the workers; unset = unbounded
};

/// One server's station. Time never runs backwards: each call's `now` is at least the last one's,
/// and requests due before `now` must have been taken out by complete() first (the caller wakes up
/// at next_completion()). Exact to the nanosecond: under processor sharing a request leaves at the
/// first whole nanosecond at which its work is done.
///
/// A request may be held when its work is done: it waits for somebody else (a data server) and
/// leaves when it is released. Under fcfs it keeps its worker meanwhile, as a process that blocks
/// in a read does; under processor sharing it keeps its place and lets the others have the
/// processor.
///
/// Allocates only to grow beyond its largest population so far, and for what is held.
class Station {
public:
    /// The caller's name for a request, given back when it is done.
    using Ticket = std::uint64_t;

    /// About 52 days: what the clocks hold without overflow.
    static constexpr Duration longest_work{std::int64_t{1} << 52};

    explicit Station(const StationSettings& settings);

    /// What becomes of a request when its work is done.
    enum class Then : std::uint8_t {
        leave,
        hold,  ///< it stays until release()
    };

    /// Offers a request that needs `work` worker time, from zero to longest_work (more is cut).
    /// False: there is no place for it, and it is counted as refused.
    bool arrive(Ticket ticket, Duration work, Time now, Then then = Then::leave);

    /// When the next request is done if nothing else arrives; `never` when the station is empty.
    Time next_completion() const {
        if (in_service_.empty()) {
            return never;
        }
        return discipline_ == Discipline::fcfs ? Time{Duration{in_service_.front().due}}
                                               : next_shared_completion();
    }
    /// Whose work is done then; the station must not be empty.
    Ticket next_ticket() const { return in_service_.front().ticket; }

    /// Takes out a request that is done at or before `now`: the earliest, and of those done at one
    /// time the one that began first. Nothing if none is due. Call it until it gives nothing. A
    /// request that is to be held is given back too, and stays.
    std::optional<Ticket> complete(Time now);

    /// Whether this request's work is done and it has not been released.
    bool held(Ticket ticket) const { return held_.contains(ticket); }
    /// A held request leaves. False: it is not held.
    bool release(Ticket ticket, Time now);

    /// True if a request that arrived now would be refused.
    bool full() const { return capacity_ && population() >= *capacity_; }
    /// Workers that have a request: at work, or (fcfs) held up with one.
    unsigned busy() const;
    /// Requests beyond the workers: those that wait, or (processor sharing) share.
    std::uint64_t queued() const { return in_service_.size() + waiting_.size() - running(); }
    /// Requests in the station.
    std::uint64_t population() const { return in_service_.size() + waiting_.size() + held_.size(); }
    /// Requests turned away so far.
    std::uint64_t refused() const { return refused_; }
    /// Worker time spent so far: the integral of busy() up to `now`, so that of workers that are
    /// held up counts.
    Duration work_done(Time now) const;

private:
    /// A request with a worker. `due` is a Time since epoch (FCFS) or a mark of the virtual clock.
    struct Served {
        std::int64_t due;
        std::uint64_t order;
        Ticket ticket;
        Then then;
    };
    struct Waiting {
        Ticket ticket = 0;
        Duration work{};
        Then then = Then::leave;
    };
    struct Later {
        bool operator()(const Served& a, const Served& b) const {
            return a.due != b.due ? a.due > b.due : a.order > b.order;
        }
    };
    /// The virtual clock counts 1/1024 ns: rounding at a change of the population loses less than
    /// a thousandth of a nanosecond, and 63 bits last for 104 days of service at full speed.
    static constexpr std::int64_t ticks_per_nanosecond = 1024;

    Time next_shared_completion() const;
    /// Requests that are worked on by a worker each.
    unsigned running() const {
        return static_cast<unsigned>(std::min<std::size_t>(in_service_.size(), workers_));
    }
    /// Workers that a request may have (fcfs).
    bool has_free_worker() const { return in_service_.size() + held_.size() < workers_; }
    void account(Time now);
    void begin(Ticket ticket, std::int64_t due, Then then);
    void begin_next(Time now);
    void wait(Ticket ticket, Duration work, Then then);
    Ticket end_first();
    /// Processor sharing's virtual clock: it runs at the speed of one request's service.
    std::int64_t virtual_clock(Time now) const;

    Discipline discipline_;
    unsigned workers_;
    std::optional<std::uint64_t> capacity_;
    std::vector<Served> in_service_;  ///< heap, earliest first
    boost::circular_buffer<Waiting> waiting_;
    std::set<Ticket> held_;
    std::uint64_t order_ = 0;
    std::uint64_t refused_ = 0;
    std::int64_t virtual_clock_ = 0;  ///< at accounted_, in ticks (processor sharing)
    Time accounted_{};                ///< up to when work_done_ and virtual_clock_ stand
    Duration work_done_{};
};

// ---- what each request passes through, for its callers to compile in ----

inline unsigned Station::busy() const {
    const auto held = discipline_ == Discipline::fcfs ? held_.size() : 0;
    return running() + static_cast<unsigned>(held);
}

inline Duration Station::work_done(Time now) const {
    return work_done_ + (now - accounted_) * static_cast<std::int64_t>(busy());
}

inline void Station::account(Time now) {
    if (discipline_ == Discipline::processor_sharing) {
        // An empty station's clock may start anew: this keeps its marks small for ever.
        virtual_clock_ = in_service_.empty() ? 0 : virtual_clock(now);
    }
    work_done_ = work_done(now);
    accounted_ = now;
}

inline void Station::begin(Ticket ticket, std::int64_t due, Then then) {
    auto& served = in_service_.emplace_back();  // filled in where it stands: no copy to wait for
    served.due = due;
    served.order = order_++;
    served.ticket = ticket;
    served.then = then;
    std::push_heap(in_service_.begin(), in_service_.end(), Later{});
}

inline bool Station::arrive(Ticket ticket, Duration work, Time now, Then then) {
    if (full()) {
        ++refused_;
        return false;
    }
    work = std::clamp(work, Duration::zero(), longest_work);
    if (discipline_ == Discipline::fcfs && !has_free_worker()) {
        wait(ticket, work, then);
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

inline void Station::wait(Ticket ticket, Duration work, Then then) {
    if (waiting_.full()) {
        waiting_.set_capacity(std::max<std::size_t>(16, 2 * waiting_.capacity()));
    }
    waiting_.push_back();
    auto& request = waiting_.back();
    request.ticket = ticket;
    request.work = work;
    request.then = then;
}

inline std::optional<Station::Ticket> Station::complete(Time now) {
    const Time due = next_completion();
    if (in_service_.empty() || due > now) {
        return std::nullopt;
    }
    account(due);
    const auto ticket = end_first();
    begin_next(due);
    return ticket;
}

inline Station::Ticket Station::end_first() {
    std::pop_heap(in_service_.begin(), in_service_.end(), Later{});
    const auto ticket = in_service_.back().ticket;
    if (in_service_.back().then == Then::hold) {
        held_.insert(ticket);
    }
    in_service_.pop_back();
    return ticket;
}

inline void Station::begin_next(Time now) {
    if (waiting_.empty() || !has_free_worker()) {
        return;
    }
    const auto& next = waiting_.front();
    begin(next.ticket, (now + next.work).time_since_epoch().count(), next.then);
    waiting_.pop_front();
}

}  // namespace lvslab::server
