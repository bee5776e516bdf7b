// SPDX-License-Identifier: GPL-2.0-only
/// One LVS router as a machine of the flow world: its director, its daemons, and what happens to
/// both.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/ports/ports.hpp"
#include "core/router/lvs_router.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/machine_timers.hpp"
#include "sim/flow/director.hpp"
#include "sim/flow/load_source.hpp"
#include "sim/flow/network.hpp"
#include "sim/flow/prober.hpp"
#include "sim/flow/simulation.hpp"

namespace lvslab::flow_world {

class RouterHost;
class ServerHost;

/// What all routers share.
struct Surroundings {
    const scenario::Scenario& scenario;
    Simulation& simulation;
    Network& network;
    std::vector<std::unique_ptr<RouterHost>>& routers;
    std::vector<std::unique_ptr<ServerHost>>& servers;
    journal::Sink& sink;
};

struct RouterHostOptions {
    std::uint64_t seed = 1;                  ///< of the daemons' phases
    std::optional<std::string> scheduler{};  ///< of every service, instead of the lvs.cf's
    bool segments = false;                   ///< tells each packet that IPVS meets
    bool connections = true;                 ///< tells decisions
};

/// The ports of core/router. Tells the sink what the daemons do; who breaks the machine tells that
/// it is broken.
class RouterHost final : private ports::AddressOwner,
                         private ports::LinkState,
                         private ports::RoleScripts,
                         private ports::SyncChannel,
                         private ports::HeartbeatLink,
                         private ports::RouterLog {
public:
    RouterHost(const Surroundings& around, unsigned router, const RouterHostOptions& options);
    ~RouterHost() override;
    RouterHost(const RouterHost&) = delete;
    RouterHost& operator=(const RouterHost&) = delete;

    void begin_settled();
    void begin_cold();
    void start_daemons();
    void crash();
    void boot();
    /// SIGSTOP to the daemons, or a machine that stands still: alarms and heartbeats wait.
    void hold();
    void go_on();
    void kill_services();
    void release();
    void terminate();
    void reload(const config::LvsConfig& config);
    void look_at_links();
    /// A broadcast of a server's rwhod.
    void hear_load(const Address& server, double load);

    bool running() const { return daemons_ && daemons_->router.running(); }
    const config::LvsConfig& config() const { return config_; }
    Director& director() { return director_; }

private:
    using Word = std::pair<pulse::Path, pulse::WireWord>;

    /// Everything that a crash takes with it. Destroyed from the last to the first.
    struct Daemons {
        explicit Daemons(RouterHost& host);
        world::MachineTimers timers;
        Prober prober;
        LoadSource loads;
        router::LvsRouter router;
    };

    void begin(const router::RouterStart& start);
    Address own_on(pulse::Path path) const;
    Address partner_on(pulse::Path path) const;
    void hear(const Word& word);
    void hear_sync(const std::vector<std::uint8_t>& datagram, bool private_net);

    void raise(const ports::FloatingAddress& address) override;
    void lower(const Address& address) override;
    void announce(const Address& address) override;
    bool links_up() const override;
    bool is_local(const Address& address) const override;
    void run(const std::string& command) override;
    void start(pulse::SyncRole role, const std::string& interface, std::uint8_t id) override;
    void stop() override;
    void send(pulse::Path path, const pulse::WireWord& payload) override;

    /// The director tells of its services and real servers itself: what IPVS has taken.
    void tell(const ports::RouterEvent& event) override;
    template <class Payload>
    void journal(Payload payload);
    const scenario::Router& description() const { return around_.scenario.routers[index_]; }

    Surroundings around_;
    unsigned index_;
    RouterHostOptions options_;
    config::LvsConfig config_;  ///< on its disk
    Director director_;
    RandomStream words_;  ///< chance of heartbeats
    std::unique_ptr<Daemons> daemons_;
    std::uint64_t incarnation_ = 0;  ///< of the daemons
    ports::TimerId starting_{};
    std::deque<Word> waiting_;
    bool held_ = false;
    bool sync_backup_ = false, sync_private_ = false;
};

}  // namespace lvslab::flow_world
