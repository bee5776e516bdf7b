// SPDX-License-Identifier: GPL-2.0-only
/// A trace in the place of a workload's own connections.
#pragma once

#include "core/scenario/scenario.hpp"

namespace lvslab::scenario {

/// Tells the workload what the trace's connections do on average (for estimates of the load; the
/// plan has each as it was).
void replay(const trace::Trace& trace, Workload& workload);

/// Puts the trace in the place of what the workload has: arrivals, sizes, pauses. It begins when
/// the workload does and goes on to its own end.
void replay(std::shared_ptr<const trace::Trace> trace, Workload& workload);

}  // namespace lvslab::scenario
