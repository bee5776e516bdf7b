// SPDX-License-Identifier: GPL-2.0-only
/// What faults do to the machines of the kernel world, and what the journal hears of it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "core/journal/event.hpp"
#include "core/ports/timers.hpp"
#include "core/world/data_server.hpp"
#include "core/world/fault_player.hpp"
#include "core/world/machine_states.hpp"
#include "realmode/lab/gateway_pair.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/routers.hpp"
#include "realmode/lab/server_application.hpp"

namespace lvslab::lab {

/// Kills, stops, unplugs; tells NodeChanged and HeartbeatPath whenever they have become others, as
/// the packet world does.
class Faults final : public world::FaultTargets {
public:
    struct Machines {
        LabNetwork& network;
        std::vector<std::unique_ptr<LabRouter>>& routers;
        std::vector<std::unique_ptr<ServerApplication>>& servers;
        std::vector<std::unique_ptr<world::DataServer>>& data_servers;
        GatewayPair& gateways;
    };
    /// All of them must outlive it.
    Faults(const Machines& machines, const scenario::Scenario& scenario,
           const ports::Timers& timers, journal::Sink& sink);

    /// Tells every heartbeat path that the scenario has, as of time 0.
    void begin();

    void crash(const world::Machine& machine) override;
    void restart(const world::Machine& machine) override;
    void hang(const world::Machine& machine) override;
    void resume(const world::Machine& machine) override;
    void stop(const world::Machine& machine) override;
    void start(const world::Machine& machine) override;
    void slow(const world::Machine& machine, double factor) override;
    void suspend(unsigned router) override;
    void kill(unsigned router) override;
    void terminate(unsigned router) override;
    void release(unsigned router) override;
    void reload(unsigned router, const std::string& path,
                const std::shared_ptr<const config::LvsConfig>& config) override;
    void cut(const world::MachineLinks& links, world::Way way) override;
    void heal(const world::MachineLinks& links, world::Way way) override;
    void set_loss(const world::MachineLinks& links, world::Way way,
                  std::optional<double> loss) override;
    void set_extra_delay(const world::MachineLinks& links, world::Way way, Duration delay) override;
    void cut_heartbeats(std::optional<world::Side> side, world::Way way) override;
    void heal_heartbeats(std::optional<world::Side> side, world::Way way) override;
    void set_heartbeat_loss(std::optional<world::Side> side, world::Way way,
                            std::optional<double> loss) override;
    void set_heartbeat_delay(std::optional<world::Side> side, world::Way way,
                             Duration delay) override;

private:
    using State = journal::NodeState;

    State state(const world::Machine& machine) const { return states_.of(machine); }
    LabRouter* router(const world::Machine& machine);
    /// Nothing with `daemons: off` either.
    LabRouter* daemon(const world::Machine& machine);
    ServerApplication* server(const world::Machine& machine);
    GatewayPair* gateways(const world::Machine& machine);
    world::DataServer* data_server(const world::Machine& machine);

    Machines machines_;
    const scenario::Scenario& scenario_;
    const ports::Timers& timers_;
    world::MachineStates states_;
};

}  // namespace lvslab::lab
