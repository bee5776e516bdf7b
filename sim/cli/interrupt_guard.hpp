// SPDX-License-Identifier: GPL-2.0-only
/// Ctrl-C during a run.
#pragma once

#include <csignal>

namespace lvslab::cli {

/// Set by SIGINT and SIGTERM while an InterruptGuard lives.
inline volatile std::sig_atomic_t interrupted = 0;

/// While it lives, Ctrl-C and SIGTERM only ask the run to stop, and a reader of the progress who
/// has gone does not end it.
class InterruptGuard {
public:
    InterruptGuard() {
        struct sigaction action = {};
        action.sa_handler = [](int) { interrupted = 1; };
        // A second Ctrl-C ends the program at once.
        action.sa_flags = static_cast<int>(SA_RESETHAND);
        sigaction(SIGINT, &action, &before_int_);
        sigaction(SIGTERM, &action, &before_term_);
        struct sigaction ignore = {};
        ignore.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &ignore, &before_pipe_);
    }
    ~InterruptGuard() {
        sigaction(SIGINT, &before_int_, nullptr);
        sigaction(SIGTERM, &before_term_, nullptr);
        sigaction(SIGPIPE, &before_pipe_, nullptr);
    }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

private:
    struct sigaction before_int_ = {}, before_term_ = {}, before_pipe_ = {};
};

}  // namespace lvslab::cli
