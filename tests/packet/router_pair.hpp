// SPDX-License-Identifier: GPL-2.0-only
/// Two LVS routers with their daemons on a network with real servers, and stories about them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/packet/clock.hpp"
#include "sim/packet/router_host.hpp"
#include "sim/packet/server_application.hpp"
#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {

/// A direct-routing or NAT cluster with two routers that heartbeat on both networks.
inline scenario::Scenario pair_scenario(Duration keepalive, Duration deadtime,
                                        config::NetworkType type = config::NetworkType::nat,
                                        unsigned servers = 2) {
    auto s = busy_cluster(type, Protocol::tcp, servers, 10, seconds(10));
    s.daemons = true;
    s.routers.push_back(router("lvs2", "192.168.26.8/24", "10.11.12.8/24"));
    auto& c = s.config;
    c.primary = s.routers[0].public_interface.address;
    c.backup = s.routers[1].public_interface.address;
    c.primary_private = s.routers[0].private_interface->address;
    c.backup_private = s.routers[1].private_interface->address;
    c.backup_active = true;
    c.keepalive = keepalive;
    c.deadtime = deadtime;
    for (auto& r : s.routers) {
        r.config = c;
    }
    return s;
}

/// Changes the one virtual service of a scenario in every configuration.
inline void edit_service(scenario::Scenario& s,
                         const std::function<void(config::VirtualServer&)>& edit) {
    edit(s.config.virtual_servers[0]);
    for (auto& r : s.routers) {
        r.config = s.config;
    }
}

struct RouterPair {
    explicit RouterPair(scenario::Scenario s, std::uint64_t seed = 1)
        : scenario(std::move(s)), network(scenario, {.seed = seed}) {
        for (unsigned i = 0; i < scenario.routers.size(); ++i) {
            routers.push_back(std::make_unique<RouterHost>(
                network, i, scenario, RouterHostOptions{.seed = seed, .scheduler = {}}, events));
        }
        for (unsigned i = 0; i < scenario.servers.size(); ++i) {
            servers.push_back(
                std::make_unique<ServerApplication>(network, i, scenario, events, seed));
        }
    }

    void settled() {
        for (const auto& r : routers) {
            r->begin_settled();
        }
    }
    void go_until(Duration time) {
        ns3::Simulator::Stop(to_ns3(Time{time} - now()));
        ns3::Simulator::Run();
    }
    /// When the event that `wanted` knows was told first, from `from` on.
    template <class Payload>
    std::optional<Time> first(Duration from,
                              const std::function<bool(const Payload&)>& wanted) const {
        for (const auto& e : events.events) {
            if (const auto* p = std::get_if<Payload>(&e.payload);
                p != nullptr && e.time >= Time{from} && wanted(*p)) {
                return e.time;
            }
        }
        return std::nullopt;
    }
    std::optional<Time> became(unsigned router, bool active, Duration from = {}) const {
        return first<journal::RoleChanged>(
            from, [&](const auto& role) { return role.router == router && role.active == active; });
    }
    std::optional<Time> taken_out(unsigned server, Duration from = {}) const {
        return first<journal::DestinationRemoved>(
            from, [&](const auto& d) { return d.server == server; });
    }
    std::optional<Time> put_in(unsigned server, Duration from = {}) const {
        return first<journal::DestinationAdded>(from,
                                                [&](const auto& d) { return d.server == server; });
    }

    scenario::Scenario scenario;
    Recorder events;
    Network network;
    std::vector<std::unique_ptr<RouterHost>> routers;
    std::vector<std::unique_ptr<ServerApplication>> servers;
};

}  // namespace lvslab::packet_world::testing
