// SPDX-License-Identifier: GPL-2.0-only
/// A node's clock and its alarms.
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/quantities.hpp"
#include "core/base/time.hpp"

namespace lvslab::ports {

/// An alarm that is set. 0 = none.
using TimerId = Quantity<struct TimerTag, std::uint64_t>;

/// Each node has its own, so that one can be held up (SIGSTOP, a hang): its clock goes on, its
/// calls come when it is let go. What was heard meanwhile is to be handed in before them.
class Timers {
public:
    virtual ~Timers() = default;

    virtual Time now() const = 0;
    /// Calls once, not before `when` and never from within at(); a time that has passed means as
    /// soon as possible. Calls of one time come in the order in which they were asked for.
    virtual TimerId at(Time when, std::function<void()> call) = 0;
    /// The call does not come any more. An alarm that has gone off, or none, is no error.
    virtual void cancel(TimerId timer) = 0;
};

}  // namespace lvslab::ports
