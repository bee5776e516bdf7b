// SPDX-License-Identifier: GPL-2.0-only
/// The application of a real server as a queueing station: requests come with an amount of work,
/// wait, are served and leave. A pure state machine: the caller tells the time and asks when the
/// next request is done.
#pragma once

#include <cstdint>
#include <optional>
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
/// Allocates only to grow beyond its largest population so far.
class Station {
public:
    /// The caller's name for a request, given back when it is done.
    using Ticket = std::uint64_t;

    /// About 52 days: what the clocks hold without overflow.
    static constexpr Duration longest_work{std::int64_t{1} << 52};

    explicit Station(const StationSettings& settings);

    /// Offers a request that needs `work` worker time, from zero to longest_work (more is cut).
    /// False: there is no place for it, and it is counted as refused.
    bool arrive(Ticket ticket, Duration work, Time now);

    /// When the next request is done if nothing else arrives; `never` when the station is empty.
    Time next_completion() const;

    /// Takes out a request that is done at or before `now`: the earliest, and of those done at one
    /// time the one that began first. Nothing if none is due. Call it until it gives nothing.
    std::optional<Ticket> complete(Time now);

    /// True if a request that arrived now would be refused.
    bool full() const { return capacity_ && population() >= *capacity_; }
    /// Workers at work.
    unsigned busy() const;
    /// Requests beyond the workers: those that wait, or (processor sharing) share.
    std::uint64_t queued() const { return population() - busy(); }
    /// Requests in the station.
    std::uint64_t population() const { return in_service_.size() + waiting_.size(); }
    /// Requests turned away so far.
    std::uint64_t refused() const { return refused_; }
    /// Worker time spent so far: the integral of busy() up to `now`.
    Duration work_done(Time now) const;

private:
    /// A request with a worker. `due` is a Time since epoch (FCFS) or a mark of the virtual clock.
    struct Served {
        std::int64_t due;
        std::uint64_t order;
        Ticket ticket;
    };
    struct Waiting {
        Ticket ticket;
        Duration work;
    };
    struct Later;

    void account(Time now);
    void begin(Ticket ticket, std::int64_t due);
    Served end_first();
    /// Processor sharing's virtual clock: it runs at the speed of one request's service.
    std::int64_t virtual_clock(Time now) const;

    Discipline discipline_;
    unsigned workers_;
    std::optional<std::uint64_t> capacity_;
    std::vector<Served> in_service_;  ///< heap, earliest first
    boost::circular_buffer<Waiting> waiting_;
    std::uint64_t order_ = 0;
    std::uint64_t refused_ = 0;
    std::int64_t virtual_clock_ = 0;  ///< at accounted_, in ticks (processor sharing)
    Time accounted_{};                ///< up to when work_done_ and virtual_clock_ stand
    Duration work_done_{};
};

}  // namespace lvslab::server
