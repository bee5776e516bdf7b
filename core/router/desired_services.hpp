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
    Endpoint endpoint;   ///< port 0 under a firewall mark: the packet keeps its own
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
};

/// The active virtual services of a configuration, in the order of the file. Under a firewall mark
/// the real servers have port 0, as lvsd gives them to ipvsadm. `scheduler` takes the place of
/// every service's own.
std::vector<DesiredService> desired_services(const config::LvsConfig& config,
                                             const std::optional<std::string>& scheduler = {});

/// What `ipvsadm --set` is told; zero keeps the kernel's.
ipvs::Timeouts desired_timeouts(const config::LvsConfig& config);

}  // namespace lvslab::router
