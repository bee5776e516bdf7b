// SPDX-License-Identifier: GPL-2.0-only
/// One LVS router as a machine in ns-3: its director, its daemons, and what happens to both.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/journal/event.hpp"
#include "core/ports/ports.hpp"
#include "core/router/lvs_router.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/machine_timers.hpp"
#include "sim/packet/director.hpp"
#include "sim/packet/heartbeat_sockets.hpp"
#include "sim/packet/load_service.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/prober.hpp"
#include "sim/packet/simulation_timers.hpp"
#include "sim/packet/sync_sockets.hpp"

namespace lvslab::packet_world {

struct RouterHostOptions {
    std::uint64_t seed = 1;                ///< of the daemons' phases
    std::optional<std::string> scheduler;  ///< of every service, instead of the lvs.cf's
    bool segments = false;                 ///< tells each packet that IPVS meets
};

/// The ports of core/router on one node of the network. Tells the sink what the daemons do; who
/// breaks the machine tells that it is broken.
class RouterHost final : private ports::AddressOwner,
                         private ports::LinkState,
                         private ports::RoleScripts,
                         private ports::SyncChannel,
                         private ports::RouterLog {
public:
    /// The machine is up, with the scenario's running files and no daemons yet. Network, scenario
    /// and sink must outlive it.
    RouterHost(Network& network, unsigned router, const scenario::Scenario& scenario,
               const RouterHostOptions& options, journal::Sink& sink);
    ~RouterHost() override;
    RouterHost(const RouterHost&) = delete;
    RouterHost& operator=(const RouterHost&) = delete;

    /// The daemons have run for long; the first router is the active one. The phases of heartbeats
    /// and checks come from the seed.
    void begin_settled();
    /// The daemons start after their phase, less than a keepalive.
    void begin_cold();
    /// The daemons start now; no error if they run.
    void start_daemons();

    /// The machine dies: table, addresses, daemons, all is gone.
    void crash();
    /// It boots, with the files that it has at boot, and its daemons start.
    void boot();
    /// SIGSTOP to the daemons, or a machine that stands still: alarms and heartbeats wait.
    void hold();
    /// It goes on: what was heard first, then the alarms that are due.
    void go_on();
    /// lvsd dies by itself.
    void kill_services();
    void release();
    /// SIGTERM to the daemons.
    void terminate();
    /// The lvs.cf is replaced, and the daemons read it again.
    void reload(const config::LvsConfig& config);
    /// The state of the links that heartbeats leave by may have changed.
    void look_at_links();

    /// Daemons that run and are not held up: words reach them.
    bool listens() const { return running() && !held_; }
    bool running() const { return daemons_ && daemons_->router.running(); }
    bool active() const { return daemons_ && daemons_->router.active(); }
    const config::LvsConfig& config() const { return config_; }

    Director& director() { return director_; }
    const Director& director() const { return director_; }

private:
    /// Everything that a crash takes with it. Destroyed from the last to the first.
    struct Daemons {
        Daemons(RouterHost& host, const ns3::Ptr<ns3::Node>& node);
        SimulationTimers clock;
        world::MachineTimers timers{clock};
        Prober prober;
        LoadClient loads;
        HeartbeatSockets heartbeats;
        router::LvsRouter router;
    };

    void begin(const router::RouterStart& start);

    void raise(const ports::FloatingAddress& address) override;
    void lower(const Address& address) override;
    void announce(const Address& address) override;
    bool links_up() const override;
    bool is_local(const Address& address) const override;
    void run(const std::string& command) override;
    void start(pulse::SyncRole role, const std::string& interface, std::uint8_t id) override;
    void stop() override;

    /// The director tells of its services and real servers itself: what IPVS has taken.
    void tell(const ports::RouterEvent& event) override;
    const scenario::Router& description() const { return scenario_.routers[index_]; }

    Network& network_;
    unsigned index_;
    const scenario::Scenario& scenario_;
    RouterHostOptions options_;
    journal::Sink& sink_;
    config::LvsConfig config_;  ///< on its disk
    Director director_;
    SyncSockets sync_;
    std::unique_ptr<Daemons> daemons_;
    ns3::EventId starting_;
    bool held_ = false;
};

}  // namespace lvslab::packet_world
