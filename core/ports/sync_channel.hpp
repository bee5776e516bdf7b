// SPDX-License-Identifier: GPL-2.0-only
/// Connection synchronisation between the routers.
#pragma once

#include <cstdint>
#include <string>

#include "core/pulse/actions.hpp"

namespace lvslab::ports {

/// The kernel's sync daemons (`ipvsadm --start-daemon ROLE --mcast-interface IF --syncid ID`).
class SyncChannel {
public:
    virtual ~SyncChannel() = default;

    /// Runs in this role alone: one that runs already, in whatever role, ends first.
    virtual void start(pulse::SyncRole role, const std::string& interface, std::uint8_t id) = 0;
    /// Nothing is sent or taken any more. No error if nothing runs.
    virtual void stop() = 0;
};

}  // namespace lvslab::ports
