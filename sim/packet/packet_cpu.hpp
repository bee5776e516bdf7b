// SPDX-License-Identifier: GPL-2.0-only
/// The processor that handles the packets which come in at a node, one after the other.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/time.hpp"

namespace lvslab::packet_world {

/// A queue with one server and a constant service time. What finds it full is dropped, as Linux
/// drops what does not fit into a processor's backlog (net.core.netdev_max_backlog).
class PacketCpu {
public:
    static constexpr std::int64_t backlog = 1000;

    /// `cost` of a packet; 0 = none.
    explicit PacketCpu(Duration cost) : cost_(cost) {}

    /// When a packet that comes in now has been handled; `never` if it is dropped.
    Time handle(Time now) {
        if (cost_ == Duration{}) {
            return now;
        }
        if (free_ - now >= backlog * cost_) {
            ++dropped_;
            return never;
        }
        free_ = std::max(free_, now) + cost_;
        return free_;
    }
    std::uint64_t dropped() const { return dropped_; }
    /// Forgets what waits.
    void restart(Time now) { free_ = now; }

private:
    Duration cost_;
    Time free_{};
    std::uint64_t dropped_ = 0;
};

}  // namespace lvslab::packet_world
