// SPDX-License-Identifier: GPL-2.0-only
/// Control of the kernel's IPVS over generic netlink (family "IPVS", linux/ip_vs.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "tests/real/oracle/endpoint.hpp"
#include "tests/real/oracle/netlink.hpp"

namespace lvslab::oracle {

/// What a virtual service is found by, and how it behaves.
struct Service {
    std::string name;            ///< the script's
    std::uint16_t protocol = 0;  ///< IPPROTO_TCP or IPPROTO_UDP; unused with a mark
    Endpoint endpoint;
    std::uint32_t fwmark = 0;
    Family family = Family::ipv4;
    std::string scheduler;
    std::uint32_t flags = 0;              ///< IP_VS_SVC_F_*
    std::uint32_t persistent = 0;         ///< seconds; 0 = not persistent
    std::uint32_t netmask = 0xFFFFFFFFU;  ///< IPv4: host order; IPv6: prefix length
};

struct Destination {
    Endpoint endpoint;
    std::uint32_t method = 0;  ///< IP_VS_CONN_F_MASQ, _TUNNEL, _DROUTE
    std::int32_t weight = 1;
    std::uint32_t upper = 0;
    std::uint32_t lower = 0;
};

/// A real server's counters.
struct Counters {
    Endpoint endpoint;
    std::int32_t weight = 0;
    std::uint32_t active = 0;
    std::uint32_t inactive = 0;
    std::uint32_t persistent = 0;
};

/// Every change returns the kernel's errno, 0 if it was taken. Throws std::system_error if the
/// kernel has no IPVS or the socket fails.
class IpvsControl {
public:
    IpvsControl();
    ~IpvsControl();
    IpvsControl(const IpvsControl&) = delete;
    IpvsControl& operator=(const IpvsControl&) = delete;

    int add(const Service& service);
    int edit(const Service& service);
    int remove(const Service& service);
    int add(const Service& service, const Destination& destination);
    int edit(const Service& service, const Destination& destination);
    int remove(const Service& service, const Destination& destination);
    /// Seconds; 0 keeps what is there.
    int set_timeouts(std::uint32_t tcp, std::uint32_t fin, std::uint32_t udp);

    /// In the kernel's list order, which is the schedulers' order.
    std::vector<Counters> counters(const Service& service);

private:
    NetlinkRequest request(std::uint8_t command, std::uint16_t flags) const;
    int change(std::uint8_t command, const Service& service);
    int change(std::uint8_t command, const Service& service, const Destination& destination);

    std::vector<Counters> counters_v4(const Service& service) const;

    NetlinkSocket socket_;
    int control_;  ///< for the old control calls
    std::uint16_t family_ = 0;
};

}  // namespace lvslab::oracle
