// SPDX-License-Identifier: GPL-2.0-only
/// What faults do to the machines of a run in the flow world, and what the journal hears of it.
#pragma once

#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "core/world/data_server.hpp"
#include "core/world/fault_player.hpp"
#include "core/world/machine_states.hpp"
#include "core/world/standby_pair.hpp"
#include "sim/flow/data_tier.hpp"
#include "sim/flow/network.hpp"
#include "sim/flow/router_host.hpp"
#include "sim/flow/server_host.hpp"
#include "sim/flow/traffic.hpp"

namespace lvslab::flow_world {

/// Tells NodeChanged and HeartbeatPath whenever they have become others.
class FaultEffects final : public world::FaultTargets {
public:
    FaultEffects(const Surroundings& around,
                 std::vector<std::unique_ptr<DataServerHost>>& data_servers, Traffic& traffic,
                 world::StandbyPair& gateways);

    /// Tells every heartbeat path that the scenario has.
    void begin() { states_.begin(around_.simulation.now()); }

    void crash(const Machine& machine) override;
    void restart(const Machine& machine) override;
    void hang(const Machine& machine) override;
    void resume(const Machine& machine) override;
    void stop(const Machine& machine) override;
    void start(const Machine& machine) override;
    void slow(const Machine& machine, double factor) override;
    void suspend(unsigned router) override;
    void kill(unsigned router) override;
    void terminate(unsigned router) override;
    void release(unsigned router) override;
    void reload(unsigned router, const std::string& path,
                const std::shared_ptr<const config::LvsConfig>& config) override;
    void cut(const MachineLinks& links, Way way) override;
    void heal(const MachineLinks& links, Way way) override;
    void set_loss(const MachineLinks& links, Way way, std::optional<double> loss) override;
    void set_extra_delay(const MachineLinks& links, Way way, Duration delay) override;
    void cut_heartbeats(std::optional<Side> side, Way way) override;
    void heal_heartbeats(std::optional<Side> side, Way way) override;
    void set_heartbeat_loss(std::optional<Side> side, Way way, std::optional<double> loss) override;
    void set_heartbeat_delay(std::optional<Side> side, Way way, Duration delay) override;

private:
    using State = journal::NodeState;
    State state(const Machine& machine) const { return states_.of(machine); }
    void change(const Machine& machine, State state);
    void links_changed();
    void tell_heartbeat_paths();
    RouterHost* router(unsigned index);
    RouterHost* router(const Machine& machine);
    ServerHost* server(const Machine& machine);
    world::DataServer* data_server(const Machine& machine);
    world::StandbyPair* gateways(const Machine& machine);

    Surroundings around_;
    std::vector<std::unique_ptr<DataServerHost>>& data_servers_;
    Traffic& traffic_;
    world::StandbyPair& gateways_;
    world::MachineStates states_;
};

}  // namespace lvslab::flow_world
