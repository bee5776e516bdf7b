// SPDX-License-Identifier: GPL-2.0-only
/// What an administrator tells IPVS: virtual services, real servers (destinations), timeouts.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "core/base/time.hpp"

namespace lvslab::ipvs {

/// How a packet reaches its real server. Values are the kernel's IP_VS_CONN_F_* (ip_vs.h).
enum class ForwardingMethod : std::uint8_t {
    nat = 0,
    local = 1,
    tunnel = 2,
    direct = 3,
    bypass = 4
};

/// What a virtual service is found by: a firewall mark, or protocol + address + port.
struct ServiceKey {
    Protocol protocol = Protocol::tcp;  ///< Protocol::ip for a fwmark service
    Endpoint endpoint;                  ///< port 0 = every port (persistent services only)
    Fwmark fwmark;                 ///< non-zero: a fwmark service, protocol and endpoint unused
    Family family = Family::ipv4;  ///< family of the service's real servers and clients

    friend constexpr auto operator<=>(const ServiceKey&, const ServiceKey&) = default;
};

/// How a virtual service behaves.
struct ServiceSettings {
    std::string scheduler = "wlc";  ///< a name of the scheduler table (schedulers.hpp)
    Duration persistent{};          ///< persistence timeout; zero = no persistence
    /// IPv4 netmask of persistence; unspecified = 255.255.255.255. Unused for IPv6.
    Address persistence_mask = Address::v4(0xFFFFFFFFU);
    unsigned persistence_prefix = 128;  ///< prefix length of persistence for IPv6
    bool one_packet = false;            ///< UDP one-packet scheduling (IP_VS_SVC_F_ONEPACKET)
    bool scheduler_flag_1 = false;      ///< sh-fallback, mh-fallback (IP_VS_SVC_F_SCHED1)
    bool scheduler_flag_2 = false;      ///< sh-port, mh-port (IP_VS_SVC_F_SCHED2)

    friend bool operator==(const ServiceSettings&, const ServiceSettings&) = default;
};

/// How a real server takes part in a virtual service.
struct DestinationSettings {
    ForwardingMethod method = ForwardingMethod::nat;
    Weight weight{1};
    std::uint32_t upper_threshold = 0;  ///< 0 = none
    std::uint32_t lower_threshold = 0;  ///< 0 = three quarters of the upper one

    friend bool operator==(const DestinationSettings&, const DestinationSettings&) = default;
};

/// What `ipvsadm --set` changes; zero keeps what is there.
struct Timeouts {
    Duration tcp{};
    Duration tcp_fin{};
    Duration udp{};

    friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// Why a change was refused. Names follow the kernel's errno of the same change.
enum class ControlResult : std::uint8_t {
    ok,
    exists,               ///< EEXIST: service or destination is there already
    no_such_service,      ///< ESRCH
    no_such_destination,  ///< ENOENT
    unknown_scheduler,    ///< ENOENT
    out_of_range,         ///< ERANGE: negative weight, lower threshold above the upper
    invalid,              ///< EINVAL: e.g. a multicast real server, or SCTP, which is not modelled
    not_permitted,        ///< EPERM: a real kernel wants CAP_NET_ADMIN
    failed,               ///< anything else a real kernel or the way to it may say
};

/// For a log: "there is no such service".
std::string_view to_string(ControlResult result);

/// One real server of a service as IPVS sees it, counters included.
struct DestinationStatus {
    Endpoint endpoint;
    ForwardingMethod method;
    Weight weight;
    std::uint32_t upper_threshold;
    std::uint32_t lower_threshold;
    std::int64_t active;      ///< connections in an active state
    std::int64_t inactive;    ///< all other entries
    std::int64_t persistent;  ///< persistence templates
    bool overloaded;
    std::uint64_t connections;  ///< scheduled in all
};

}  // namespace lvslab::ipvs
