// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/timeline.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/journal/description_failover.hpp"

namespace lvslab::journal {
namespace {

std::string name_of(const std::vector<std::string>& names, std::uint32_t index) {
    return index < names.size() ? names[index] : std::string{};
}

std::string word(std::span<const std::string_view> words, std::size_t value) {
    return value < words.size() ? std::string(words[value]) : std::string{};
}

}  // namespace

const std::vector<TimelineKind>& timeline_kinds() {
    static const std::vector<TimelineKind> kinds{
        {"fault", "what is done", "place in the scenario's list of faults"},
        {"node", "name of the machine", "its state from now on"},
        {"active", "router", "why"},
        {"inactive", "router", "why"},
        {"takeover", "router that is active now", "`FROM, after N s` or `FROM, which is active`"},
        {"raised", "router", "address"},
        {"lowered", "router", "address"},
        {"announced", "router", "address"},
        {"put_in", "real server", "`SERVICE at ROUTER`, for the first time"},
        {"taken_out", "real server", "`SERVICE at ROUTER`: removed, or weight 0"},
        {"put_back", "real server", "`SERVICE at ROUTER`: added, or weight above 0 again"},
        {"path_open", "`FROM to TO`", "network: public, private"},
        {"path_cut", "`FROM to TO`", "network: public, private"},
        {"data_active", "data server", "node: first, standby"},
        {"data_inactive", "data server", "node: first, standby"}};
    return kinds;
}

void Timeline::start(const RunStarted& run) {
    *this = {};
    routers_ = run.routers;
    services_ = run.services;
    servers_ = run.servers;
    data_servers_ = run.data_servers;
}

void Timeline::add(Time now, std::string_view kind, std::string subject, std::string detail) {
    if (entries_.size() == most_entries) {
        ++entries_left_out_;
        return;
    }
    entries_.push_back({now, kind, std::move(subject), std::move(detail)});
}

void Timeline::add(const HeartbeatEntry& heartbeat) {
    if (heartbeats_.size() == most_heartbeats) {
        ++heartbeats_left_out_;
        return;
    }
    heartbeats_.push_back(heartbeat);
}

void Timeline::on(Time now, const NodeChanged& event) {
    add(now, "node", event.node, word(node_state_words, static_cast<std::size_t>(event.state)));
    // A router that died has lost its table: what it puts in next, it puts back.
    const auto router = std::find(routers_.begin(), routers_.end(), event.node);
    if (event.state == NodeState::crashed && router != routers_.end()) {
        for (auto& [key, in] : destinations_) {
            in = in && std::get<0>(key) != static_cast<std::uint32_t>(router - routers_.begin());
        }
    }
}

void Timeline::on(Time now, const FaultInjected& event) {
    add(now, "fault", event.what, std::to_string(event.fault));
}

void Timeline::on(Time now, const RoleChanged& event) {
    add(now, event.active ? "active" : "inactive", name_of(routers_, event.router), event.reason);
}

void Timeline::on(Time now, const Takeover& takeover) {
    const auto from = name_of(routers_, takeover.from);
    add(now, "takeover", name_of(routers_, takeover.to),
        takeover.failed ? fmt::format("{}, after {} s", from, to_seconds(*takeover.time()))
                        : from + ", which is active");
}

void Timeline::on(Time now, const HeartbeatSent& event) {
    add({now, event.router, event.path, true, event.running});
}

void Timeline::on(Time now, const HeartbeatHeard& event) {
    add({now, event.router, event.path, false, event.running});
}

void Timeline::on(Time now, const HeartbeatPath& event) {
    add(now, event.open ? "path_open" : "path_cut",
        name_of(routers_, event.from) + " to " + name_of(routers_, event.to),
        word(path_words, event.path));
}

void Timeline::on(Time now, const AddressRaised& event) {
    add(now, "raised", name_of(routers_, event.router), event.address.to_string());
}

void Timeline::on(Time now, const AddressLowered& event) {
    add(now, "lowered", name_of(routers_, event.router), event.address.to_string());
}

void Timeline::on(Time now, const AddressAnnounced& event) {
    add(now, "announced", name_of(routers_, event.router), event.address.to_string());
}

void Timeline::on(Time now, const DestinationAdded& event) {
    destination(now, event.router, event.service, event.server, event.weight > 0);
}

void Timeline::on(Time now, const DestinationEdited& event) {
    destination(now, event.router, event.service, event.server, event.weight > 0);
}

void Timeline::on(Time now, const DestinationRemoved& event) {
    destination(now, event.router, event.service, event.server, false);
}

void Timeline::destination(Time now, std::uint32_t router, std::uint32_t service,
                           std::uint32_t server, bool in) {
    const auto [known, is_new] = destinations_.try_emplace({router, service, server}, false);
    if (std::exchange(known->second, in) != in) {
        add(now,
            !in      ? "taken_out"
            : is_new ? "put_in"
                     : "put_back",
            name_of(servers_, server),
            fmt::format("{} at {}", name_of(services_, service), name_of(routers_, router)));
    }
}

void Timeline::on(Time now, const DataRole& event) {
    add(now, event.active ? "data_active" : "data_inactive", name_of(data_servers_, event.data),
        event.node == 0 ? "first" : "standby");
}

}  // namespace lvslab::journal
