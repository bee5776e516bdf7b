// SPDX-License-Identifier: GPL-2.0-only
/// The application of a real server as a queueing station: requests come with an amount of work,
/// wait, are served and leave. A pure state machine: the caller tells the time and asks when the
/// next request is done.
#pragma once

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
        Ticket ticket;
        Duration work;
        Then then;
    };
    struct Later;

    Time next_shared_completion() const;
    /// Requests that are worked on by a worker each.
    unsigned running() const;
    /// Workers that a request may have (fcfs).
    bool has_free_worker() const { return in_service_.size() + held_.size() < workers_; }
    void account(Time now);
    void begin(Ticket ticket, std::int64_t due, Then then);
    void begin_next(Time now);
    Served end_first();
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

}  // namespace lvslab::server
