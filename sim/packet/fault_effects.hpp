// SPDX-License-Identifier: GPL-2.0-only
/// What faults do to the machines of a run, and what the journal hears of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/journal/event.hpp"
#include "core/world/data_server.hpp"
#include "core/world/fault_player.hpp"
#include "core/world/machine_states.hpp"
#include "sim/packet/ftp_server.hpp"
#include "sim/packet/gateway_pair.hpp"
#include "sim/packet/load_service.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/router_host.hpp"
#include "sim/packet/server_application.hpp"

namespace lvslab::packet_world {

using world::FaultTargets;

/// The machines of a run, with what runs on them.
struct RunningMachines {
    Network& network;
    std::vector<std::unique_ptr<RouterHost>>& routers;  ///< none behind plain routers
    std::vector<std::unique_ptr<ServerApplication>>& servers;
    /// By server; none if nobody asks for load.
    std::vector<std::unique_ptr<LoadDaemon>>& load_daemons;
    std::vector<std::unique_ptr<FtpServer>>& ftp_servers;  ///< several on a server, or none
    std::vector<std::unique_ptr<world::DataServer>>& data_servers;
    GatewayPair& gateways;
};

/// Does to network, routers and servers what a fault says, and tells NodeChanged and HeartbeatPath
/// whenever they have become others.
class FaultEffects final : public FaultTargets {
public:
    FaultEffects(const RunningMachines& machines, const scenario::Scenario& scenario,
                 journal::Sink& sink);

    /// Tells every heartbeat path that the scenario has.
    void begin();
    /// Anything may have changed whether words reach the partner: tells what has.
    void tell_heartbeat_paths();

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
    RouterHost* router(const Machine& machine);
    RouterHost* router(unsigned index);
    ServerApplication* server(const Machine& machine);
    LoadDaemon* load_daemon(const Machine& machine);
    std::vector<FtpServer*> ftp_servers(const Machine& machine);
    world::DataServer* data_server(const Machine& machine);
    GatewayPair* gateways(const Machine& machine);

    RunningMachines machines_;
    const scenario::Scenario& scenario_;
    world::MachineStates states_;
};

}  // namespace lvslab::packet_world
