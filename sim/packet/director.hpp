// SPDX-License-Identifier: GPL-2.0-only
/// The LVS router's data path in ns-3: asks core::Ipvs what becomes of each packet and does it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/ipvs/ipvs.hpp"
#include "core/journal/event.hpp"
#include "core/ports/dataplane.hpp"
#include "core/router/desired_services.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/network.hpp"

namespace lvslab::packet_world {

struct DirectorOptions {
    ipvs::Options ipvs;
    std::optional<std::string> scheduler;  ///< of every service, instead of the lvs.cf's
    bool segments = false;                 ///< tells a SegmentSeen of each packet that IPVS met
};

/// What the director did since the run's start, in packets (a fragmented datagram counts as one).
/// Each that it saw is counted in one of the others too.
struct DirectorCounters {
    std::uint64_t seen = 0;
    std::uint64_t passed = 0;     ///< none of IPVS's business: to the host's own stack
    std::uint64_t forwarded = 0;  ///< to a real server
    std::uint64_t replies = 0;    ///< NAT's, back to a client
    std::uint64_t dropped = 0;
    std::uint64_t rejected = 0;  ///< answered by ICMP port unreachable
    std::uint64_t reset = 0;     ///< handed to the host's stack, which resets
};

/// One router's director. Every packet for a virtual service and every NAT reply becomes an
/// ipvs::Segment; the verdict is carried out by NAT, direct routing or IP-in-IP.
///
/// Its services and real servers are whatever it is told through the Dataplane; it tells the sink
/// each change that IPVS has taken.
class Director final : public ports::Dataplane {
public:
    /// Has no services yet, and what the scenario's router has in its running host files. Takes
    /// over the router's hook. Network, scenario and sink must outlive the director.
    Director(Network& network, unsigned router, const scenario::Scenario& scenario,
             const DirectorOptions& options, journal::Sink& sink);
    ~Director() override;
    Director(const Director&) = delete;
    Director& operator=(const Director&) = delete;

    ipvs::ControlResult add_service(const ipvs::ServiceKey& key,
                                    const ipvs::ServiceSettings& settings) override;
    ipvs::ControlResult edit_service(const ipvs::ServiceKey& key,
                                     const ipvs::ServiceSettings& settings) override;
    ipvs::ControlResult remove_service(const ipvs::ServiceKey& key) override;
    ipvs::ControlResult add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                        const ipvs::DestinationSettings& settings) override;
    ipvs::ControlResult edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                         const ipvs::DestinationSettings& settings) override;
    ipvs::ControlResult remove_destination(const ipvs::ServiceKey& service,
                                           const Endpoint& server) override;
    void set_timeouts(const ipvs::Timeouts& timeouts) override;
    void clear() override;

    /// Puts in all of a configuration: its timeouts, its active services and active servers, with
    /// their whole weights. Throws std::runtime_error if IPVS refuses any.
    void load(const config::LvsConfig& config);
    /// What an administrator does by hand, in every service that the configuration puts this server
    /// into and that is there.
    void change_membership(const scenario::MembershipChange& change,
                           const config::LvsConfig& config);

    /// The kernel's sync daemons. `send` takes each datagram at the time at which it leaves.
    using SendSync = std::function<void(const ipvs::SyncMessage& message)>;
    void set_sync_master(const std::optional<ipvs::SyncMaster>& daemon, SendSync send);
    void set_sync_backup(const std::optional<ipvs::SyncBackup>& daemon);
    ipvs::SyncReceipt apply_sync(std::span<const std::uint8_t> datagram);

    /// The machine has died: services, entries and what waited are gone. Counters stay.
    void lose_everything();
    /// The machine boots with these files: sysctls, firewall marks, IP forwarding.
    void boot(const scenario::HostFiles& files);

    /// Tells the sink one DestinationLoad for each service and server, and the DirectorTraffic, at
    /// ns-3's time.
    void sample();

    const ipvs::Ipvs& ipvs() const;
    const DirectorCounters& counters() const;
    /// Every service of every configuration of the scenario. An event's service is an index into
    /// it.
    const std::vector<router::DesiredService>& services() const;

private:
    class DataPath;
    std::unique_ptr<DataPath> path_;
};

}  // namespace lvslab::packet_world
