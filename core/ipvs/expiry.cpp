// SPDX-License-Identifier: GPL-2.0-only
// When entries go (ip_vs_conn_expire, ip_vs_conn.c), and what is listed of them.
#include <algorithm>

#include "core/ipvs/kernel_timer.hpp"
#include "core/ipvs/model.hpp"

namespace lvslab::ipvs {
namespace {

/// A template whose timer fires while connections still hold it waits this much longer.
constexpr Duration rearm = std::chrono::seconds(60);
/// With Expiry::told, what a timer may be late beyond its wheel's granule: the tick it was set
/// in and the one it is handled in.
constexpr Duration leeway = 2 * jiffy;
/// The handle of "entries of removed servers go" among due timers.
constexpr std::uint32_t drop_handle = no_connection - 1;

}  // namespace

/// When the entry's timer fires.
Time Ipvs::Model::fires(ConnectionId id) const {
    const auto& c = table_[id];
    switch (options_.expiry) {
        case Expiry::exact:
            return c.expires;
        case Expiry::wheel:
            return wheel_fires(c.expires, c.timer_level, options_.wheel_phase);
        case Expiry::told:
            break;
    }
    const auto extra = extra_doubt_.find(id);
    return c.expires + wheel_granule(c.timer_level) + leeway +
           (extra == extra_doubt_.end() ? Duration::zero() : extra->second);
}

/// Hangs the alarm if it hangs nowhere or too late; an alarm that is early finds out when it rings.
void Ipvs::Model::hang(ConnectionId id) {
    auto& c = table_[id];
    const auto due = fires(id);
    const bool hangs = c.timer_slot != TimerWheel::hangs_nowhere;
    if (!hangs || due < c.alarm) {
        wheel_.remove(id);
        c.alarm = due;
        wheel_.insert(id);
    }
}

void Ipvs::Model::arm(ConnectionId id, Duration timeout, Time now) {
    auto& c = table_[id];
    c.expires = now + timeout;
    c.timer_level = static_cast<std::uint8_t>(wheel_level(timeout));
    if (!extra_doubt_.empty()) {
        extra_doubt_.erase(id);
    }
    hang(id);
}

/// ip_vs_conn_expire_now: at the next tick.
void Ipvs::Model::expire_now(ConnectionId id, Time now) {
    auto& c = table_[id];
    if (c.controlled == 0 && c.expires > now) {
        c.expires = now;
        c.timer_level = 0;
        hang(id);
    }
}

void Ipvs::Model::expire(ConnectionId id, Time at) {
    auto& c = table_[id];
    if (c.controlled == 0) {
        remove_connection(id, false, at);
        return;
    }
    c.timeout_ms = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(rearm).count());
    const auto due = c.expires;
    arm(id, rearm, options_.expiry == Expiry::told ? due : at);
    if (options_.expiry == Expiry::told) {
        // It may have fired at any time since it was due; so may the next one.
        extra_doubt_[id] = at - due;
        c.alarm = never;
        wheel_.remove(id);
        hang(id);
    }
}

void Ipvs::Model::remove_connection(ConnectionId id, bool dropping, Time now) {
    wheel_.remove(id);
    const auto& c = table_[id];
    const auto controller = c.controller;
    unbind(c);
    if (!extra_doubt_.empty()) {
        extra_doubt_.erase(id);
    }
    table_.erase(id);
    if (controller != no_connection) {
        release_controller(controller, dropping, now);
    }
}

/// The template has one entry less to care for. Dropping an entry drops a template that was
/// never assured with its last one.
void Ipvs::Model::release_controller(ConnectionId id, bool dropping, Time now) {
    auto& c = table_[id];
    --c.controlled;
    if (c.controlled > 0) {
        return;
    }
    if (dropping && c.state != TcpState::established) {
        remove_connection(id, dropping, now);
    } else if (options_.expiry == Expiry::told && c.expires < now) {
        // Had its timer fired before, it would have been set anew: it may stay that much longer.
        extra_doubt_[id] += rearm + wheel_granule(wheel_level(rearm));
        wheel_.remove(id);
        hang(id);
    }
}

bool Ipvs::Model::may_drop_unavailable(const Connection& c) const {
    return c.in_use != 0 && c.controlled == 0 && !destinations_[c.destination]->available;
}

