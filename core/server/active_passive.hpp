// SPDX-License-Identifier: GPL-2.0-only
/// Which node of an active/passive pair serves: the rule of takeover, without the heartbeats that a
/// real pair finds it out by.
#pragma once

#include <array>
#include <optional>

#include "core/base/time.hpp"

namespace lvslab::server {

/// Node 0 is active at the start. When the active node dies, the other one takes over `takeover`
/// later if it lives then; what time the real pair's heartbeats, fencing, file system check or log
/// replay need is all in this time. A node that returns is passive: nothing is handed back. One
/// that returns before anybody has taken its place is active again at once, since it never lost
/// the role. A single server is a pair whose other node never lives.
///
/// A death is whatever keeps a node from serving and that a pair notices: its machine dies or
/// hangs, its service ends. A link that is cut is none.
class ActivePassive {
public:
    /// `nodes` is 1 or 2.
    ActivePassive(unsigned nodes, Duration takeover);

    /// The node with the role, alive. At the most one.
    std::optional<unsigned> active() const;
    bool alive(unsigned node) const { return alive_[node]; }

    /// True if it was active. No error if it is dead.
    bool died(unsigned node, Time now);
    /// True if it is active by that. No error if it lives.
    bool returned(unsigned node);
    /// When a node takes over if nothing else happens; `never` = it does not. May have passed.
    Time next_takeover() const;
    /// The node that takes over now and is active from now on; nothing if it is too early.
    std::optional<unsigned> take_over(Time now);

private:
    bool holder_lives() const { return alive_[holder_]; }

    Duration takeover_;
    std::array<bool, 2> alive_{true, false};
    unsigned holder_ = 0;  ///< who has the role, or had it last
    Time lost_{};          ///< when the holder died
};

}  // namespace lvslab::server
