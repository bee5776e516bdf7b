// SPDX-License-Identifier: GPL-2.0-only
/// The run's clock and its alarms on the host's monotonic clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/ports/timers.hpp"

namespace lvslab::lab {

/// Time 0 of the run is a moment of CLOCK_MONOTONIC that is set once, before any alarm.
class RunTimers final : public ports::Timers {
public:
    explicit RunTimers(boost::asio::io_context& loop) : timer_(loop) {}

    /// The run begins then; until then now() is before 0.
    void begin_at(Time monotonic) { origin_ = monotonic.time_since_epoch(); }
    Time now() const override { return of_monotonic(monotonic()); }
    ports::TimerId at(Time when, std::function<void()> call) override;
    void cancel(ports::TimerId timer) override;

    static Time monotonic();
    Time of_monotonic(Time t) const { return t - origin_; }
    Time to_monotonic(Time t) const { return t + origin_; }

private:
    using Key = std::pair<Time, std::uint64_t>;  ///< by time, then as asked for
    void arm();
    void go_off();

    boost::asio::steady_timer timer_;
    Duration origin_{};
    std::map<Key, std::function<void()>> alarms_;
    std::map<std::uint64_t, Time> when_;
    std::uint64_t last_ = 0;
    Time armed_for_ = never;
};

}  // namespace lvslab::lab
