// SPDX-License-Identifier: GPL-2.0-only
/// Starts a program as a child process that shares nothing with us but its output.
#pragma once

#include <string>

#include <sys/types.h>

#include "realmode/probes/program_run.hpp"

namespace lvslab::realmode {

/// A child that was started, or why it was not. The descriptors are the caller's to close.
struct Spawned {
    pid_t pid = -1;
    int pidfd = -1;   ///< readable when it has ended
    int output = -1;  ///< the reading end of its output
    int error = 0;    ///< errno; 0 = it runs
};

/// posix_spawn(3) in a new process group with an empty input and all signals as they are by
/// default.
Spawned spawn(const Program& program);

}  // namespace lvslab::realmode
