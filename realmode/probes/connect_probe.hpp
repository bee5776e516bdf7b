// SPDX-License-Identifier: GPL-2.0-only
/// Connect, send, expect over real sockets (nanny.c, pinger).
#pragma once

#include <memory>

#include "core/health/probe.hpp"
#include "realmode/probes/probe_run.hpp"

namespace lvslab::realmode {

/// Over TCP: the limit counts for the connect, and again for sending and the answer. Over UDP a
/// datagram is sent even if there is nothing to say, and the first that comes back is the answer.
/// No more of an answer is read than is judged (health::longest_answer).
std::shared_ptr<ProbeRun> make_connect_run(EventLoop& loop, const health::ConnectProbe& probe,
                                           ProbeRun::Ended ended);

}  // namespace lvslab::realmode
