// SPDX-License-Identifier: GPL-2.0-only
/// A scheduler by the C interface of scheduler_plugin.h. Who loads the library is not core's
/// business.
#pragma once

#include <memory>

#include "core/ipvs/scheduler_plugin.h"
#include "core/ipvs/schedulers.hpp"

namespace lvslab::ipvs {

/// Cost of a decision: the plug-in's own; the list of servers is kept up to date beside it.
/// `plugin` must outlive the scheduler. The place of a server that must not be chosen counts as
/// none; a place that is no server's throws std::runtime_error with scheduler, service and time, as
/// does a create() that returns nothing.
std::unique_ptr<Scheduler> make_plugin_scheduler(const lvslab_scheduler& plugin,
                                                 const SchedulerContext& context);

}  // namespace lvslab::ipvs
