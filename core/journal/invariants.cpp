// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/invariants.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/journal/invariant_checker.hpp"
#include "core/journal/json_lines.hpp"

namespace lvslab::journal {
namespace {

constexpr InvariantKind kinds[] = {
    {"one_active",
     "Exactly one router is active from T + 2 (K + D) + D on. T: since then every heartbeat of "
     "both "
     "on one path has been heard, both were up for D before, neither gave up the service for a "
     "fault of its own or took it back (failback), and a release is D + deadtime past; K: the "
     "longer keepalive; D: the longest delay told, and 10 ms for queues. Only where K + D < the "
     "shorter deadtime, and until a reload, which may change them.",
     "docs/pulse.md, What is promised; pulse.c, run"},
    {"vip_answered",
     "Some router, not crashed or hung, has each floating address that was ever raised, from "
     "T + K + D on. T, K, D and scope as in `one_active`.",
     "docs/pulse.md, What is promised: one is active from then on, and activation raises the "
     "addresses"},
    {"dead_router_silent",
     "A crashed or hung router raises and announces no address, sends no heartbeat and no "
     "synchronisation, becomes not active, and decides nothing; a router announces only addresses "
     "that it has.",
     "such a machine runs no code; pulse.c, sendArps after ifconfig up"},
    {"taken_out",
     "A connection that the scheduler places goes to a real server that is in the virtual service "
     "of that router with a weight above 0. What a persistence template places is not held to it.",
     "ip_vs_sched.c and each scheduler: weight 0 is never chosen"},
    {"persistence",
     "On one router, a client (by the service's mask) goes to the same real server as the time "
     "before, until `persistent` has passed since then (at the most 60 s, if it had passed once "
     "while connections held the template), or the server was removed or set to weight 0, or the "
     "service's persistence was changed, or templates came by synchronisation.",
     "ip_vs_core.c, ip_vs_sched_persist; ip_vs_conn.c, ip_vs_check_template and "
     "ip_vs_conn_expire"},
    {"connections_accounted",
     "A connection is opened once and closed once, not before it was opened, and at the run's end "
     "none is left open.",
     "`connection_closed` above"},
    {"counters_grow",
     "No counter or duration is negative; none that counts since the run's start runs back, except "
     "those of a machine that crashed (of an application: that was stopped).",
     "the counters' meaning above"},
    {"packets_conserved",
     "`director_traffic`: seen = passed + forwarded + replies + dropped + rejected + reset. "
     "`link_traffic`: offered = delivered + lost + cut + waiting.",
     "the counters' meaning above"}};

}  // namespace

std::span<const InvariantKind> invariant_kinds() {
    return kinds;
}

std::string Violation::to_string() const {
    std::string text = fmt::format("{} at {} s: {}", name, to_seconds(time), message);
    for (const auto& line : last_events) {
        text += "\n    " + line;
    }
    return text;
}

Invariants::Invariants(Level level) : level_(level) {}

Invariants::~Invariants() = default;

void Invariants::take(const Event& event) {
    if (const auto* run = std::get_if<RunStarted>(&event.payload)) {
        run_ = *run;
        const auto report = [this](std::string_view name, Time time, std::string message) {
            add(name, time, std::move(message));
        };
        checkers_.clear();
        checkers_.push_back(watch_roles(run_, report));
        checkers_.push_back(watch_dead_routers(run_, report));
        checkers_.push_back(watch_destinations(run_, report));
        checkers_.push_back(watch_templates(run_, report));
        checkers_.push_back(watch_connections(level_ == Level::all, report));
        checkers_.push_back(watch_counters(run_, report));
    }
    for (const auto& checker : checkers_) {
        checker->pass(event.time);
    }
    remember(event);
    for (const auto& checker : checkers_) {
        checker->take(event);
    }
}

void Invariants::remember(const Event& event) {
    last_[seen_ % events_kept] = event;
    ++seen_;
}

std::vector<std::string> Invariants::last_events() const {
    std::vector<std::string> lines;
    const auto kept = std::min(seen_, events_kept);
    for (std::size_t i = seen_ - kept; i < seen_; ++i) {
        append_json_line(lines.emplace_back(), last_[i % events_kept], run_);
    }
    return lines;
}

void Invariants::add(std::string_view name, Time time, std::string message) {
    ++count_;
    const auto kept = std::count_if(violations_.begin(), violations_.end(),
                                    [&](const Violation& v) { return v.name == name; });
    if (static_cast<std::size_t>(kept) < most_violations) {
        violations_.push_back({name, time, std::move(message), last_events()});
    }
}

std::string invariants_markdown() {
    std::string out = "\n## Invariants\n\n| name | what must hold | why |\n|---|---|---|\n";
    for (const auto& kind : kinds) {
        out += fmt::format("| `{}` | {} | {} |\n", kind.name, kind.meaning, kind.source);
    }
    return out;
}

}  // namespace lvslab::journal
