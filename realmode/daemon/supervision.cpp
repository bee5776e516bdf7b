// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/supervision.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace lvslab::realmode {

LifeSigns life_signs(Duration keepalive, Duration deadtime) {
    const auto time = deadtime > keepalive ? deadtime - keepalive : deadtime;
    return {std::min<Duration>(time / 4, std::chrono::seconds(1)), time - time / 4};
}

std::optional<std::string> two_owners_risk(Duration keepalive, Duration deadtime) {
    if (deadtime > keepalive) {
        return std::nullopt;
    }
    return fmt::format(
        "deadtime ({}) is not above keepalive ({}): a daemon that hangs or dies is cleared up "
        "after within deadtime, and the partner may be active by then: two owners",
        to_string(deadtime), to_string(keepalive));
}

std::vector<SupervisionAction> Supervision::begin(Time now) {
    now_ = now;
    actions_.clear();
    start();
    return std::exchange(actions_, {});
}

std::vector<SupervisionAction> Supervision::step(const SupervisionEvent& event, Time now) {
    now_ = now;
    actions_.clear();
    if (state_ != State::ended) {
        std::visit([this](const auto& e) { on(e); }, event);
    }
    return std::exchange(actions_, {});
}

void Supervision::start() {
    state_ = State::lives;
    signs_ = while_starting;
    started_ = last_sign_ = now_;
    deadline_ = now_ + signs_.limit;
    was_late_ = in_order_ = keep_services_ = false;
    actions_.emplace_back(StartDaemon{std::exchange(again_, true)});
}

/// A sign from the future is a daemon's garbage.
void Supervision::on(const SignOfLife& sign) {
    if (state_ != State::lives) {
        return;
    }
    last_sign_ = std::max(last_sign_, std::min(sign.at, now_));
    was_late_ = false;
    deadline_ = last_sign_ + signs_.limit;
}

void Supervision::on(const WatchedSo& watched) {
    if (state_ == State::lives && watched.signs.limit > Duration::zero()) {
        signs_ = watched.signs;
        last_sign_ = now_;
        deadline_ = now_ + signs_.limit;
    }
}

void Supervision::on(const BecameReady&) {
    ready_once_ = true;
}

void Supervision::on(const EndsInOrder& ends) {
    in_order_ = true;
    keep_services_ = ends.keep_services;
}

void Supervision::on(const DaemonEnded& ended) {
    const bool orderly = !ended.killed && ended.status == 0 && in_order_;
    actions_.emplace_back(CleanUp{.keep_services = orderly && keep_services_});
    if (orderly || end_asked_) {
        end(orderly ? 0 : 1);
        return;
    }
    if (!ended.killed && ended.status != 0 && !ready_once_) {
        end(ended.status);  // it has said why: the machine or the file is not fit
        return;
    }
    if (now_ - started_ >= long_life) {
        pause_ = first_pause;
    }
    actions_.emplace_back(SupervisorNote{
        fmt::format("the daemon ended ({} {}) and is cleared up after; it starts again in {}",
                    ended.killed ? "signal" : "exit code", ended.status, to_string(pause_))});
    state_ = State::pauses;
    deadline_ = now_ + pause_;
    pause_ = std::min(2 * pause_, longest_pause);
}

void Supervision::on(const EndAsked&) {
    if (std::exchange(end_asked_, true) && state_ == State::lives) {
        kill("asked to end a second time: the daemon is killed");
    } else if (state_ == State::lives) {
        actions_.emplace_back(TerminateDaemon{});
    } else if (state_ == State::pauses) {
        end(0);
    }
}

void Supervision::on(const DeadlineCame&) {
    if (now_ < deadline_) {
        return;
    }
    if (state_ == State::pauses) {
        start();
    } else if (state_ == State::lives) {
        silence();
    } else {
        deadline_ = never;
    }
}

/// If the supervisor was held up itself (SIGSTOP, no processor), signs may be on their way that it
/// could not have seen: it gives one interval, once.
void Supervision::silence() {
    if (now_ - deadline_ > signs_.limit / 4 && !std::exchange(was_late_, true)) {
        deadline_ = now_ + std::max<Duration>(signs_.interval, signs_.limit / 3);
        return;
    }
    kill(fmt::format("no sign of life from the daemon for {:.3f} s: it is killed",
                     to_seconds(now_ - last_sign_)));
}

/// What it held is cleared at once, and again when it is gone: until then a system call of its may
/// still end.
void Supervision::kill(std::string why) {
    state_ = State::killed;
    deadline_ = never;
    actions_.emplace_back(KillDaemon{});
    actions_.emplace_back(CleanUp{.daemon_dies = true});
    actions_.emplace_back(SupervisorNote{std::move(why)});
}

void Supervision::end(int exit_code) {
    state_ = State::ended;
    deadline_ = never;
    actions_.emplace_back(EndSupervisor{exit_code});
}

}  // namespace lvslab::realmode
