// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/moment_watch.hpp"

#include <utility>
#include <variant>

namespace lvslab::journal {
namespace {

/// What brings a machine from one state into the other.
std::vector<std::string_view> faults_of(NodeState from, NodeState to) {
    switch (to) {
        case NodeState::crashed:
            return {"crash"};
        case NodeState::hung:
            return {"hang"};
        case NodeState::service_stopped:
            return {"stop", "kill", "terminate"};
        case NodeState::daemons_suspended:
            return {"suspend"};
        case NodeState::up:
            break;
    }
    switch (from) {
        case NodeState::crashed:
            return {"restart"};
        case NodeState::service_stopped:
            return {"start", "restart"};
        case NodeState::hung:
        case NodeState::daemons_suspended:
            return {"resume"};
        case NodeState::up:
            break;
    }
    return {};
}

/// Whether `words` begin with `beginning`, as words.
bool begins(std::string_view words, std::string_view beginning) {
    return words.starts_with(beginning) &&
           (words.size() == beginning.size() || words[beginning.size()] == ' ');
}

std::string_view name_of(const std::vector<std::string>& names, std::uint32_t index) {
    return index < names.size() ? std::string_view(names[index]) : std::string_view{};
}

}  // namespace

void MomentWatch::take(const Event& event) {
    const bool happened =
        std::visit([&](const auto& payload) { return is(event.time, payload); }, event.payload);
    if (happened) {
        happen(event.time);
    }
}

void MomentWatch::happen(Time now) {
    if (happened_at(now)) {
        return;
    }
    ++count_;
    last_ = now;
    if (times_.size() < most_times) {
        times_.push_back(now);
    }
    if (callback_) {
        callback_(now);
    }
}

bool MomentWatch::is(Time, const RunStarted& event) {
    routers_.start(event);
    router_names_ = event.routers;
    servers_ = event.servers;
    nodes_.clear();
    words_.clear();
    out_ = false;
    return false;
}

bool MomentWatch::is(Time now, const NodeChanged& event) {
    const auto before = nodes_.find(event.node);
    const auto from = before == nodes_.end() ? NodeState::up : before->second;
    nodes_[event.node] = event.state;
    const auto holder = routers_.holder();
    const bool was_active = name_of(router_names_, holder) == event.node && routers_.active(holder);
    routers_.on(now, event);
    if (moment_.kind == Moment::Kind::becomes_inactive) {
        return moment_.subject == event.node && was_active && event.state == NodeState::crashed;
    }
    if (moment_.kind != Moment::Kind::fault ||
        (!moment_.subject.empty() && moment_.subject != event.node)) {
        return false;
    }
    for (const auto fault : faults_of(from, event.state)) {
        if (moment_.fault == fault) {
            return true;
        }
    }
    return false;
}

bool MomentWatch::is(Time, const FaultInjected& event) {
    if (moment_.kind == Moment::Kind::fault_number) {
        if (event.fault + 1 != moment_.number) {
            return false;
        }
        // What undoes it after a while has its number, too, but other words.
        words_ = words_.empty() ? event.what : words_;
        return event.what == words_;
    }
    return moment_.kind == Moment::Kind::fault &&
           begins(event.what,
                  moment_.subject.empty() ? moment_.fault : moment_.fault + ' ' + moment_.subject);
}

bool MomentWatch::is(Time now, const RoleChanged& event) {
    const bool was_active = routers_.active(event.router);
    const bool moved = routers_.on(now, event).has_value();
    const bool of_subject = name_of(router_names_, event.router) == moment_.subject;
    switch (moment_.kind) {
        case Moment::Kind::takeover:
            return moved;
        case Moment::Kind::becomes_active:
            return of_subject && event.active && !was_active;
        case Moment::Kind::becomes_inactive:
            return of_subject && !event.active && was_active;
        default:
            return false;
    }
}

bool MomentWatch::is(Time, const AddressAnnounced& event) {
    return moment_.kind == Moment::Kind::announced && event.nth == 5;
}

bool MomentWatch::is(Time, const DestinationAdded& event) {
    return weighs(event.router, event.server, event.weight > 0);
}

bool MomentWatch::is(Time, const DestinationEdited& event) {
    return weighs(event.router, event.server, event.weight > 0);
}

bool MomentWatch::is(Time, const DestinationRemoved& event) {
    return weighs(event.router, event.server, false);
}

bool MomentWatch::weighs(std::uint32_t router, std::uint32_t server, bool in) {
    const bool about_pool =
        moment_.kind == Moment::Kind::taken_out || moment_.kind == Moment::Kind::put_back;
    if (!about_pool || name_of(servers_, server) != moment_.subject ||
        !routers_.speaks_for_service(router)) {
        return false;
    }
    const bool was_out = std::exchange(out_, !in);
    return moment_.kind == Moment::Kind::taken_out ? !in && !was_out : in && was_out;
}

}  // namespace lvslab::journal
