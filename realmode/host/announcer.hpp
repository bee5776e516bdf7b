// SPDX-License-Identifier: GPL-2.0-only
/// Frames that tell a network who owns an address.
#pragma once

#include <system_error>

#include "core/base/address.hpp"
#include "realmode/host/route_socket.hpp"

namespace lvslab::realmode {

/// A packet socket that only sends, and never waits.
class Announcer {
public:
    /// Throws std::system_error: without CAP_NET_RAW there is no such socket.
    Announcer();
    ~Announcer();
    Announcer(const Announcer&) = delete;
    Announcer& operator=(const Announcer&) = delete;

    /// One gratuitous ARP or unsolicited neighbour advertisement out of `interface`. An interface
    /// that does no ARP needs none.
    std::error_code announce(const Address& address, const Interface& interface);

private:
    int socket_;
};

}  // namespace lvslab::realmode
