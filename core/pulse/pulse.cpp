// SPDX-License-Identifier: GPL-2.0-only
#include "core/pulse/pulse.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lvslab::pulse {
namespace {

Settings usable(Settings settings) {
    if (settings.keepalive <= Duration::zero() || settings.deadtime <= Duration::zero()) {
        throw std::invalid_argument("pulse: keepalive and deadtime must be above 0");
    }
    return settings;
}

}  // namespace

Pulse::Pulse(Settings settings) : settings_(usable(std::move(settings))) {}

std::vector<Action> Pulse::step(const Event& event, Time now) {
    if (!running_ && !std::holds_alternative<Started>(event)) {
        return {};
    }
    now_ = now;
    std::visit([this](const auto& e) { on(e); }, event);
    return std::exchange(actions_, {});
}

Time Pulse::next_deadline() const {
    return std::min({send_at_, silence_at_, announce_at_});
}

void Pulse::on(const Started& started) {
    if (running_) {
        return;
    }
    if (not_wanted()) {
        note(Notice::no_backup_wanted);
        return;
    }
    running_ = true;
    if (started.how == Start::settled_active) {
        be_active_already();
    } else if (started.how == Start::settled_backup) {
        set_sync_role(SyncRole::backup);
    } else {
        run_script(settings_.inactive_cmd);
        set_sync_role(SyncRole::backup);
        if (settings_.force_active) {
            activate(Reason::forced);
        }
    }
    standby_since_ = now_;
    silence_at_ = now_ + settings_.deadtime;
    if (started.how == Start::settled_active || started.how == Start::settled_backup) {
        silence_at_ -= started.heard_ago;
    }
    if (settings_.backup_active) {
        send_at_ = now_ + started.first_heartbeat.value_or(settings_.keepalive);
    }
    if (started.how == Start::after_active) {
        yield_after_death();
    }
}

/// The partner is told at once that nobody is active here. What it said of itself before it knew is
/// no reason to become active again.
void Pulse::yield_after_death() {
    died_active_ = !active_;
    if (settings_.backup_active) {
        send_at_ = now_;
    }
}

/// pulse.c reads its file once; here the new times hold from where the old ones stand. A shorter
/// deadtime is given whole, since the partner may learn of it a moment later.
void Pulse::on(const Reconfigured& changed) {
    const auto before = std::exchange(settings_, usable(changed.settings));
    if (not_wanted()) {
        note(Notice::no_backup_wanted);
        end();
        return;
    }
    if (!settings_.backup_active) {
        send_at_ = never;
    } else if (send_at_ == never) {
        send_at_ = now_ + settings_.keepalive;
    } else {
        send_at_ = std::max(now_, send_at_ - before.keepalive + settings_.keepalive);
    }
    const auto from_last_word = silence_at_ - before.deadtime + settings_.deadtime;
    silence_at_ = std::max(from_last_word, std::min(silence_at_, now_ + settings_.deadtime));
}

void Pulse::on(const AddressesRaised&) {
    if (active_) {
        begin_announcing();
    }
}

void Pulse::on(const Heard& heard) {
    if (const auto* refused = std::get_if<RefusedWord>(&heard.word)) {
        note(Notice::word_refused, refused->to_string());
    } else if (std::get<Word>(heard.word) == Word::running) {
        silence_at_ = now_ + settings_.deadtime;
        partner_is_running();
    } else {
        partner_is_stopped();
    }
    look_at_links();
}

/// Due timers in the order of their times; at a tie the heartbeat goes first, as in pulse.c. Each
/// timer starts again from now, so a long pause makes up for nothing that was missed.
void Pulse::on(const Woken&) {
    while (next_deadline() <= now_) {
        const auto due = next_deadline();
        if (due == silence_at_ && waits_for_its_next_word()) {
            silence_at_ = send_at_;
        } else if (silence_at_ <= now_ && both_may_wait()) {
            partner_is_silent();
        } else if (due == send_at_) {
            send_heartbeats();
            send_at_ = now_ + settings_.keepalive;
        } else if (due == silence_at_) {
            partner_is_silent();
        } else {
            announce();
        }
    }
    look_at_links();
}

/// A partner that stands by too becomes active when it hears this node's "stopped", and says so at
/// once. Its answer to the last one is here by the time that the next one is due: so that is when a
/// node whose program died active takes the service after all, and says so instead.
bool Pulse::waits_for_its_next_word() const {
    return died_active_ && send_at_ != never && silence_at_ < send_at_;
}

void Pulse::on(const RouterDied&) {
    if (!active_) {
        return;
    }
    deactivate(Reason::router_died);
    router_died_ = true;
}

/// Noted here, acted upon with the next heartbeat: pulse.c looks at its links once a turn.
void Pulse::on(const LinksAre& links) {
    links_up_ = links.up;
}

void Pulse::on(const Released&) {
    if (!active_) {
        return;
    }
    deactivate(Reason::released);
    // From now, whatever was heard before: a partner that just came up may be about to take it.
    yields_until_ = silence_at_ = now_ + settings_.deadtime;
    died_active_ = false;
    handed_over_ = true;
    send_heartbeats();
}

void Pulse::on(const Terminated&) {
    end();
}

