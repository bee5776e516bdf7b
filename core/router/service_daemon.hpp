// SPDX-License-Identifier: GPL-2.0-only
/// The active router's services: Piranha's lvsd, with the world's ports for hands.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/lvs_config.hpp"
#include "core/ports/ports.hpp"
#include "core/router/desired_services.hpp"
#include "core/router/server_check.hpp"
#include "core/router/service_changes.hpp"

namespace lvslab::router {

/// From now to the first probe of a server in a service.
using FirstCheck = std::function<Duration(const ports::ServiceName&, const ports::ServerName&)>;

/// How the checks begin.
struct ChecksStart {
    bool settled = false;      ///< every active server is in with its whole weight
    FirstCheck first_check{};  ///< unset: all probe at once, as lvsd starts its nannies
    /// What IPVS has of an earlier run, names not needed: it is not cleared, only what differs is
    /// changed. Servers in it are in until their first probe fails. Unset: IPVS is cleared.
    std::optional<ServiceTable> found{};
};

/// One checker for each active real server of each active virtual service; a server enters IPVS
/// only through its checker. The sorry server is in, with weight 1, while no real server serves.
/// docs/router.md has the rules and what differs from the original.
class ServiceDaemon {
public:
    /// `scheduler` takes the place of every service's own.
    explicit ServiceDaemon(const ports::Ports& ports, std::optional<std::string> scheduler = {});
    /// Breaks off what is under way and leaves IPVS as it is.
    ~ServiceDaemon();
    ServiceDaemon(const ServiceDaemon&) = delete;
    ServiceDaemon& operator=(const ServiceDaemon&) = delete;

    /// Clears IPVS, sets its timeouts, adds the services and begins their checks (lvsd.c, main), or
    /// takes over what it finds. Does nothing if it runs.
    void start(const config::LvsConfig& config, const ChecksStart& checks = {});
    /// Changes what is different; a server that stays keeps its state and its connections.
    void reload(const config::LvsConfig& config);
    /// Takes everything out of IPVS.
    void stop();
    bool running() const { return running_; }

private:
    struct Server {
        DesiredDestination wanted;
        std::unique_ptr<ServerCheck> check;
    };
    struct Service {
        DesiredService wanted;
        std::vector<Server> servers;
    };
    using CheckerId = std::pair<ipvs::ServiceKey, Endpoint>;
    using Checkers = std::map<CheckerId, std::unique_ptr<ServerCheck>>;

    static TableService table_of(const Service& service);
    void set_services(const config::LvsConfig& config);
    void set_servers(Service& service, const config::LvsConfig& config, Checkers& kept);
    Checkers release_checkers();
    void begin_checks(const ChecksStart& checks);
    void settle(const ipvs::ServiceKey& key);
    void settle_all();
    std::optional<Weight> installed_weight(const Service& service, const Server& server) const;
    ServiceTable wanted_table() const;
    void tell_kept();
    void make(const std::vector<ServiceChange>& changes);
    void made(const ServiceChange& change, ipvs::ControlResult result);
    void note(std::string text);

    ports::Ports ports_;
    std::optional<std::string> scheduler_;
    bool running_ = false;
    bool busy_ = false;  ///< in the middle of a change: settled in one go at its end
    ipvs::Timeouts timeouts_;
    std::vector<Service> services_;  ///< each key once
    ServiceTable installed_;         ///< what IPVS took
};

}  // namespace lvslab::router
