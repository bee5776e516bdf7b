// SPDX-License-Identifier: GPL-2.0-only
/// Alarms of what happens at one moment, however long it takes to do.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "core/ports/timers.hpp"

namespace lvslab::lab {

/// The run's alarms, but while one of them goes off the clock stands: a fault, the machine that it
/// struck and the links that it cut are told at one time, as in the simulations.
class MomentTimers final : public ports::Timers {
public:
    /// The run's must outlive it.
    explicit MomentTimers(ports::Timers& run) : run_(run) {}

    Time now() const override { return moment_ ? *moment_ : run_.now(); }
    ports::TimerId at(Time when, std::function<void()> call) override {
        return run_.at(when, [this, call = std::move(call)] {
            moment_ = run_.now();
            call();
            moment_.reset();
        });
    }
    void cancel(ports::TimerId timer) override { run_.cancel(timer); }

private:
    ports::Timers& run_;
    std::optional<Time> moment_;
};

}  // namespace lvslab::lab
