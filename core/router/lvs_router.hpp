// SPDX-License-Identifier: GPL-2.0-only
/// An LVS router: lvs.cf, heartbeats, checks and services, wired to a world's ports.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"
#include "core/ports/ports.hpp"
#include "core/pulse/pulse.hpp"
#include "core/router/service_daemon.hpp"

namespace lvslab::router {

/// What holds for as long as the router lives.
struct RouterOptions {
    std::optional<std::string> scheduler;  ///< takes the place of every service's own
    bool force_active = false;             ///< active from its cold start (pulse --forceactive)
    /// What IPVS has of this router's when its services start: it is taken over (ChecksStart).
    /// Unset: IPVS is cleared.
    std::function<ServiceTable()> found{};
};

/// How the router begins.
struct RouterStart {
    pulse::Start how = pulse::Start::cold;
    std::optional<Duration> first_heartbeat{};  ///< from now; unset = keepalive
    Duration heard_ago{};                       ///< settled: since the partner's last word
    /// settled_active: when the checks that are under way probe next. Whoever becomes active later
    /// probes all at once.
    FirstCheck first_check{};
};

/// pulse, lvsd and its nannies of one machine. A crash of the machine destroys the object: it
/// breaks off its timers and probes and tells nobody; a restart makes a new one. What comes in by
/// itself is handed in by the world, one call at a time and never from within a port's function.
/// docs/router.md has the rules and what differs from the original.
class LvsRouter {
public:
    /// Throws std::invalid_argument if check_runnable() finds an error.
    LvsRouter(config::LvsConfig config, const ports::Ports& ports, RouterOptions options = {});
    ~LvsRouter();
    LvsRouter(const LvsRouter&) = delete;
    LvsRouter& operator=(const LvsRouter&) = delete;

    void start(const RouterStart& start = {});
    /// A datagram from the partner's heartbeat address on this path.
    void hear(pulse::Path path, std::span<const std::uint8_t> payload);
    void links_changed(bool up);
    /// The process that keeps the services (lvsd) ended by itself.
    void router_died();
    /// A new lvs.cf, at once and with nothing else disturbed (SIGHUP). One that check_runnable()
    /// refuses counts as failed.
    void reload(const config::LvsConfig& config);
    /// The new lvs.cf could not be read: the old one stays.
    void reload_failed(const Diagnostics& why);
    /// The service is handed to the partner.
    void release();
    /// The end, in good order (SIGTERM).
    void terminate();

    bool active() const { return pulse_.active(); }
    /// Started and not ended.
    bool running() const { return pulse_.running(); }
    const config::LvsConfig& config() const { return config_; }

private:
    pulse::Settings settings() const;
    void hand_in(const pulse::Event& event);
    void set_timer();
    void act(const pulse::RoleChanged& action);
    void act(const pulse::SendHeartbeat& action);
    void act(const pulse::RunScript& action);
    void act(const pulse::StartRouter& action);
    void act(const pulse::StopRouter& action);
    void act(const pulse::SetSyncRole& action);
    void act(const pulse::RaiseAddresses& action);
    void act(const pulse::LowerAddresses& action);
    void act(const pulse::AnnounceAddresses& action);
    void act(const pulse::Note& action);
    void raise(const ports::FloatingAddress& address);
    void lower(const ports::FloatingAddress& address);
    void start_sync();
    void change_sync(const config::LvsConfig& before);
    void change_addresses();
    void note(std::string text);

    config::LvsConfig config_;
    ports::Ports ports_;
    RouterOptions options_;
    pulse::Pulse pulse_;
    ServiceDaemon services_;
    ChecksStart next_checks_;  ///< for the start of services that settled_active means
    std::vector<ports::FloatingAddress> raised_;
    ports::TimerId timer_;
    Time timer_at_ = never;
};

}  // namespace lvslab::router
