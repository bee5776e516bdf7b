// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/status_board.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/router/daemon_settings.hpp"
#include "core/router/desired_services.hpp"

namespace lvslab::realmode {

void StatusBoard::follow(const TimedEvent& event) {
    std::visit([&](const auto& e) { on(e, event.time); }, event.event);
}

void StatusBoard::on(const ports::RoleChanged& event, Time at) {
    active_ = event.active;
    reason_ = event.reason;
    role_since_ = at;
    checked_.clear();
}

void StatusBoard::on(const ports::HeartbeatHeard& event, Time at) {
    heard_[event.path] = {at, event.word};
}

void StatusBoard::on(const ports::AddressRaised& event, Time) {
    held_.insert(event.address);
}

void StatusBoard::on(const ports::AddressLowered& event, Time) {
    held_.erase(event.address);
}

void StatusBoard::on(const ports::ServiceSet& event, Time) {
    services_.insert(event.service.key);
}

void StatusBoard::on(const ports::ServiceRemoved& event, Time) {
    services_.erase(event.service.key);
    std::erase_if(in_ipvs_, [&](const auto& s) { return s.first.first == event.service.key; });
}

void StatusBoard::on(const ports::DestinationAdded& event, Time) {
    in_ipvs_[{event.service.key, event.server.endpoint}] = event.weight;
}

void StatusBoard::on(const ports::DestinationEdited& event, Time) {
    in_ipvs_[{event.service.key, event.server.endpoint}] = event.weight;
}

void StatusBoard::on(const ports::DestinationRemoved& event, Time) {
    in_ipvs_.erase({event.service.key, event.server.endpoint});
}

void StatusBoard::on(const ports::CheckEnded& event, Time) {
    checked_.insert({event.service.key, event.server.endpoint});
}

Status StatusBoard::status(const config::LvsConfig& config, bool primary, Time now) const {
    Status status;
    status.primary = primary;
    status.active = active_;
    status.reason = reason_;
    status.role_for = now - role_since_;
    status.partner = partner(config, now);
    status.paths = paths(config, primary, now);
    if (config.syncdaemon) {
        status.sync =
            SyncStatus{active_, config.syncd_iface, static_cast<int>(config.syncd_id & 0xFF)};
    }
    for (const auto& address : router::floating_addresses(config)) {
        status.addresses.push_back(
            {address.address, address.device, held_.contains(address.address)});
    }
    status.services = services(config);
    return status;
}

std::vector<PathStatus> StatusBoard::paths(const config::LvsConfig& config, bool primary,
                                           Time now) const {
    std::vector<PathStatus> paths;
    if (!config.backup_active) {
        return paths;
    }
    const auto add = [&](pulse::Path path, const Address& partner) {
        auto& added = paths.emplace_back(PathStatus{path, partner, {}, {}});
        if (const auto heard = heard_.find(path); heard != heard_.end()) {
            added.heard_ago = now - heard->second.at;
            added.word = heard->second.word;
        }
    };
    add(pulse::Path::public_net, primary ? config.backup : config.primary);
    if (router::pulse_settings(config, {}).private_path) {
        add(pulse::Path::private_net, primary ? config.backup_private : config.primary_private);
    }
    return paths;
}

std::string StatusBoard::partner(const config::LvsConfig& config, Time now) const {
    if (!config.backup_active) {
        return "none";
    }
    const auto latest =
        std::ranges::max_element(heard_, {}, [](const auto& heard) { return heard.second.at; });
    if (latest == heard_.end() || now - latest->second.at > config.deadtime) {
        return "silent";
    }
    return std::string(to_string(latest->second.word));
}

std::optional<std::string> StatusBoard::release_risk(const config::LvsConfig& config,
                                                     Time now) const {
    const auto of = partner(config, now);
    if (of != "none" && of != "silent") {
        return std::nullopt;
    }
    return fmt::format(
        "{}: nobody takes the services over, and they are down until this router is "
        "active again, within deadtime ({})",
        of == "none" ? "there is no partner (backup_active = 0)" : "the partner is silent",
        lvslab::to_string(config.deadtime));
}

ServerState StatusBoard::state_of(const Place& place) const {
    if (const auto found = in_ipvs_.find(place); found != in_ipvs_.end()) {
        return found->second > Weight{0} ? ServerState::up : ServerState::quiesced;
    }
    return checked_.contains(place) ? ServerState::down : ServerState::unchecked;
}

std::vector<ServiceStatus> StatusBoard::services(const config::LvsConfig& config) const {
    std::vector<ServiceStatus> services;
    for (const auto& wanted : router::desired_services(config)) {
        auto& service = services.emplace_back(ServiceStatus{
            wanted.name, wanted.key, wanted.settings, services_.contains(wanted.key), {}});
        const auto add = [&](const router::DesiredDestination& server, ServerState state) {
            const auto found = in_ipvs_.find({wanted.key, server.endpoint});
            service.servers.push_back(
                {server.name,
                 server.endpoint,
                 server.settings.method,
                 state,
                 found == in_ipvs_.end() ? server.settings.weight : found->second,
                 {},
                 {}});
        };
        for (const auto& server : wanted.destinations) {
            add(server,
                server.active ? state_of({wanted.key, server.endpoint}) : ServerState::inactive);
        }
        if (wanted.sorry && in_ipvs_.contains({wanted.key, wanted.sorry->endpoint})) {
            add(*wanted.sorry, ServerState::up);
        }
    }
    return services;
}

}  // namespace lvslab::realmode
