// SPDX-License-Identifier: GPL-2.0-only
/// The alarms of one machine's programs over those of the run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "core/ports/timers.hpp"

namespace lvslab::lab {

/// Can be held up, as a machine that stands still does: the clock goes on, alarms wait, and those
/// that have become due go off in their order when it goes on.
class MachineTimers final : public ports::Timers {
public:
    /// The run's timers must outlive it.
    explicit MachineTimers(ports::Timers& run) : run_(run) {}
    ~MachineTimers() override;
    MachineTimers(const MachineTimers&) = delete;
    MachineTimers& operator=(const MachineTimers&) = delete;

    Time now() const override { return run_.now(); }
    ports::TimerId at(Time when, std::function<void()> call) override;
    void cancel(ports::TimerId timer) override;

    void suspend() { suspended_ = true; }
    /// Due alarms go off soon, never from within it.
    void resume();

private:
    struct Alarm {
        ports::TimerId of_run;
        std::function<void()> call;
    };
    void go_off(std::uint64_t id);

    ports::Timers& run_;
    std::map<std::uint64_t, Alarm> alarms_;
    std::vector<std::uint64_t> overdue_;  ///< as they became due; some may have been cancelled
    std::uint64_t last_ = 0;
    bool suspended_ = false;
};

}  // namespace lvslab::lab
