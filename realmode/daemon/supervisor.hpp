// SPDX-License-Identifier: GPL-2.0-only
/// The process that watches over the daemon and clears up after it.
#pragma once

#include <functional>

#include "realmode/daemon/holdings.hpp"
#include "realmode/daemon/supervision.hpp"

namespace lvslab::realmode {

/// What a supervisor is given by the program.
struct Supervised {
    /// Runs in the child and gives its exit code. `lifeline` is its end of the pair; `again` says
    /// that one ran before it, `after_active` that this one held addresses when it died.
    std::function<int(int lifeline, bool again, bool after_active)> daemon;
    /// Takes out of the host what the daemon told that it holds, and what its state folder names.
    /// Whether an address was among it. Nothing that it throws ends the supervisor.
    std::function<bool(const Holdings& told, const CleanUp& order)> clean_up;
};

/// Starts the daemon as a child and does what Supervision says until one of them is to end; gives
/// the exit code. SIGTERM and SIGINT end both in good order, SIGHUP goes to the daemon. systemd is
/// told from here: this process is the one that it knows. Call it while there is one thread.
int supervise(const Supervised& supervised);

}  // namespace lvslab::realmode
