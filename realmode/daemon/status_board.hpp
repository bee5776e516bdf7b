// SPDX-License-Identifier: GPL-2.0-only
/// A router's state as its events tell it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/config/lvs_config.hpp"
#include "core/ports/router_log.hpp"
#include "realmode/daemon/event_lines.hpp"
#include "realmode/daemon/status.hpp"

namespace lvslab::realmode {

/// Follows the events and says, with the configuration that is in force, how things are.
class StatusBoard {
public:
    explicit StatusBoard(Time start) : role_since_(start) {}

    void follow(const TimedEvent& event);

    /// Without what only the process knows (version, file, processes, links, counters).
    Status status(const config::LvsConfig& config, bool primary, Time now) const;

    /// Why a release now would leave the services to nobody; nothing if a partner is heard.
    std::optional<std::string> release_risk(const config::LvsConfig& config, Time now) const;

private:
    struct Heard {
        Time at{};
        pulse::Word word = pulse::Word::stopped;
    };
    using Place = std::pair<ipvs::ServiceKey, Endpoint>;

    void on(const ports::RoleChanged& event, Time at);
    void on(const ports::HeartbeatHeard& event, Time at);
    void on(const ports::AddressRaised& event, Time at);
    void on(const ports::AddressLowered& event, Time at);
    void on(const ports::ServiceSet& event, Time at);
    void on(const ports::ServiceRemoved& event, Time at);
    void on(const ports::DestinationAdded& event, Time at);
    void on(const ports::DestinationEdited& event, Time at);
    void on(const ports::DestinationRemoved& event, Time at);
    void on(const ports::CheckEnded& event, Time at);
    template <class Other>
    void on(const Other&, Time) {}

    std::vector<PathStatus> paths(const config::LvsConfig& config, bool primary, Time now) const;
    std::string partner(const config::LvsConfig& config, Time now) const;
    std::vector<ServiceStatus> services(const config::LvsConfig& config) const;
    ServerState state_of(const Place& place) const;

    bool active_ = false;
    std::optional<pulse::Reason> reason_;
    Time role_since_;
    std::map<pulse::Path, Heard> heard_;
    std::set<Address> held_;
    std::set<ipvs::ServiceKey> services_;
    std::map<Place, Weight> in_ipvs_;
    std::set<Place> checked_;
};

}  // namespace lvslab::realmode
