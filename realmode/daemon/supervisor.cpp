// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "realmode/daemon/lifeline.hpp"
#include "realmode/daemon/process_log.hpp"
#include "realmode/daemon/service_notification.hpp"
#include "realmode/daemon/supervision.hpp"

namespace lvslab::realmode {
namespace {

/// CLOCK_MONOTONIC, which the daemon's signs of life carry too.
Time now() {
    return Time(std::chrono::steady_clock::now().time_since_epoch());
}

class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    int number() const { return number_; }
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, signal);
    }
    return set;
}

class Supervisor {
public:
    explicit Supervisor(const Supervised& supervised) : supervised_(supervised) {
        const auto signals = watched_signals();
        sigprocmask(SIG_BLOCK, &signals, &before_);
        signals_ = Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
        if (signals_.number() < 0) {
            throw std::system_error(errno, std::generic_category(), "signalfd");
        }
        // So that it wakes up in time on a host that is out of memory. A host may forbid it.
        static_cast<void>(::mlockall(MCL_CURRENT));
    }

    int run() {
        perform(supervision_.begin(now()));
        while (!exit_code_) {
            wait();
            read_lifeline();
            read_signals();
            if (now() >= supervision_.next_deadline()) {
                hand_in(DeadlineCame{});
            }
            notify_watchdog();
        }
        return *exit_code_;
    }

private:
    void hand_in(const SupervisionEvent& event) { perform(supervision_.step(event, now())); }

    void perform(const std::vector<SupervisionAction>& actions) {
        for (const auto& action : actions) {
            std::visit([this](const auto& a) { act(a); }, action);
        }
        if (std::exchange(fork_failed_, false)) {
            hand_in(DaemonEnded{false, EXIT_FAILURE});
        }
    }

    void act(const StartDaemon& start) {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            fork_failed_ = true;
            return;
        }
        Descriptor mine(ends[0]);
        Descriptor theirs(ends[1]);
        std::fflush(nullptr);
        child_ = ::fork();
        if (child_ == 0) {
            lifeline_ = Descriptor();
            mine = Descriptor();
            signals_ = Descriptor();
            be_daemon(theirs.release(), start.again);
        }
        fork_failed_ = child_ < 0;
        lifeline_ = std::move(mine);
        told_ = {};
        after_active_ = false;
        garbage_noted_ = false;
    }

    [[noreturn]] void be_daemon(int lifeline, bool again) const {
        sigprocmask(SIG_SETMASK, &before_, nullptr);
        int exit_code = EXIT_FAILURE;
        try {
            exit_code = supervised_.daemon(lifeline, again, after_active_);
        } catch (const std::exception& error) {
            log(LogLevel::error, error.what());
        }
        std::fflush(nullptr);
        ::_exit(exit_code);
    }

    void act(const KillDaemon&) { signal_daemon(SIGKILL); }
    void act(const TerminateDaemon&) {
        notify_stopping();
        signal_daemon(SIGTERM);
    }
    void act(const CleanUp& order) {
        try {
            after_active_ = supervised_.clean_up(told_, order) || after_active_;
        } catch (const std::exception& error) {
            log(LogLevel::error, fmt::format("cleaning up: {}", error.what()));
        }
    }
    void act(const EndSupervisor& end) { exit_code_ = end.exit_code; }
    void act(const SupervisorNote& note) { log(LogLevel::warning, note.text); }

    void signal_daemon(int signal) const {
        if (child_ > 0) {
            ::kill(child_, signal);
        }
    }

    void wait() {
        const auto wake = std::min(supervision_.next_deadline(), watchdog_at_);
        const auto span = wake == never ? Duration(std::chrono::hours(1))
                                        : std::max(wake - now(), Duration::zero());
        const timespec patience{
            .tv_sec = std::chrono::duration_cast<std::chrono::seconds>(span).count(),
            .tv_nsec = (span % std::chrono::seconds(1)).count()};
        std::array<pollfd, 2> descriptors{
            {{signals_.number(), POLLIN, 0}, {lifeline_.number(), POLLIN, 0}}};
        ::ppoll(descriptors.data(), descriptors.size(), &patience, nullptr);
    }

    /// A daemon that floods it does not keep it from looking at the clock.
    void read_lifeline() {
        for (int i = 0; i < 1000 && lifeline_.number() >= 0; ++i) {
            std::array<char, longest_message> text{};
            const auto n =
                ::recv(lifeline_.number(), text.data(), text.size(), MSG_DONTWAIT | MSG_TRUNC);
            if (n < 0) {
                return;
            }
            if (n == 0) {
                lifeline_ = Descriptor();  // it is gone, or as good as
                return;
            }
            const auto length = static_cast<std::size_t>(n);
            const auto message =
                length <= text.size() ? parse_message({text.data(), length}) : std::nullopt;
            if (message) {
                std::visit([this](const auto& m) { take(m); }, *message);
            } else if (!std::exchange(garbage_noted_, true)) {
                log(LogLevel::warning, "the daemon sends what is no message");
            }
        }
    }

    void take(const BecameReady& ready) {
        notify_ready();
        hand_in(ready);
    }
    void take(const Reloading&) { notify_reloading(); }
    void take(const HoldingsChange& change) { apply(told_, change); }
    void take(const EndsInOrder& ends) {
        notify_stopping();
        hand_in(ends);
    }
    template <class Event>
    void take(const Event& event) {
        hand_in(event);
    }

    void read_signals() {
        signalfd_siginfo signal{};
        while (::read(signals_.number(), &signal, sizeof signal) == sizeof signal) {
            switch (signal.ssi_signo) {
                case SIGCHLD:
                    reap();
                    break;
                case SIGHUP:
                    signal_daemon(SIGHUP);
                    break;
                default:
                    hand_in(EndAsked{});
            }
        }
    }

    /// What the daemon said before its end comes first.
    void reap() {
        int status = 0;
        if (child_ <= 0 || ::waitpid(child_, &status, WNOHANG) != child_) {
            return;
        }
        read_lifeline();
        child_ = -1;
        lifeline_ = Descriptor();
        hand_in(DaemonEnded{WIFSIGNALED(status) != 0,
                            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)});
    }

    void notify_watchdog() {
        if (now() >= watchdog_at_) {
            notify_alive();
            watchdog_at_ = now() + *watchdog_;
        }
    }

    const Supervised& supervised_;
    Supervision supervision_;
    sigset_t before_{};
    Descriptor signals_;
    Descriptor lifeline_;
    pid_t child_ = -1;
    Holdings told_;
    bool after_active_ = false;
    bool fork_failed_ = false;
    bool garbage_noted_ = false;
    std::optional<Duration> watchdog_ = watchdog_interval();
    Time watchdog_at_ = watchdog_ ? now() : never;
    std::optional<int> exit_code_;
};

}  // namespace

int supervise(const Supervised& supervised) {
    return Supervisor(supervised).run();
}

}  // namespace lvslab::realmode
