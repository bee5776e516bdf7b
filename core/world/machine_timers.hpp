// SPDX-License-Identifier: GPL-2.0-only
/// The alarms of one machine's programs over those of the world.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "core/ports/timers.hpp"

namespace lvslab::world {

/// Can be held up, as SIGSTOP or a machine that stands still does: the clock goes on, alarms wait,
/// and those that have become due go off in their order when it goes on. One alarm of the world's
/// serves them all: those of one time go off with nothing else in between.
class MachineTimers final : public ports::Timers {
public:
    /// The world's timers must outlive it.
    explicit MachineTimers(ports::Timers& world) : world_(world) {}
    ~MachineTimers() override;
    MachineTimers(const MachineTimers&) = delete;
    MachineTimers& operator=(const MachineTimers&) = delete;

    Time now() const override { return world_.now(); }
    ports::TimerId at(Time when, std::function<void()> call) override;
    void cancel(ports::TimerId timer) override;

    void suspend();
    /// Due alarms go off at this same time, never from within it.
    void resume();
    bool suspended() const { return suspended_; }

private:
    using Key = std::pair<Time, std::uint64_t>;  ///< by time, then as asked for

    void arm();
    void go_off();

    ports::Timers& world_;
    std::map<Key, std::function<void()>> alarms_;
    std::map<std::uint64_t, Time> when_;
    std::uint64_t last_ = 0;
    bool suspended_ = false;
    ports::TimerId next_{};
    Time armed_for_ = never;
};

}  // namespace lvslab::world
