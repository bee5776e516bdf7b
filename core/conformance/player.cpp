// SPDX-License-Identifier: GPL-2.0-only
#include "core/conformance/player.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/conformance/list_match.hpp"
#include "core/conformance/missing_counters.hpp"
#include "core/conformance/sysctl.hpp"
#include "core/conformance/wording.hpp"
#include "core/ipvs/kernel_timer.hpp"
#include "core/ipvs/schedulers.hpp"

namespace lvslab::conformance {
namespace {

using ipvs::Action;
using ipvs::ServiceKey;
using ipvs::Verdict;

/// Where a list does not tell how long it was read: 14 ms were seen for several hundred entries.
constexpr Duration reading_time = std::chrono::milliseconds(20);
/// How many lines before a mismatch are shown.
constexpr std::size_t context_lines = 5;

std::string template_name(const std::string& client, const std::string& virtual_endpoint,
                          const std::string& server) {
    return fmt::format("{} {} {}", client, virtual_endpoint, server);
}

}  // namespace

Checked<Report> Player::play(std::uint64_t enough) {
    for (std::size_t i = 0; i < recording_.events.size() && report_.mismatches < enough; ++i) {
        const auto& event = recording_.events[i];
        index_ = i;
        failure_.reset();
        compared_ = false;
        in_doubt_ = false;
        play_event(event);
        if (diagnostics_.has_errors()) {
            return {std::nullopt, diagnostics_};
        }
        settle(event, i);
    }
    if (random_) {
        report_.choices = choices_.judge();
        if (!report_.choices->holds) {
            ++report_.mismatches;
        }
    }
    return {report_, diagnostics_};
}

/// Counts the event, and keeps the first that differs.
void Player::settle(const Event& event, std::size_t index) {
    report_.events += compared_ ? 1 : 0;
    if (!failure_) {
        report_.timer_granule += in_doubt_ ? 1 : 0;
        return;
    }
    ++report_.mismatches;
    if (report_.first) {
        return;
    }
    Mismatch m{event.line, shortened(event.text), failure_->first, failure_->second, {}};
    for (auto i = index - std::min(index, context_lines); i < index; ++i) {
        m.context.push_back(shortened(recording_.events[i].text));
    }
    report_.first = std::move(m);
}

void Player::play_event(const Event& event) {
    if (event.op != Op::env) {
        now_ = event.op == Op::connections ? event.time : event.end;
        ipvs_.advance(now_);
    }
    switch (event.op) {
        case Op::env:
            break;
        case Op::timeout:
            play_timeouts(event);
            break;
        case Op::sysctl: {
            if (event.error.value_or(0) != 0) {
                break;  // the kernel refused it
            }
            auto changed = ipvs_.options();
            const auto problem = set_sysctl(changed, event.sysctl, event.sysctl_value);
            if (!problem.empty()) {
                refuse(event, problem);
            }
            ipvs_.set_options(changed);
            break;
        }
        case Op::add_service:
        case Op::edit_service:
        case Op::remove_service:
            play_service(event);
            break;
        case Op::add_server:
        case Op::edit_server:
        case Op::remove_server:
            play_change(event);
            break;
        case Op::in:
            play_in(event);
            break;
        case Op::rs:
            play_rs(event);
            break;
        case Op::shell:
            marks_.insert(marks_.end(), event.mark_rules.begin(), event.mark_rules.end());
            break;
        case Op::counters_on:
            counters_after_ = event.on;
            break;
        case Op::sleep:
        case Op::counters:
            compare_counters(event);
            break;
        case Op::connections:
            compare_connections(event);
            break;
    }
}

/// ip_vs_set_timeout takes what fits an int in ticks.
void Player::play_timeouts(const Event& event) {
    const auto fits = [](Duration d) {
        return d >= Duration::zero() && d / ipvs::jiffy <= std::numeric_limits<int>::max();
    };
    const auto& t = event.timeouts;
    const bool fine = fits(t.tcp) && fits(t.tcp_fin) && fits(t.udp);
    if (fine) {
        ipvs_.set_timeouts(t);
    }
    compare_error(event, fine ? ControlResult::ok : ControlResult::invalid);
}

void Player::compare_error(const Event& event, ControlResult result) {
    if (event.error) {
        compared_ = true;
        if (*event.error != errno_of(result)) {
            differ(fmt::format("errno {}", *event.error),
                   fmt::format("errno {}", errno_of(result)));
        }
    }
}

void Player::play_service(const Event& event) {
    auto found = services_.find(event.service_name);
    if (event.key) {
        Named named{*event.key, *event.settings};
        found = services_.insert_or_assign(event.service_name, named).first;
    } else if (found == services_.end()) {
        refuse(event, fmt::format("service \"{}\" was never defined", event.service_name));
        return;
    } else if (!event.scheduler.empty()) {
        found->second.settings.scheduler = event.scheduler;
    }
    last_service_ = event.service_name;
    play_change(event);
}

ControlResult Player::change(const Event& event) {
    const auto& named = services_.at(event.service_name);
    switch (event.op) {
        case Op::add_service:
            return ipvs_.add_service(named.key, named.settings, now_);
        case Op::edit_service:
            return ipvs_.edit_service(named.key, named.settings, now_);
        case Op::remove_service:
            return ipvs_.remove_service(named.key, now_);
        case Op::add_server:
            return ipvs_.add_destination(named.key, event.server, event.server_settings, now_);
        case Op::edit_server:
            return ipvs_.edit_destination(named.key, event.server, event.server_settings, now_);
        default:
            return ipvs_.remove_destination(named.key, event.server, now_);
    }
}

void Player::play_change(const Event& event) {
    if (!services_.contains(event.service_name)) {
        refuse(event, fmt::format("service \"{}\" was never defined", event.service_name));
        return;
    }
    last_service_ = event.service_name;
    settle_dropping(event);
    compare_error(event, change(event));
    compare_counters(event);
}

/// Entries of a removed server may be gone or not as it comes back (expire_nodest_conn): the
/// counters that it comes back with tell. They were dropped if more of them are missing than
/// timers that are due may have ended.
void Player::settle_dropping(const Event& event) {
    if (event.op != Op::add_server || !event.counters) {
        return;
    }
    const auto& key = services_.at(event.service_name).key;
    const auto removed = ipvs_.removed_destination(key, event.server);
    const auto due = ipvs_.due_timers(now_);
    const auto drop = std::ranges::find_if(due, &DueTimer::is_drop_of_removed);
    const auto row = std::ranges::find(*event.counters, event.server, &ServerCounters::server);
    if (!removed || drop == due.end() || row == event.counters->end()) {
        return;
    }
    const auto may_have_ended = std::ranges::count_if(due, [&](const DueTimer& timer) {
        return !timer.is_drop_of_removed && !timer.is_template && !timer.server_listed &&
               timer.server == event.server && timer.service == key;
    });
    if (row->active + row->inactive + may_have_ended < removed->active + removed->inactive) {
        in_doubt_ = true;
        ipvs_.fire(drop->handle, now_);
    }
}

Segment Player::segment_of(const Event& event) const {
    Segment s;
    s.protocol = event.protocol;
    s.flags = event.flags;
    if (event.op == Op::rs) {
        s.direction = ipvs::Direction::from_server;
        s.destination = event.client;
        return s;
    }
    s.source = event.client;
    s.destination = event.virtual_endpoint;
    for (const auto& rule : marks_) {
        s.mark = fits(rule, s) ? rule.mark : s.mark;
    }
    s.mark = event.mark.value_or(s.mark);
    return s;
}

Player::Named* Player::service_for(const Segment& segment) {
    const auto matches = [&](const ServiceKey& key, bool any_port) {
        if (key.fwmark.value() != 0) {
            return key.fwmark == segment.mark;
        }
        return key.protocol == segment.protocol &&
               key.endpoint.address == segment.destination.address &&
               (any_port ? key.endpoint.port.value() == 0
                         : key.endpoint.port == segment.destination.port);
    };
    for (const bool any_port : {false, true}) {
        for (auto& [name, named] : services_) {
            if (matches(named.key, any_port)) {
                return &named;
            }
        }
    }
    return nullptr;
}

/// Whose counters an event shows.
Player::Named* Player::service_of(const Event& event) {
    if (!event.service_name.empty()) {
        const auto found = services_.find(event.service_name);
        return found == services_.end() ? nullptr : &found->second;
    }
    if (event.op == Op::in && services_.size() > 1) {
        if (auto* named = service_for(segment_of(event))) {
            return named;
        }
    }
    const auto found = services_.find(last_service_);
    return found == services_.end() ? nullptr : &found->second;
}

/// If the packet's entry may have gone already: goes by what the kernel is seen to have done.
void Player::settle_entry(const Event& event, const Segment& segment, bool seems_alive) {
    const auto due = ipvs_.due_entry(segment, now_);
    if (!due) {
        return;
    }
    bool alive = seems_alive;
    if (event.op == Op::in && due->is_template) {
        // Only a packet that asks for a server tells of its template.
        const bool asks = event.to || event.has_icmp;
        alive = !asks || (event.to && event.to->address == due->forwards_to.address);
        in_doubt_ = in_doubt_ || asks;
    } else if (due->passed_over) {
        alive = true;  // nothing tells, and it does not matter
    } else if (event.op == Op::in) {
        in_doubt_ = true;
        alive = due->server_listed ? event.to == due->forwards_to
                                   : !event.to && !event.has_icmp && event.reply.empty();
    } else {
        in_doubt_ = true;
    }
    if (!alive) {
        ipvs_.fire(due->handle, now_);
    }
}

/// The next recorded counters of this server, if the event that shows them is of its service.
std::optional<ServerCounters> Player::next_counters(const ServiceKey& key, const Endpoint& server) {
    const auto next = std::ranges::upper_bound(counted_, index_);
    if (next == counted_.end()) {
        return std::nullopt;
    }
    const auto& event = recording_.events[*next];
    const auto* service = service_of(event);
    const auto row = std::ranges::find(*event.counters, server, &ServerCounters::server);
    return service != nullptr && service->key == key && row != event.counters->end()
               ? std::optional(*row)
               : std::nullopt;
}

/// Not a packet of a connection that has its server: a SYN may ask for one anew.
bool Player::may_bind(const Segment& segment) const {
    if (segment.protocol == Protocol::tcp && has(segment.flags, ipvs::TcpFlags::syn)) {
        return true;
    }
    bool known = false;
    ipvs_.for_each_connection([&](const ipvs::ConnectionStatus& c) {
        known = known || (!c.is_template && c.protocol == segment.protocol &&
                          c.client == segment.source && c.virtual_endpoint == segment.destination);
    });
    return !known;
}

/// A new connection that fills its server up to u_threshold marks it as overloaded, unless a timer
/// of the same server fired just before: the counters after it are the same in both cases. Every
/// other attempt has those timers fire before.
void Player::settle_before_bind(const Event& event, const ServiceKey& key) {
    if (!event.to || counters_after_ || counted_.empty()) {
        return;
    }
    const auto rows = counters_of(key);
    const auto row = std::ranges::find_if(
        rows, [&](const ServerCounters& r) { return r.server.address == event.to->address; });
    if (row == rows.end()) {
        return;
    }
    const auto next = next_counters(key, row->server);
    auto ended =
        next ? row->active + row->inactive + 1 - (next->active + next->inactive) : std::int64_t{0};
    for (const auto& timer : ipvs_.due_timers(now_)) {
        if (ended <= 0 || timer.is_template || !timer.server_listed ||
            timer.server != row->server || timer.service != key) {
            continue;
        }
        --ended;
        chose_ = true;
        if (attempt_ > 0 && order_.below(2) == 0) {
            in_doubt_ = true;
            ipvs_.fire(timer.handle, now_);
        }
    }
}

void Player::play_in(const Event& event) {
    const auto segment = segment_of(event);
    if (event.unseen) {
        ipvs_.step(segment, now_);
        return;
    }
    if (!counters_after_) {
        compare_counters(event);
    }
    settle_entry(event, segment, false);
    auto* service = service_for(segment);
    if (service != nullptr && may_bind(segment)) {
        settle_before_bind(event, service->key);
    }
    const bool random = service != nullptr &&
                        ipvs::find_scheduler(service->settings.scheduler) != nullptr &&
                        ipvs::find_scheduler(service->settings.scheduler)->random;
    random_ = random_ || random;
    std::vector<ipvs::DestinationStatus> before;
    if (random) {
        before = ipvs_.destinations(service->key);
        if (event.to) {
            for (const auto& d : before) {
                if (d.endpoint.address == event.to->address &&
                    (d.endpoint.port == event.to->port || d.endpoint.port.value() == 0)) {
                    ipvs_.script_choice(d.endpoint);
                }
            }
        }
    }
    const auto verdict = ipvs_.step(segment, now_);
    if (verdict.origin == ipvs::Origin::scheduled && random) {
        for (std::size_t i = 0; i < before.size(); ++i) {
            if (before[i].endpoint.address == verdict.server.address &&
                (before[i].endpoint.port == verdict.server.port ||
                 before[i].endpoint.port.value() == 0)) {
                choices_.add(before, i, profile_);
            }
        }
    }
    compare_verdict(event, segment, verdict);
    if (event.to) {
        servers_[{event.client, event.virtual_endpoint}] = *event.to;
    }
    if (counters_after_) {
        compare_counters(event);
    }
}

void Player::compare_verdict(const Event& event, const Segment& segment, const Verdict& verdict) {
    compared_ = true;
    const bool forwards = verdict.action == Action::forward;
    const bool stack = verdict.action == Action::pass || verdict.action == Action::reset;
    const bool unreachable =
        verdict.action == Action::reject || (stack && segment.protocol == Protocol::udp);
    const bool ipv6 = segment.destination.address.is_v6();
    const auto expected =
        outcome_text(event.to, event.method ? name_of(*event.method) : "", event.has_icmp,
                     event.icmp_type, event.icmp_code, event.reply);
    const auto found =
        outcome_text(forwards ? std::optional(verdict.server) : std::nullopt,
                     event.method && forwards ? name_of(verdict.method) : "", unreachable,
                     ipv6 ? 1 : 3, ipv6 ? 4 : 3, stack ? stack_answer(segment) : "");
    if (expected != found) {
        differ(expected, found);
    }
}

void Player::play_rs(const Event& event) {
    auto segment = segment_of(event);
    const auto server = servers_.find({event.client, event.virtual_endpoint});
    bool ok = false;
    if (server != servers_.end()) {
        segment.source = server->second;
        settle_entry(event, segment, event.ok);
        const auto verdict = ipvs_.step(segment, now_);
        ok =
            verdict.action == Action::forward && verdict.virtual_endpoint == event.virtual_endpoint;
    }
    compared_ = true;
    if (ok != event.ok) {
        differ(event.ok ? "the reply leaves with the virtual address" : "the reply does not",
               ok ? "the reply leaves with the virtual address" : "the reply does not");
    }
    if (counters_after_) {
        compare_counters(event);
    }
}

std::vector<ServerCounters> Player::counters_of(const ServiceKey& key) const {
    std::vector<ServerCounters> rows;
    for (const auto& d : ipvs_.destinations(key)) {
        rows.push_back({d.endpoint, d.weight.value(), d.active, d.inactive, d.persistent});
    }
    return rows;
}

/// The due templates, by what tells a template from others.
std::map<std::string, Player::DueTemplate> Player::due_templates(
    const std::vector<DueTimer>& due) const {
    std::set<std::uint32_t> handles;
    for (const auto& timer : due) {
        if (timer.is_template) {
            handles.insert(timer.handle);
        }
    }
    std::map<std::string, DueTemplate> templates;
    ipvs_.for_each_connection([&](const ipvs::ConnectionStatus& c) {
        if (handles.contains(c.handle)) {
            auto lasts_until = c.expires;
            if (!c.possible_expiries.empty()) {
                lasts_until =
                    std::ranges::max(c.possible_expiries, {}, &ipvs::ExpirySpan::earliest).earliest;
            }
            templates.emplace(template_name(c.client.to_string(), c.virtual_endpoint.to_string(),
                                            c.server.to_string()),
                              DueTemplate{c.handle, lasts_until});
        }
    });
    return templates;
}

/// The packet of this event made a template of the server: the next counters have one more.
bool Player::makes_template(std::size_t packet, const Endpoint& server) const {
    const auto& before = recording_.events[packet].counters;
    const auto next = std::ranges::upper_bound(counted_, packet);
    if (!before || counters_after_ || next == counted_.end()) {
        return false;
    }
    const auto& after = *recording_.events[*next].counters;
    const auto from = std::ranges::find(*before, server, &ServerCounters::server);
    const auto to = std::ranges::find(after, server, &ServerCounters::server);
    return from != before->end() && to != after.end() && to->persistent > from->persistent;
}

std::map<std::uint32_t, Later> Player::told_later(const std::vector<DueTimer>& due) const {
    std::map<std::uint32_t, Later> told;
    const auto templates = due_templates(due);
    for (auto i = index_ + 1; i < recording_.events.size() && told.size() < templates.size(); ++i) {
        const auto& event = recording_.events[i];
        if (event.op == Op::connections) {
            std::set<std::string> listed;
            for (const auto& c : event.connections) {
                listed.insert(template_name(c.client, c.virtual_endpoint, c.server));
            }
            for (const auto& [name, due_template] : templates) {
                if (listed.contains(name)) {
                    told.emplace(due_template.handle, Later::there);
                } else if (event.end < due_template.lasts_until) {
                    told.emplace(due_template.handle, Later::gone);
                }
            }
        }
        if (event.op == Op::in && (event.to || event.has_icmp)) {
            const auto timer = ipvs_.due_entry(segment_of(event), now_);
            if (timer && timer->is_template) {
                const bool same = event.to && event.to->address == timer->forwards_to.address;
                told.emplace(timer->handle, same && !makes_template(i, timer->server)
                                                ? Later::there
                                                : Later::gone);
            }
        }
    }
    return told;
}

void Player::compare_counters(const Event& event) {
    if (!event.counters) {
        return;
    }
    compared_ = true;
    const auto* service = service_of(event);
    if (service == nullptr) {
        refuse(event, "counters before any service");
        return;
    }
    if (counters_of(service->key) == *event.counters) {
        note_alive(service->key);
    } else if (!explain(*event.counters, service->key)) {
        differ(text_of(*event.counters), text_of(counters_of(service->key)));
    }
}

/// No counter of the service is less than the model's: none of its entries is gone.
void Player::note_alive(const ServiceKey& key) {
    for (const auto& timer : ipvs_.due_timers(now_)) {
        if (timer.is_template && timer.server_listed && timer.service == key) {
            ipvs_.seen_alive(timer.handle, now_);
        }
    }
}

/// Tries to reach the recorded counters by firing timers that are due, the earliest first. Fires
/// nothing unless that explains every difference.
bool Player::explain(const std::vector<ServerCounters>& recorded, const ServiceKey& key) {
    const auto found = counters_of(key);
    if (found.size() != recorded.size()) {
        return false;
    }
    const auto due = ipvs_.due_timers(now_);
    std::vector<std::uint32_t> fire;
    std::map<std::uint32_t, Later> later;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found[i].server != recorded[i].server || found[i].weight != recorded[i].weight) {
            return false;
        }
        Missing missing{found[i].active - recorded[i].active,
                        found[i].inactive - recorded[i].inactive,
                        found[i].persistent - recorded[i].persistent};
        if (missing.persistent > 0 && later.empty()) {
            later = told_later(due);
        }
        std::vector<DueTimer> timers;
        std::ranges::copy_if(due, std::back_inserter(timers), [&](const DueTimer& timer) {
            return timer.server_listed && timer.server == found[i].server && timer.service == key;
        });
        if (missing.leaves_choice(timers)) {
            chose_ = true;
            for (std::size_t n = timers.size(); attempt_ > 0 && n > 1; --n) {
                std::swap(timers[n - 1], timers[order_.below(n)]);
            }
        }
        // A server that a packet went to later may have been chosen anew: every other attempt does
        // without that hint.
        if (attempt_ % 2 == 0) {
            std::ranges::stable_sort(timers, {}, [&](const DueTimer& timer) {
                const auto told = later.find(timer.handle);
                return told == later.end() ? Later::unknown : told->second;
            });
        }
        if (!missing.account_for(timers, fire)) {
            return false;
        }
    }
    for (const auto handle : fire) {
        ipvs_.fire(handle, now_);
    }
    in_doubt_ = true;
    return counters_of(key) == recorded;
}

void Player::compare_connections(const Event& event) {
    compared_ = true;
    const auto ended = std::max(event.end, event.time + reading_time);
    auto match = match_listed(event.connections, ipvs_, event.time, ended);
    in_doubt_ = in_doubt_ || match.in_doubt;
    if (match.difference) {
        differ(match.difference->first, match.difference->second);
    }
    settle_missing(std::move(match.gone), ended);
    if (match.dropped) {
        ipvs_.fire(*match.dropped, ended);
    }
}

/// Entries that were not listed are gone; a template's connections before it.
void Player::settle_missing(std::vector<std::uint32_t> fire, Time now) {
    for (bool fired = true; fired;) {
        fired = false;
        for (const auto& timer : ipvs_.due_timers(now)) {
            const auto at = std::ranges::find(fire, timer.handle);
            if (at != fire.end() && !fired) {
                fire.erase(at);
                ipvs_.fire(timer.handle, now);
                fired = true;
            }
        }
    }
}

}  // namespace lvslab::conformance
