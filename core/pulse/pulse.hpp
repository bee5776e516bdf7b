// SPDX-License-Identifier: GPL-2.0-only
/// One router's half of the failover: who is active, and what has to be done when that changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/pulse/actions.hpp"
#include "core/pulse/settings.hpp"

namespace lvslab::pulse {

/// How often, and how far apart, a new owner announces its addresses (pulse.c, sendArps).
inline constexpr int announcements = 5;
inline constexpr Duration announcement_gap = std::chrono::seconds(1);

/// The state machine of Piranha's pulse (pulse.c, run): (event, now) in, actions out. It reads no
/// clock, so a node that was held up just hands in a later `now`. A crash loses the object; a
/// restart makes a new one. docs/pulse.md has the rules and what differs from the original.
class Pulse {
public:
    /// Throws std::invalid_argument if keepalive or deadtime is not positive.
    explicit Pulse(Settings settings);

    /// Takes an event at `now`, which never goes back. Actions are to be done in their order. After
    /// a pause, hand in the words that wait before Woken, as select() would have shown them.
    std::vector<Action> step(const Event& event, Time now);

    /// When to hand in Woken: not later than this. `never` before the start and after the end.
    Time next_deadline() const;

    bool active() const { return active_; }
    /// Started and not ended.
    bool running() const { return running_; }
    /// A local fault keeps this node from becoming active.
    bool faulty() const { return router_died_ || links_failed_; }
    const Settings& settings() const { return settings_; }

private:
    void on(const Started& started);
    void on(const Reconfigured& changed);
    void on(const AddressesRaised&);
    void on(const Heard& heard);
    void on(const Woken&);
    void on(const RouterDied&);
    void on(const LinksAre& links);
    void on(const Released&);
    void on(const Terminated&);

    void partner_is_running();
    void partner_is_stopped();
    void partner_is_silent();
    bool yields() const { return !active_ && now_ < yields_until_; }
    bool may_take_back() const;
    void look_at_links();
    bool not_wanted() const;
    void activate(Reason reason);
    void be_active_already();
    void yield_after_death();
    bool waits_for_its_next_word() const;
    /// This node leaves the service to a partner that may be leaving it to this node.
    bool both_may_wait() const { return handed_over_ || died_active_; }
    void deactivate(Reason reason);
    void send_heartbeats();
    void begin_announcing();
    void announce();
    void end();
    void run_script(const std::optional<std::string>& command);
    void set_sync_role(SyncRole role);
    void note(Notice what, std::string detail = {});

    Settings settings_;
    bool running_ = false;
    bool active_ = false;
    bool router_died_ = false;   ///< until the partner runs
    bool links_up_ = true;       ///< as the world said last
    bool links_failed_ = false;  ///< as this node has noticed
    bool handed_over_ = false;   ///< handed over, and not active since: no failback
    Time send_at_ = never;
    Time silence_at_ = never;
    Time announce_at_ = never;
    int announced_ = 0;
    Time yields_until_{};  ///< a partner that says "stopped" may still take what was handed over
    bool died_active_ = false;  ///< its program did, and nobody was heard to be active since
    Time standby_since_{};      ///< inactive and free of faults since then
    Time now_{};
    std::vector<Action> actions_;
};

}  // namespace lvslab::pulse
