// SPDX-License-Identifier: GPL-2.0-only
// The metrics of routers, takeovers, checks, data servers and links.
#include "core/journal/observables.hpp"

namespace lvslab::journal {
namespace {

Value seconds(std::optional<Duration> value) {
    return value ? Value{to_seconds(*value)} : Value{};
}

/// Of a run without daemons nothing is known of roles.
Value if_told(const Summary& s, Value value) {
    return s.failover.roles_told() ? std::move(value) : Value{};
}

std::string name_of(const std::vector<std::string>& names, std::size_t index) {
    return index < names.size() ? names[index] : std::string{};
}

const RouterMetrics& metrics(const RouterOf& r) {
    return r.summary.failover.routers()[r.index];
}

const DataServerMetrics& metrics(const DataServerOf& d) {
    return d.summary.data_servers[d.index];
}

Value packets(const RouterOf& r, std::uint64_t DirectorTraffic::*member) {
    const auto& sample = metrics(r).packets;
    return sample ? Value{(*sample).*member} : Value{};
}

Value of_lvs_cf(const RouterOf& r, const std::vector<Duration>& list) {
    return r.index < list.size() ? Value{to_seconds(list[r.index])} : Value{};
}

constexpr Metric<Summary> of_failover[] = {
    {"faults", "faults", "faults that were put into effect",
     [](const Summary& s) { return Value{s.faults}; }},
    {"takeovers", "takeovers", "a router became active after another one was",
     [](const Summary& s) { return if_told(s, s.failover.takeovers_counted()); }},
    {"takeover_time_max", "s",
     "longest time from the failure of the active router (crashed, hung, daemons suspended, or "
     "inactive) until the other one was active",
     [](const Summary& s) { return seconds(s.failover.longest_takeover()); }},
    {"takeover_time_mean", "s", "mean of these times",
     [](const Summary& s) {
         const auto mean = s.failover.mean_takeover();
         return mean ? Value{*mean} : Value{};
     }},
    {"two_active_time", "s", "time in which more than one router was active",
     [](const Summary& s) { return if_told(s, to_seconds(s.failover.two_active().total(s.end))); }},
    {"two_active_longest", "s", "longest such time without a break",
     [](const Summary& s) {
         return if_told(s, to_seconds(s.failover.two_active().longest(s.end)));
     }},
    {"none_active_time", "s", "time in which no router was active",
     [](const Summary& s) {
         return if_told(s, to_seconds(s.failover.none_active().total(s.end)));
     }},
    {"none_active_longest", "s", "longest such time without a break",
     [](const Summary& s) {
         return if_told(s, to_seconds(s.failover.none_active().longest(s.end)));
     }},
    {"open_at_takeovers", "connections",
     "connections opened before the failure that ended after the takeover",
     [](const Summary& s) { return if_told(s, s.failover.open_at_takeovers()); }},
    {"survived_takeovers", "connections", "of these, served",
     [](const Summary& s) { return if_told(s, s.failover.survived_takeovers()); }},
    {"timeline_left_out", "moments", "moments that timeline.csv had no room for",
     [](const Summary& s) { return Value{s.timeline.entries_left_out()}; }},
    {"heartbeats_left_out", "heartbeats", "heartbeats that heartbeats.csv had no room for",
     [](const Summary& s) { return Value{s.timeline.heartbeats_left_out()}; }}};

constexpr Metric<TakeoverOf> of_takeover[] = {
    {"at", "s", "the new router became active",
     [](const TakeoverOf& t) { return Value{to_seconds(t.takeover.at)}; }},
    {"from", "", "router that was active before",
     [](const TakeoverOf& t) { return Value{name_of(t.summary.run.routers, t.takeover.from)}; }},
    {"to", "", "router that is active now",
     [](const TakeoverOf& t) { return Value{name_of(t.summary.run.routers, t.takeover.to)}; }},
    {"failed", "s", "when the old one failed; null = it had not",
     [](const TakeoverOf& t) {
         return t.takeover.failed ? Value{to_seconds(*t.takeover.failed)} : Value{};
     }},
    {"time", "s", "from the failure to the takeover",
     [](const TakeoverOf& t) { return seconds(t.takeover.time()); }},
    {"open", "connections", "opened before the failure (else the takeover) and ended after it",
     [](const TakeoverOf& t) { return Value{t.takeover.open}; }},
    {"survived", "connections", "of these, served",
     [](const TakeoverOf& t) { return Value{t.takeover.survived}; }}};

constexpr Metric<RouterOf> of_router[] = {
    {"router", "", "name of the LVS router",
     [](const RouterOf& r) { return Value{r.summary.run.routers[r.index]}; }},
    {"keepalive", "s", "time between heartbeats, by its lvs.cf",
     [](const RouterOf& r) { return of_lvs_cf(r, r.summary.run.keepalive); }},
    {"deadtime", "s", "silence that means death, by its lvs.cf",
     [](const RouterOf& r) { return of_lvs_cf(r, r.summary.run.deadtime); }},
    {"role_changes", "changes", "changes between active and inactive that it told",
     [](const RouterOf& r) { return if_told(r.summary, metrics(r).role_changes); }},
    {"activations", "changes", "of these, to active",
     [](const RouterOf& r) { return if_told(r.summary, metrics(r).activations); }},
    {"active_time", "s", "time in which it was active, and neither crashed nor hung",
     [](const RouterOf& r) {
         return if_told(r.summary, to_seconds(metrics(r).active.total(r.summary.end)));
     }},
    {"heartbeats_sent_public", "heartbeats", "sent on the public network",
     [](const RouterOf& r) { return Value{metrics(r).heartbeats_sent[0]}; }},
    {"heartbeats_sent_private", "heartbeats", "sent on the private network",
     [](const RouterOf& r) { return Value{metrics(r).heartbeats_sent[1]}; }},
    {"heartbeats_heard_public", "heartbeats", "heard on the public network",
     [](const RouterOf& r) { return Value{metrics(r).heartbeats_heard[0]}; }},
    {"heartbeats_heard_private", "heartbeats", "heard on the private network",
     [](const RouterOf& r) { return Value{metrics(r).heartbeats_heard[1]}; }},
    {"announcements", "packets", "gratuitous ARP packets sent",
     [](const RouterOf& r) { return Value{metrics(r).announcements}; }},
    {"checks", "checks", "checks of real servers that came to an end",
     [](const RouterOf& r) { return Value{metrics(r).checks}; }},
    {"checks_failed", "checks", "of these, not answered as expected",
     [](const RouterOf& r) { return Value{metrics(r).checks_failed}; }},
    {"sync_sent", "datagrams", "datagrams of connection synchronisation sent",
     [](const RouterOf& r) { return Value{metrics(r).sync_sent}; }},
    {"sync_connections_sent", "connections", "connections in them",
     [](const RouterOf& r) { return Value{metrics(r).sync_connections_sent}; }},
    {"sync_bytes_sent", "B", "bytes in them",
     [](const RouterOf& r) { return Value{metrics(r).sync_bytes_sent}; }},
    {"sync_received", "datagrams", "datagrams of connection synchronisation worked off",
     [](const RouterOf& r) { return Value{metrics(r).sync_received}; }},
    {"sync_connections_received", "connections", "connections in them",
     [](const RouterOf& r) { return Value{metrics(r).sync_connections_received}; }},
    {"sync_connections_refused", "connections", "of these, could not be taken",
     [](const RouterOf& r) { return Value{metrics(r).sync_connections_refused}; }},
    {"packets_seen", "packets", "packets that IPVS looked at (the last sample, as the next six)",
     [](const RouterOf& r) { return packets(r, &DirectorTraffic::seen); }},
    {"packets_passed", "packets", "none of IPVS's business",
     [](const RouterOf& r) { return packets(r, &DirectorTraffic::passed); }},
    {"packets_forwarded", "packets", "sent to a real server",
     [](const RouterOf& r) { return packets(r, &DirectorTraffic::forwarded); }},
    {"packets_replies", "packets", "real servers' replies, rewritten",
     [](const RouterOf& r) { return packets(r, &DirectorTraffic::replies); }},
    {"packets_dropped", "packets", "dropped",
     [](const RouterOf& r) { return packets(r, &DirectorTraffic::dropped); }},
    {"packets_rejected", "packets", "answered with ICMP port unreachable",
     [](const RouterOf& r) { return packets(r, &DirectorTraffic::rejected); }},
    {"packets_reset", "packets", "answered with RST",
     [](const RouterOf& r) { return packets(r, &DirectorTraffic::reset); }}};

constexpr Metric<DataServerOf> of_data_server[] = {
    {"data", "", "name of the data server",
     [](const DataServerOf& d) { return Value{d.summary.run.data_servers[d.index]}; }},
    {"requests", "requests", "requests to it that are over",
     [](const DataServerOf& d) { return Value{metrics(d).requests}; }},
    {"failed", "requests", "of these, not answered",
     [](const DataServerOf& d) { return Value{metrics(d).failed}; }},
    {"time_mean", "s", "mean time of the answered ones (exact)",
     [](const DataServerOf& d) {
         const auto mean = metrics(d).times.mean();
         return mean ? Value{*mean} : Value{};
     }},
    {"time_p99", "s", "99 of 100 took no longer",
     [](const DataServerOf& d) { return seconds(metrics(d).times.quantile(0.99)); }},
    {"time_max", "s", "the longest one (exact)",
     [](const DataServerOf& d) { return seconds(metrics(d).times.maximum()); }},
    {"activations", "changes", "times that a node of its pair became active",
     [](const DataServerOf& d) { return Value{metrics(d).activations}; }}};

constexpr Metric<CheckOf> of_check[] = {
    {"router", "", "LVS router",
     [](const CheckOf& c) {
         return Value{name_of(c.summary.run.routers, std::get<0>(c.check.first))};
     }},
    {"service", "", "virtual service",
     [](const CheckOf& c) {
         return Value{name_of(c.summary.run.services, std::get<1>(c.check.first))};
     }},
    {"server", "", "real server",
     [](const CheckOf& c) {
         return Value{name_of(c.summary.run.servers, std::get<2>(c.check.first))};
     }},
    {"checks", "checks", "checks that came to an end",
     [](const CheckOf& c) { return Value{c.check.second.ended}; }},
    {"failed", "checks", "of these, not answered as expected",
     [](const CheckOf& c) { return Value{c.check.second.failed}; }},
    {"time_mean", "s", "mean time that a check took",
     [](const CheckOf& c) {
         const auto& check = c.check.second;
         return check.ended > 0
                    ? Value{to_seconds(check.time_sum) / static_cast<double>(check.ended)}
                    : Value{};
     }},
    {"time_max", "s", "longest time that a check took",
     [](const CheckOf& c) {
         const auto& check = c.check.second;
         return check.ended > 0 ? Value{to_seconds(check.time_max)} : Value{};
     }},
    {"load", "", "the server's load as measured last", [](const CheckOf& c) {
         const auto& load = c.check.second.load;
         return load ? Value{*load} : Value{};
     }}};

constexpr Metric<LinkTraffic> of_link[] = {
    {"link", "", "link and direction", [](const LinkTraffic& l) { return Value{l.link}; }},
    {"offered", "packets", "packets given to it",
     [](const LinkTraffic& l) { return Value{l.offered}; }},
    {"delivered", "packets", "arrived", [](const LinkTraffic& l) { return Value{l.delivered}; }},
    {"lost", "packets", "lost in a full queue or by chance",
     [](const LinkTraffic& l) { return Value{l.lost}; }},
    {"cut", "packets", "met a cut link or a dead machine",
     [](const LinkTraffic& l) { return Value{l.cut}; }},
    {"waiting", "packets", "in the queue or on the way at the last sample",
     [](const LinkTraffic& l) { return Value{l.waiting}; }}};

}  // namespace

std::span<const Metric<Summary>> failover_metrics() {
    return of_failover;
}
std::span<const Metric<TakeoverOf>> takeover_metrics() {
    return of_takeover;
}
std::span<const Metric<RouterOf>> router_metrics() {
    return of_router;
}
std::span<const Metric<DataServerOf>> data_server_metrics() {
    return of_data_server;
}
std::span<const Metric<CheckOf>> check_metrics() {
    return of_check;
}
std::span<const Metric<LinkTraffic>> link_metrics() {
    return of_link;
}

}  // namespace lvslab::journal
