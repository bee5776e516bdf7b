// SPDX-License-Identifier: GPL-2.0-only
/// Datagrams to the other router.
#pragma once

#include "core/pulse/actions.hpp"
#include "core/pulse/words.hpp"

namespace lvslab::ports {

/// UDP from this node's address on a path to the partner's, on lvs.cf's heartbeat_port at both
/// ends. What comes in is handed to the router as it is; datagrams from addresses that are not the
/// partner's are dropped before.
class HeartbeatLink {
public:
    virtual ~HeartbeatLink() = default;

    /// One datagram. That it arrives is not promised, nor is it told if it cannot even be sent.
    virtual void send(pulse::Path path, const pulse::WireWord& payload) = 0;
};

}  // namespace lvslab::ports
