// SPDX-License-Identifier: GPL-2.0-only
/// Clears up after a router on this host: for its supervisor, the next start, `lvsrouter clean`.
#pragma once

#include <memory>
#include <string>

#include "realmode/daemon/daemon.hpp"
#include "realmode/daemon/holdings.hpp"
#include "realmode/daemon/supervision.hpp"
#include "realmode/host/event_loop.hpp"
#include "realmode/host/floating_addresses.hpp"
#include "realmode/ipvs/kernel_ipvs.hpp"

namespace lvslab::realmode {

/// Opens its sockets once, while the process has its privileges and memory.
class HostCleaner {
public:
    /// A kernel without IPVS, or one that may not be changed, is cleared of addresses only, if at
    /// all: what cannot be done is a line of the log.
    explicit HostCleaner(const DaemonOptions& options);

    /// Takes out what was `told` and what the state folder names, and notes there that it is gone.
    /// Whether there was an address.
    bool clean(const Holdings& told, const CleanUp& order);

private:
    void clean_services(bool daemon_dies);

    std::string record_file_;
    std::string services_file_;
    std::string place_;
    EventLoop loop_;  ///< nothing waits in it
    std::unique_ptr<FloatingAddresses> addresses_;
    std::unique_ptr<KernelIpvs> ipvs_;
};

}  // namespace lvslab::realmode
