// SPDX-License-Identifier: GPL-2.0-only
/// Carries out a scenario's faults in a world of packets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/config/lvs_config.hpp"
#include "core/journal/active_router.hpp"
#include "core/journal/moment_watch.hpp"
#include "core/ports/timers.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/machine.hpp"

namespace lvslab::world {

/// What faults are done to. Each function acts at the present time and is harmless on what is
/// already so (a crash of a crashed machine). Whoever implements it tells the journal the effect
/// (NodeChanged, HeartbeatPath).
class FaultTargets {
public:
    virtual ~FaultTargets() = default;

    // Machines.
    /// Dies without a word: no frame in or out, queued frames, sockets and tables are gone.
    virtual void crash(const Machine& machine) = 0;
    /// Boots, with what it has at boot (a running machine is crashed first): services and daemons
    /// start anew.
    virtual void restart(const Machine& machine) = 0;
    /// Freezes: no frame in or out, timers and programs stand still.
    virtual void hang(const Machine& machine) = 0;
    /// Ends a hang, or a suspension of a router's daemons.
    virtual void resume(const Machine& machine) = 0;

    // Programs.
    /// A server's application ends; its kernel goes on: connections and new ones meet a RST.
    virtual void stop(const Machine& machine) = 0;
    /// A server's application, or a router's daemons, start anew.
    virtual void start(const Machine& machine) = 0;
    /// Work takes `factor` times as long as the scenario says, from the next request on; 1 = cured.
    virtual void slow(const Machine& machine, double factor) = 0;
    /// SIGSTOP to a router's daemons; its kernel goes on forwarding. resume() ends it.
    virtual void suspend(unsigned router) = 0;
    /// SIGKILL to a router's daemons: addresses and IPVS's table stay as they are.
    virtual void kill(unsigned router) = 0;
    /// SIGTERM to a router's daemons: they give up their role in order.
    virtual void terminate(unsigned router) = 0;
    /// The administrator makes an active router give up its role.
    virtual void release(unsigned router) = 0;
    /// SIGHUP with a new lvs.cf in its place; `path` is its name in the scenario. Null: its own
    /// again.
    virtual void reload(unsigned router, const std::string& path,
                        const std::shared_ptr<const config::LvsConfig>& config) = 0;

    // Links.
    virtual void cut(const MachineLinks& links, Way way) = 0;
    /// Whole again: no cut, loss or delay of a fault.
    virtual void heal(const MachineLinks& links, Way way) = 0;
    /// A probability of loss, in place of the scenario's; nothing = the scenario's again.
    virtual void set_loss(const MachineLinks& links, Way way, std::optional<double> loss) = 0;
    /// On top of the scenario's delay; 0 = none.
    virtual void set_extra_delay(const MachineLinks& links, Way way, Duration delay) = 0;

    // Heartbeats between the routers on one side's network or, if none is named, on both: nothing
    // else that takes the same links is touched. Out is from the first router to the second.
    virtual void cut_heartbeats(std::optional<Side> side, Way way) = 0;
    virtual void heal_heartbeats(std::optional<Side> side, Way way) = 0;
    virtual void set_heartbeat_loss(std::optional<Side> side, Way way,
                                    std::optional<double> loss) = 0;
    virtual void set_heartbeat_delay(std::optional<Side> side, Way way, Duration delay) = 0;
};

/// Plays a scenario's faults: absolute ones at their time, relative ones when their moment has
/// happened, both repeated and undone as they say. It must see every event of the run, its own
/// FaultInjected included (put it into the sink that it tells).
///
/// A fault acts in an event of its own, never from within take(). "active router" and "standby
/// router" are looked up when a fault strikes; what undoes it goes to the same machine. If there is
/// no such router then, nothing happens and nothing is told.
class FaultPlayer : public journal::Sink {
public:
    /// All four must outlive the player. Asks for the alarms of the absolute faults now. `timers`
    /// are the world's: no machine holds them up.
    FaultPlayer(const scenario::Scenario& scenario, FaultTargets& targets, ports::Timers& timers,
                journal::Sink& sink);
    ~FaultPlayer() override;
    FaultPlayer(const FaultPlayer&) = delete;
    FaultPlayer& operator=(const FaultPlayer&) = delete;

    void take(const journal::Event& event) override;

private:
    void schedule(Time at, std::uint32_t fault, unsigned strikes);
    void alarm(Time at, std::function<void()> call);
    void strike(std::uint32_t fault, unsigned strikes);
    void undo(std::uint32_t fault, scenario::FaultTarget target);
    void act(const scenario::Fault& fault, scenario::FaultKind kind, double amount,
             const scenario::FaultTarget& target);
    void act_on_links(const scenario::Fault& fault, scenario::FaultKind kind,
                      const scenario::FaultTarget& target);
    std::optional<scenario::FaultTarget> resolve(const scenario::FaultTarget& target) const;

    const scenario::Scenario& scenario_;
    FaultTargets& targets_;
    ports::Timers& timers_;
    journal::Sink& sink_;
    journal::ActiveRouter roles_;
    std::vector<std::unique_ptr<journal::MomentWatch>> watches_;
    std::set<ports::TimerId> alarms_;
};

}  // namespace lvslab::world
