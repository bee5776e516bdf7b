// SPDX-License-Identifier: GPL-2.0-only
/// The checker of one real server: Piranha's nanny, with the world's ports for hands.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/health/check.hpp"
#include "core/health/probe.hpp"
#include "core/ports/ports.hpp"

namespace lvslab::router {

/// What a checker is told.
struct CheckOrder {
    ports::ServiceName service;
    ports::ServerName server;
    health::CheckSettings settings;
    health::Probe probe;
    std::optional<ports::LoadMethod> load;
};

/// It probes, keeps the time, asks for the load, and says when the server's place in its service
/// changed. What it began is broken off when it goes; it leaves the service's table alone.
class ServerCheck {
public:
    /// `changed` is called from within start(), stop() and reconfigure() too.
    ServerCheck(CheckOrder order, const ports::Ports& ports, std::function<void()> changed);
    ~ServerCheck();
    ServerCheck(const ServerCheck&) = delete;
    ServerCheck& operator=(const ServerCheck&) = delete;

    void start(const health::Started& started);
    /// A probe that is under way ends as it began.
    void reconfigure(CheckOrder order);
    void stop();

    /// Its weight in the service; nothing if it is to be out of it.
    std::optional<Weight> weight_in_service() const;
    /// It gets new connections.
    bool serves() const { return check_.up() && check_.weight() > Weight{0}; }

private:
    void hand_in(const health::Event& event);
    void set_timer();
    void probe();
    void ask_load();

    CheckOrder order_;
    ports::Ports ports_;
    std::function<void()> changed_;
    health::Check check_;
    ports::TimerId timer_;
    Time timer_at_ = never;
    ports::ProbeId probe_;
    Time probe_began_{};
    std::shared_ptr<ServerCheck*> self_;  ///< for answers that may come after the end
};

}  // namespace lvslab::router
