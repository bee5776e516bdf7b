// SPDX-License-Identifier: GPL-2.0-only
/// Interfaces and their addresses over rtnetlink.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "core/base/address.hpp"
#include "realmode/host/arp_frame.hpp"

struct nl_sock;

namespace lvslab::realmode {

struct Interface {
    int index = 0;
    std::string name;
    bool up = false;       ///< switched on (IFF_UP)
    bool carrier = false;  ///< and its cable too (IFF_LOWER_UP)
    bool loopback = false;
    std::optional<HardwareAddress> hardware_address;  ///< of Ethernet that does ARP
};

struct InterfaceAddress {
    int interface = 0;
    Network network;    ///< the address with its prefix
    std::string label;  ///< "eth0:1"; IPv6 has none
};

/// One socket of libnl-route. Requests are answered by the kernel before they return; nothing
/// waits for the network.
class RouteSocket {
public:
    /// Throws std::system_error.
    RouteSocket();

    std::vector<Interface> interfaces();
    std::vector<InterfaceAddress> addresses();
    std::optional<Interface> interface(const std::string& name);
    std::optional<Interface> interface(int index);

    /// An address that is there already is no error, nor is one that is not. EPERM without
    /// CAP_NET_ADMIN.
    std::error_code add(const InterfaceAddress& address);
    std::error_code remove(const InterfaceAddress& address);

    /// From now on the kernel tells this socket of changes of interfaces and addresses.
    void subscribe();
    /// Takes what is there and forgets it.
    void drain();
    int descriptor() const;

private:
    struct Free {
        void operator()(nl_sock* socket) const;
    };
    std::unique_ptr<nl_sock, Free> socket_;
};

}  // namespace lvslab::realmode