void Pulse::partner_is_running() {
    yields_until_ = now_;
    died_active_ = false;
    if (router_died_) {
        router_died_ = false;
        standby_since_ = now_;
        note(Notice::fault_cleared);
    }
    if (active_ && settings_.role == NodeRole::backup) {
        // One last word, so that the primary knows that there were two and announces again.
        send_heartbeats();
        deactivate(Reason::partner_running);
    } else if (active_) {
        note(Notice::both_active);
        begin_announcing();
    } else if (may_take_back()) {
        activate(Reason::failback);
        send_heartbeats();
    }
}

/// A partner that leaves the service alone for deadtime after this node's death does not count as
/// one that lives: the service waits no longer than for one that is gone.
void Pulse::partner_is_stopped() {
    if (died_active_) {
        return;
    }
    silence_at_ = now_ + settings_.deadtime;
    if (!active_ && !faulty() && !yields()) {
        activate(Reason::partner_stopped);
    }
}

void Pulse::partner_is_silent() {
    silence_at_ = now_ + settings_.deadtime;
    if (!active_ && !faulty()) {
        activate(Reason::partner_silent);
    }
}

/// A primary that stood by in good health for deadtime; less would let a router that dies at every
/// start take the service down each time.
bool Pulse::may_take_back() const {
    return settings_.failback == Failback::primary && settings_.role == NodeRole::primary &&
           !faulty() && !handed_over_ && now_ >= standby_since_ + settings_.deadtime;
}

/// Without a backup a node with a dead link is better than none: pulse.c, check_links.
void Pulse::look_at_links() {
    const bool failed = settings_.monitor_links && settings_.backup_active && !links_up_;
    if (failed == links_failed_) {
        return;
    }
    links_failed_ = failed;
    if (!failed) {
        note(Notice::links_up);
        standby_since_ = now_;
        silence_at_ = now_ + settings_.deadtime;
        return;
    }
    note(Notice::links_down);
    if (active_) {
        deactivate(Reason::links_down);
    }
}

bool Pulse::not_wanted() const {
    return settings_.role == NodeRole::backup && !settings_.backup_active;
}

/// What activate() left long ago: its script has run, its announcements are out.
void Pulse::be_active_already() {
    active_ = true;
    actions_.emplace_back(RoleChanged{true, Reason::settled});
    actions_.emplace_back(StartRouter{});
    set_sync_role(SyncRole::master);
    actions_.emplace_back(RaiseAddresses{});
}

/// pulse.c, activateLvs, where the first "running" goes out with the next heartbeat. Here a partner
/// that stands by is told at once: it may be about to become active as well.
void Pulse::activate(Reason reason) {
    const bool partner_may_wait = both_may_wait() || reason == Reason::partner_stopped;
    active_ = true;
    handed_over_ = died_active_ = false;
    actions_.emplace_back(RoleChanged{true, reason});
    if (partner_may_wait) {
        send_heartbeats();
        send_at_ = send_at_ <= now_ ? now_ + settings_.keepalive : send_at_;
    }
    run_script(settings_.active_cmd);
    actions_.emplace_back(StartRouter{});
    set_sync_role(SyncRole::master);
    actions_.emplace_back(RaiseAddresses{});
    begin_announcing();
}

/// pulse.c, deactivateLvs. Announcements that are still to come are dropped.
void Pulse::deactivate(Reason reason) {
    active_ = false;
    announce_at_ = never;
    standby_since_ = now_;
    actions_.emplace_back(RoleChanged{false, reason});
    run_script(settings_.inactive_cmd);
    set_sync_role(SyncRole::backup);
    actions_.emplace_back(StopRouter{});
    actions_.emplace_back(LowerAddresses{});
}

void Pulse::end() {
    if (active_) {
        deactivate(Reason::terminated);
    } else {
        run_script(settings_.inactive_cmd);
        set_sync_role(SyncRole::backup);
    }
    running_ = false;
    send_at_ = silence_at_ = announce_at_ = never;
}

void Pulse::send_heartbeats() {
    if (!settings_.backup_active) {
        return;
    }
    const auto word = active_ ? Word::running : Word::stopped;
    actions_.emplace_back(SendHeartbeat{Path::public_net, word});
    if (settings_.private_path) {
        actions_.emplace_back(SendHeartbeat{Path::private_net, word});
    }
}

void Pulse::begin_announcing() {
    announced_ = 0;
    announce();
}

/// The last gap is waited out too before the work counts as finished, as sendArps does.
void Pulse::announce() {
    if (announced_ == announcements) {
        announce_at_ = never;
        note(Notice::announced);
        return;
    }
    actions_.emplace_back(AnnounceAddresses{++announced_});
    announce_at_ = now_ + announcement_gap;
}

void Pulse::run_script(const std::optional<std::string>& command) {
    if (command) {
        actions_.emplace_back(RunScript{*command});
    }
}

void Pulse::set_sync_role(SyncRole role) {
    if (settings_.syncdaemon) {
        actions_.emplace_back(SetSyncRole{role});
    }
}

void Pulse::note(Notice what, std::string detail) {
    actions_.emplace_back(Note{what, std::move(detail)});
}

}  // namespace lvslab::pulse