/// ip_vs_expire_nodest_conn_flush: entries of removed servers, and templates they leave alone.
void Ipvs::Model::drop_unavailable(Time now) {
    drop_due_ = never;
    drop_since_ = never;
    plan_housekeeping();
    for (ConnectionId id = 0; id < table_.pool().end(); ++id) {
        if (!may_drop_unavailable(table_[id])) {
            continue;
        }
        const auto controller = table_[id].controller;
        remove_connection(id, controller != no_connection, now);
        if (controller != no_connection && table_[controller].in_use != 0 &&
            table_[controller].controlled == 0) {
            remove_connection(controller, false, now);
        }
    }
}

void Ipvs::Model::plan_housekeeping() {
    housekeeping_due_ = std::min(trash_due_, drop_due_);
    for (const auto& service : services_) {
        housekeeping_due_ = std::min(housekeeping_due_, service->scheduler->next_sweep());
    }
}

/// Everything but connection timers that is due at or before `until`.
void Ipvs::Model::housekeeping(Time until) {
    if (drop_due_ <= until) {
        drop_unavailable(drop_due_);
    }
    if (trash_due_ <= until) {
        sweep_trash(trash_due_);
    }
    for (const auto& service : services_) {
        if (service->scheduler->next_sweep() <= until) {
            service->scheduler->sweep(service->scheduler->next_sweep());
        }
    }
    plan_housekeeping();
}

void Ipvs::Model::advance(Time now) {
    while (wheel_.next() <= now || housekeeping_due_ <= now) {
        // Connection timers up to the next piece of housekeeping, then that.
        const auto until = std::min(now, housekeeping_due_);
        const auto id = wheel_.pop(until);
        if (id == no_connection) {
            housekeeping(until);
            continue;
        }
        if (const auto due = fires(id); due > table_[id].alarm) {
            hang(id);
        } else {
            expire(id, due);
        }
    }
}

Time Ipvs::Model::next_expiry() const {
    return std::min(wheel_.next(), drop_due_);
}

DueTimer Ipvs::Model::due_timer(ConnectionId id) const {
    const auto& c = table_[id];
    const auto& d = *destinations_[c.destination];
    return {id,
            c.expires,
            d.service,
            d.endpoint,
            d.available,
            {d.endpoint.address, Port{c.server_port}},
            c.is_template != 0,
            c.counted_active != 0,
            false};
}

std::vector<DueTimer> Ipvs::Model::due_timers(Time now) const {
    std::vector<DueTimer> due;
    if (options_.expiry != Expiry::told) {
        return due;
    }
    if (drop_since_ <= now) {
        due.push_back({drop_handle, drop_since_, {}, {}, false, {}, false, false, true});
    }
    for (ConnectionId id = 0; id < table_.pool().end(); ++id) {
        if (table_[id].in_use != 0 && table_[id].expires <= now) {
            due.push_back(due_timer(id));
        }
    }
    std::ranges::stable_sort(due, {}, &DueTimer::due);
    return due;
}

void Ipvs::Model::fire(std::uint32_t handle, Time now) {
    if (handle == drop_handle) {
        drop_unavailable(now);
    } else {
        expire(handle, now);
    }
}

std::optional<DueTimer> Ipvs::Model::due_entry(const Segment& segment, Time now) const {
    const bool in = segment.direction == Direction::from_client;
    const auto id =
        in ? table_.find({segment.protocol, segment.source, segment.destination})
           : table_.find_reply(segment.protocol, segment.source, segment.destination,
                               [this](const Connection& c) {
                                   return destinations_[c.destination]->endpoint.address;
                               });
    if (options_.expiry != Expiry::told || id == no_connection || table_[id].expires > now) {
        return std::nullopt;
    }
    return due_timer(id);
}

void Ipvs::Model::for_each_connection(
    const std::function<void(const ConnectionStatus&)>& visit) const {
    for (ConnectionId id = 0; id < table_.pool().end(); ++id) {
        const auto& c = table_[id];
        if (c.in_use == 0) {
            continue;
        }
        std::string_view state = "UDP";
        if (c.is_template != 0) {
            state = c.state == TcpState::established ? "ASSURED" : "NONE";
        } else if (c.protocol == Protocol::tcp) {
            state = to_string(c.state);
        }
        visit({c.protocol,
               {table_.client_address(c), Port{c.client_port}},
               {table_.virtual_address(c), Port{c.virtual_port}},
               {destinations_[c.destination]->endpoint.address, Port{c.server_port}},
               state,
               c.expires,
               c.is_template != 0});
    }
}

}  // namespace lvslab::ipvs
