// SPDX-License-Identifier: GPL-2.0-only
/// The LVS router's data path in ns-3: asks core::Ipvs what becomes of each packet and does it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/ipvs/ipvs.hpp"
#include "core/journal/event.hpp"
#include "core/router/desired_services.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/network.hpp"

namespace lvslab::packet_world {

struct DirectorOptions {
    ipvs::Options ipvs;
    std::optional<std::string> scheduler;  ///< of every service, instead of the lvs.cf's
};

/// What the director did, in packets.
struct DirectorCounters {
    std::uint64_t forwarded = 0;  ///< to a real server
    std::uint64_t replies = 0;    ///< NAT's, back to a client
    std::uint64_t dropped = 0;
    std::uint64_t rejected = 0;  ///< answered by ICMP port unreachable
    std::uint64_t reset = 0;     ///< handed to the host's stack, which resets
};

/// One router's director. Every packet for a virtual service and every NAT reply becomes an
/// ipvs::Segment; the verdict is carried out by NAT, direct routing or IP-in-IP.
class Director {
public:
    /// Puts the lvs.cf's active services and servers into IPVS and takes over the router's hook.
    /// Tells `sink` DestinationAdded now, and as the run goes Decision events and the scenario's
    /// membership changes at their time. Network, scenario and sink must outlive the director.
    Director(Network& network, unsigned router, const scenario::Scenario& scenario,
             const DirectorOptions& options, journal::Sink& sink);
    ~Director();
    Director(const Director&) = delete;
    Director& operator=(const Director&) = delete;

    /// Tells the sink one DestinationLoad for each service and server, at ns-3's time.
    void sample();

    const ipvs::Ipvs& ipvs() const;
    const DirectorCounters& counters() const;
    /// What IPVS was given at the start. A Decision's service is an index into it.
    const std::vector<router::DesiredService>& services() const;

private:
    class DataPath;
    std::unique_ptr<DataPath> path_;
};

}  // namespace lvslab::packet_world
