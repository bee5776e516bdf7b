// SPDX-License-Identifier: GPL-2.0-only
/// lvs.cf's send_program (nanny.c, external_check).
#pragma once

#include <memory>

#include "core/health/probe.hpp"
#include "realmode/probes/probe_run.hpp"

namespace lvslab::realmode {

/// Runs it as ProgramRun does; health::says_up judges.
std::shared_ptr<ProbeRun> make_program_run(EventLoop& loop, const health::ProgramProbe& probe,
                                           ProbeRun::Ended ended);

}  // namespace lvslab::realmode
