// SPDX-License-Identifier: GPL-2.0-only
// When entries go (ip_vs_conn_expire, ip_vs_conn.c), and what is listed of them.
#include <algorithm>

#include "core/ipvs/kernel_timer.hpp"
#include "core/ipvs/model.hpp"

namespace lvslab::ipvs {
namespace {

/// The handle of "entries of removed servers go" among due timers.
constexpr std::uint32_t drop_handle = no_connection - 1;

std::uint32_t milliseconds_of(Duration d) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

}  // namespace

/// When the entry's timer fires.
Time Ipvs::Model::fires(ConnectionId id) const {
    const auto& c = table_[id];
    switch (options_.expiry) {
        case Expiry::exact:
            return c.expires;
        case Expiry::wheel:
            return wheel_fires(c.expires, c.timer_level, options_.wheel_phase.value_or(Duration{}));
        case Expiry::told:
            break;
    }
    const auto doubt = doubts_.find(id);
    return doubt == doubts_.end() ? wheel().latest(c.expires, c.timer_level)
                                  : doubt->second.next_certain();
}

/// Before it the timer of an entry that is no template does not fire.
Time Ipvs::Model::may_fire(ConnectionId id) const {
    const auto& c = table_[id];
    return options_.expiry == Expiry::told ? wheel().earliest(c.expires, c.timer_level) : c.expires;
}

/// Hangs the alarm if it hangs nowhere or too late; an alarm that is early finds out when it rings.
/// With a `shorter` timeout than before it moves at once even so: a connection that ends rings soon
/// after, in the order in which others end.
void Ipvs::Model::hang(ConnectionId id, bool shorter) {
    auto& c = table_[id];
    const auto due = fires(id);
    if (c.alarmed == 0 || due < c.alarm || (shorter && due != c.alarm)) {
        wheel_.move(
            id, due,
            c.protocol == Protocol::tcp ? static_cast<std::size_t>(c.state) : tcp_state_count);
    }
}

void Ipvs::Model::arm(ConnectionId id, Duration timeout, Time now, bool shorter) {
    auto& c = table_[id];
    c.expires = now + timeout;
    if (options_.expiry == Expiry::exact) {
        if (c.alarmed != 0 && c.expires >= c.alarm && !shorter) {
            return;  // most packets: hang() would find nothing to do
        }
    } else {
        c.timer_level = static_cast<std::uint8_t>(wheel_level(timeout)) & 0xFU;
        doubts_.erase(id);
    }
    hang(id, shorter);
}

/// A template is used: its timer starts anew with its timeout, which a firing that may have come
/// has changed (ip_vs_sched_persist, ip_vs_conn_put).
void Ipvs::Model::arm_template(ConnectionId id, Time now) {
    auto& c = table_[id];
    std::vector<TemplateDoubt::Course> courses;
    if (options_.expiry == Expiry::told && (c.expires <= now || doubts_.contains(id))) {
        for (const auto& course : doubt_of(id).possible(now, freed(id))) {
            const TemplateDoubt::Course anew{{now + course.timeout, now + course.timeout},
                                             course.timeout};
            if (courses.empty() || courses.front().timeout != anew.timeout) {
                courses.push_back(anew);
            }
        }
    }
    if (!courses.empty()) {
        c.timeout_ms = milliseconds_of(courses.front().timeout);
    }
    arm(id, std::chrono::milliseconds(c.timeout_ms), now);
    if (courses.size() > 1) {
        set_doubt(id, TemplateDoubt(wheel(), std::move(courses)));
    }
}

/// What is known of a template's timer: all, unless there is a doubt.
TemplateDoubt Ipvs::Model::doubt_of(ConnectionId id) const {
    const auto found = doubts_.find(id);
    if (found != doubts_.end()) {
        return found->second;
    }
    const auto& c = table_[id];
    return TemplateDoubt(wheel(),
                         {{{c.expires, c.expires}, std::chrono::milliseconds(c.timeout_ms)}});
}

void Ipvs::Model::set_doubt(ConnectionId id, TemplateDoubt doubt) {
    auto& c = table_[id];
    c.expires = doubt.earliest();
    doubts_.insert_or_assign(id, std::move(doubt));
    wheel_.remove(id);
    hang(id);
}

/// When the connections that hold the template went, or may go.
TimeSpan Ipvs::Model::freed(ConnectionId id) const {
    auto span = doubt_of(id).freed();
    if (table_[id].controlled > 0) {
        for (ConnectionId held = 0; held < table_.pool().end(); ++held) {
            if (table_[held].in_use != 0 && table_[held].controller == id) {
                span.earliest = std::max(span.earliest, may_fire(held));
            }
        }
        span.latest = never;
    }
    return span;
}

bool Ipvs::Model::may_be_gone(ConnectionId id, Time now) const {
    const auto& c = table_[id];
    if (options_.expiry != Expiry::told || (c.expires > now && !doubts_.contains(id))) {
        return false;
    }
    return c.is_template == 0 ? may_fire(id) <= now : doubt_of(id).may_be_gone(now, freed(id));
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
    if (options_.expiry == Expiry::told && c.is_template != 0) {
        auto doubt = doubt_of(id);
        if (doubt.pass(at, freed(id))) {
            set_doubt(id, std::move(doubt));
        } else {
            remove_connection(id, false, at);
        }
        return;
    }
    if (c.controlled == 0) {
        remove_connection(id, false, at);
        return;
    }
    if (c.is_template != 0) {
        c.timeout_ms = milliseconds_of(template_rearm);
    }
    if (sender_) {
        sync_chain(id, options_.sync.threshold, at, template_rearm);
    }
    arm(id, template_rearm, at);
}

void Ipvs::Model::remove_connection(ConnectionId id, bool dropping, Time now) {
    wheel_.remove(id);
    const auto& c = table_[id];
    const auto controller = c.controller;
    const TimeSpan gone{std::min(may_fire(id), now), now};
    const TemplateDoubt::Place timer{c.timer_level, c.expires - timeout_of(c)};
    unbind(c);
    if (!doubts_.empty()) {
        doubts_.erase(id);
    }
    if (!ftp_modes_.empty()) {
        ftp_modes_.erase(id);
    }
    table_.erase(id);
    if (controller != no_connection) {
        release_controller(controller, dropping, gone, timer);
    }
}

/// The template has one entry less to care for. Dropping an entry drops a template that was
/// never assured with its last one.
void Ipvs::Model::release_controller(ConnectionId id, bool dropping, TimeSpan when,
                                     const TemplateDoubt::Place& timer) {
    auto& c = table_[id];
    --c.controlled;
    if (c.is_template == 0) {
        return;  // FTP's control connection lives by its own packets
    }
    if (c.controlled == 0 && dropping && c.state != TcpState::established) {
        remove_connection(id, dropping, when.latest);
    } else if (options_.expiry == Expiry::told) {
        auto doubt = doubt_of(id);
        doubt.released(when, timer);
        set_doubt(id, std::move(doubt));
    }
}

bool Ipvs::Model::may_drop_unavailable(const Connection& c) const {
    return c.in_use != 0 && c.controlled == 0 && !destinations_[c.destination]->available;
}

/// The work of expire_nodest_conn is certain to have come for servers removed long enough ago.
/// With Expiry::told it may have come already before others were removed: those wait for theirs.
void Ipvs::Model::drop_certain(Time now) {
    auto next = never;
    if (options_.expiry == Expiry::told) {
        for (const auto* d : trash_) {
            next = d->dropped_by > now ? std::min(next, d->dropped_by) : next;
        }
    }
    drop_unavailable(now, options_.expiry == Expiry::told ? now : never);
    if (next != never) {
        drop_due_ = next;
        drop_since_ = now;
        plan_housekeeping();
    }
}

/// ip_vs_expire_nodest_conn_flush: entries of removed servers, and templates they leave alone;
/// only of those servers that it must have come for by `certain`, or of all (`never`).
void Ipvs::Model::drop_unavailable(Time now, Time certain) {
    drop_due_ = never;
    drop_since_ = never;
    plan_housekeeping();
    for (ConnectionId id = 0; id < table_.pool().end(); ++id) {
        const auto& c = table_[id];
        if (!may_drop_unavailable(c) ||
            (certain != never && destinations_[c.destination]->dropped_by > certain)) {
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
        drop_certain(drop_due_);
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

/// Compiled as one, as step() is.
[[gnu::flatten]] void Ipvs::Model::fire_due(Time now) {
    while (wheel_.next() <= now || housekeeping_due_ <= now) {
        // Connection timers up to the next piece of housekeeping, then that.
        const auto until = std::min(now, housekeeping_due_);
        const auto id = wheel_.pop(until);
        prefetch_server_of(wheel_.upcoming());
        if (id == no_connection) {
            if (housekeeping_due_ <= until) {
                housekeeping(until);
            }
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

DueTimer Ipvs::Model::drop_timer() const {
    return {drop_handle, drop_since_, {}, {}, false, {}, false, false, true, no_connection, false};
}

DueTimer Ipvs::Model::due_timer(ConnectionId id) const {
    const auto& c = table_[id];
    const auto& d = *destinations_[c.destination];
    const auto doubt = doubts_.find(id);
    return {id,
            doubt == doubts_.end() ? c.expires : doubt->second.due(),
            d.service,
            d.endpoint,
            d.available,
            {d.endpoint.address, Port{c.server_port}},
            c.is_template != 0,
            c.counted_active != 0,
            false,
            c.controller,
            false};
}

std::vector<DueTimer> Ipvs::Model::due_timers(Time now) const {
    std::vector<DueTimer> due;
    if (options_.expiry != Expiry::told) {
        return due;
    }
    if (drop_since_ <= now) {
        due.push_back(drop_timer());
    }
    for (ConnectionId id = 0; id < table_.pool().end(); ++id) {
        if (table_[id].in_use != 0 && may_be_gone(id, now)) {
            due.push_back(due_timer(id));
        }
    }
    std::ranges::stable_sort(due, {}, &DueTimer::due);
    return due;
}

void Ipvs::Model::fire(std::uint32_t handle, Time now) {
    if (handle == drop_handle) {
        drop_unavailable(now, never);
        return;
    }
    // A template that is gone was held by nobody.
    for (ConnectionId held = 0; table_[handle].controlled > 0 && held < table_.pool().end();
         ++held) {
        if (table_[held].in_use != 0 && table_[held].controller == handle) {
            remove_connection(held, false, now);
        }
    }
    remove_connection(handle, false, now);
}

void Ipvs::Model::seen_alive(std::uint32_t handle, Time now) {
    if (table_[handle].is_template != 0) {
        auto doubt = doubt_of(handle);
        doubt.seen_alive(now);
        set_doubt(handle, std::move(doubt));
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
    if (options_.expiry != Expiry::told || !sees(segment)) {
        return std::nullopt;
    }
    if (id != no_connection) {
        const auto& c = table_[id];
        const bool syn = c.protocol == Protocol::tcp && has(segment.flags, TcpFlags::syn);
        const bool available = destinations_[c.destination]->available;
        if (may_be_gone(id, now)) {
            auto timer = due_timer(id);
            timer.passed_over =
                in && ((syn && reschedules(c)) || (!available && options_.expire_nodest_conn));
            return timer;
        }
        const bool nat = c.method == static_cast<unsigned>(ForwardingMethod::nat);
        const bool dropped = drop_since_ <= now && may_drop_unavailable(c) && !in && nat;
        return dropped ? std::optional(drop_timer()) : std::nullopt;
    }
    const auto* service = in ? look_service_up(segment) : nullptr;
    if (service != nullptr && service->is_persistent()) {
        const auto controller = table_.find_template(template_key(*service, {segment, now}));
        if (controller != no_connection && may_be_gone(controller, now)) {
            return due_timer(controller);
        }
    }
    return std::nullopt;
}

std::optional<DestinationStatus> Ipvs::Model::removed_destination(const ServiceKey& key,
                                                                  const Endpoint& server) const {
    for (auto i = trash_.size(); i-- > 0;) {
        if (trash_[i]->endpoint == server && trash_[i]->service == normalised(key)) {
            return status_of(*trash_[i]);
        }
    }
    return std::nullopt;
}

void Ipvs::Model::for_each_connection(
    const std::function<void(const ConnectionStatus&)>& visit) const {
    std::vector<ExpirySpan> spans;
    for (ConnectionId id = 0; id < table_.pool().end(); ++id) {
        const auto& c = table_[id];
        if (c.in_use == 0) {
            continue;
        }
        spans.clear();
        if (c.is_template != 0 && options_.expiry == Expiry::told &&
            (c.expires <= last_advance_ || doubts_.contains(id))) {
            for (const auto& course : doubt_of(id).possible(last_advance_, freed(id))) {
                spans.push_back({course.due.earliest, course.due.latest});
            }
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
               c.is_template != 0,
               id,
               destinations_[c.destination]->available && destinations_[c.destination]->bound,
               spans,
               c.by_sync != 0});
    }
}

}  // namespace lvslab::ipvs
