// SPDX-License-Identifier: GPL-2.0-only
/// The alarms of one node's daemons over ns-3's simulator.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "core/ports/timers.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// Can be held up, as SIGSTOP or a frozen machine does: the clock goes on, alarms wait, and those
/// that have become due go off in their order when the node is let go.
class NodeTimers final : public ports::Timers {
public:
    NodeTimers() = default;
    ~NodeTimers() override;
    NodeTimers(const NodeTimers&) = delete;
    NodeTimers& operator=(const NodeTimers&) = delete;

    Time now() const override;
    ports::TimerId at(Time when, std::function<void()> call) override;
    void cancel(ports::TimerId timer) override;

    void suspend();
    /// Due alarms go off by an event of their own, at this same time.
    void resume();
    bool suspended() const { return suspended_; }

private:
    using Key = std::pair<Time, std::uint64_t>;  ///< by time, then as asked for

    void arm();
    void go_off();

    std::map<Key, std::function<void()>> alarms_;
    std::map<std::uint64_t, Time> when_;
    std::uint64_t last_ = 0;
    bool suspended_ = false;
    ns3::EventId event_;
    Time armed_for_ = never;
};

}  // namespace lvslab::packet_world
