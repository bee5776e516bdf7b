// SPDX-License-Identifier: GPL-2.0-only
/// What an LVS router gives IPVS for its lvs.cf: pure, the same in every world.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/config/lvs_config.hpp"
#include "core/ipvs/service.hpp"

namespace lvslab::router {

/// A real server's place in a virtual service.
struct DesiredDestination {
    std::string name;    ///< of the `server` block
    bool active = true;  ///< inactive ones are not put into IPVS
    Endpoint endpoint;   ///< its port is destination_port()
    ipvs::DestinationSettings settings;
};

/// A virtual service as IPVS is to have it.
struct DesiredService {
    std::string name;            ///< of the `virtual` block
    std::size_t virtual_server;  ///< index into LvsConfig::virtual_servers
    ipvs::ServiceKey key;
    ipvs::ServiceSettings settings;
    /// In the order of the file, inactive ones included.
    std::vector<DesiredDestination> destinations;
    /// In, with weight 1, while no real server serves; on the service's own port.
    std::optional<DesiredDestination> sorry{};
};

/// The port that a real server has in IPVS. Under a firewall mark it is 0, the packet keeps its own
/// (as lvsd tells ipvsadm); direct routing and tunnels do not touch the packet, so ipvsadm puts the
/// service's port in the place of any other (ipvsadm.c, process_options).
Port destination_port(config::NetworkType network, const config::VirtualServer& v,
                      const config::RealServer& server);

/// The active virtual services of a configuration, in the order of the file. `scheduler` takes the
/// place of every service's own.
std::vector<DesiredService> desired_services(const config::LvsConfig& config,
                                             const std::optional<std::string>& scheduler = {});

/// What `ipvsadm --set` is told; zero keeps the kernel's.
ipvs::Timeouts desired_timeouts(const config::LvsConfig& config);

}  // namespace lvslab::router
