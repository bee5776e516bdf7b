// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/failover.hpp"

#include <algorithm>
#include <utility>

namespace lvslab::journal {

void TimeSpent::set(Time now, bool on) {
    if (on && since == never) {
        since = now;
    } else if (!on && since != never) {
        past += now - since;
        longest_past = std::max(longest_past, now - since);
        since = never;
    }
}

Duration TimeSpent::total(Time end) const {
    return since < end ? past + (end - since) : past;
}

Duration TimeSpent::longest(Time end) const {
    return since < end ? std::max(longest_past, end - since) : longest_past;
}

std::uint64_t Failover::open_at_takeovers() const {
    std::uint64_t sum = 0;
    for (const auto& takeover : takeovers_) {
        sum += takeover.open;
    }
    return sum;
}

std::uint64_t Failover::survived_takeovers() const {
    std::uint64_t sum = 0;
    for (const auto& takeover : takeovers_) {
        sum += takeover.survived;
    }
    return sum;
}

std::optional<Duration> Failover::longest_takeover() const {
    std::optional<Duration> longest;
    for (const auto& takeover : takeovers_) {
        // An empty optional is less than any time.
        longest = std::max(longest, takeover.time());
    }
    return longest;
}

std::optional<double> Failover::mean_takeover() const {
    double sum = 0, count = 0;
    for (const auto& takeover : takeovers_) {
        if (const auto time = takeover.time()) {
            sum += to_seconds(*time);
            ++count;
        }
    }
    return count > 0 ? std::optional(sum / count) : std::nullopt;
}

void Failover::start(Time now, const RunStarted& run) {
    *this = {};
    routers_.resize(run.routers.size());
    names_ = run.routers;
    states_.resize(run.routers.size());
    count_active(now);
}

RouterMetrics* Failover::router(std::uint32_t index) {
    return index < routers_.size() ? &routers_[index] : nullptr;
}

void Failover::on(Time now, const NodeChanged& event) {
    const auto found = std::find(names_.begin(), names_.end(), event.node);
    if (found == names_.end()) {
        return;
    }
    auto& state = states_[static_cast<std::size_t>(found - names_.begin())];
    state.node = event.state;
    const bool fails = event.state == NodeState::crashed || event.state == NodeState::hung ||
                       event.state == NodeState::daemons_suspended;
    if (fails && state.role && !state.failed) {
        state.failed = now;
    } else if (event.state == NodeState::up && state.role) {
        state.failed.reset();  // it woke up before anybody took over, or as one of two
    }
    if (event.state == NodeState::crashed) {
        state.role = false;
    }
    count_active(now);
}

std::optional<Takeover> Failover::on(Time now, const RoleChanged& event) {
    auto* metrics = router(event.router);
    if (metrics == nullptr) {
        return std::nullopt;
    }
    roles_told_ = true;
    auto& state = states_[event.router];
    metrics->role_changes += state.role != event.active ? 1 : 0;
    metrics->activations += event.active ? 1 : 0;
    if (state.role && !event.active && !state.failed) {
        state.failed = now;
    }
    state.role = event.active;
    const auto takeover = event.active ? take_over(now, event.router) : std::nullopt;
    count_active(now);
    return takeover;
}

std::optional<Takeover> Failover::take_over(Time now, std::uint32_t to) {
    states_[to].failed.reset();
    const auto from = std::exchange(holder_, to);
    if (from == no_index || from == to) {
        return std::nullopt;
    }
    const Takeover takeover{now, from, to, states_[from].failed};
    ++takeovers_counted_;
    if (takeovers_.size() < Failover::most_takeovers) {
        takeovers_.push_back(takeover);
    }
    return takeover;
}

void Failover::count_active(Time now) {
    std::size_t active = 0;
    for (std::size_t i = 0; i < states_.size(); ++i) {
        routers_[i].active.set(now, states_[i].active());
        active += states_[i].active() ? 1U : 0U;
    }
    two_active_.set(now, active > 1);
    none_active_.set(now, active == 0);
    // Of two that were active one has yielded: the service is with the other.
    if (active == 1 && holder_ != no_index && !states_[holder_].active()) {
        const auto other =
            std::find_if(states_.begin(), states_.end(), [](const State& s) { return s.active(); });
        holder_ = static_cast<std::uint32_t>(other - states_.begin());
    }
}

void Failover::on(const HeartbeatSent& event) {
    if (auto* metrics = router(event.router)) {
        ++metrics->heartbeats_sent[event.path == 0 ? 0U : 1U];
    }
}

void Failover::on(const HeartbeatHeard& event) {
    if (auto* metrics = router(event.router)) {
        ++metrics->heartbeats_heard[event.path == 0 ? 0U : 1U];
    }
}

void Failover::on(const AddressAnnounced& event) {
    if (auto* metrics = router(event.router)) {
        ++metrics->announcements;
    }
}

void Failover::on(const CheckEnded& event) {
    if (auto* metrics = router(event.router)) {
        ++metrics->checks;
        metrics->checks_failed += event.up ? 0 : 1;
        auto& check = checks_[{event.router, event.service, event.server}];
        ++check.ended;
        check.failed += event.up ? 0 : 1;
        check.time_sum += event.duration;
        check.time_max = std::max(check.time_max, event.duration);
    }
}

void Failover::on(const LoadMeasured& event) {
    checks_[{event.router, event.service, event.server}].load = event.load;
}

void Failover::on(const SyncSent& event) {
    if (auto* metrics = router(event.router)) {
        ++metrics->sync_sent;
        metrics->sync_connections_sent += event.connections;
        metrics->sync_bytes_sent += event.bytes;
    }
}

void Failover::on(const SyncReceived& event) {
    if (auto* metrics = router(event.router)) {
        ++metrics->sync_received;
        metrics->sync_connections_received += event.connections;
        metrics->sync_connections_refused += event.refused;
    }
}

void Failover::on(const DirectorTraffic& event) {
    if (auto* metrics = router(event.router)) {
        metrics->packets = event;
    }
}

void Failover::on(Time now, const ConnectionClosed& event) {
    const auto opened = now - event.duration;
    for (auto t = takeovers_.rbegin(); t != takeovers_.rend() && t->at > opened; ++t) {
        if (opened < t->failed.value_or(t->at)) {
            ++t->open;
            t->survived += event.outcome == Outcome::served ? 1 : 0;
        }
    }
}

}  // namespace lvslab::journal
