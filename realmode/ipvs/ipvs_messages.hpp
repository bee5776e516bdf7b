// SPDX-License-Identifier: GPL-2.0-only
/// The messages of the kernel's IPVS (linux/ip_vs.h, generic netlink family "IPVS"): pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "realmode/ipvs/ipvs_table.hpp"
#include "realmode/ipvs/netlink_socket.hpp"

namespace lvslab::realmode {

/// The number that the kernel gave the family.
using IpvsFamily = Quantity<struct IpvsFamilyTag, std::uint16_t>;

// ---- requests; flags for acknowledgement and dump are the socket's ----

/// NEW, SET or DEL of SERVICE or DEST. Durations go as whole seconds, rounded up. Throws
/// std::length_error for a scheduler's name that no message can hold.
NetlinkMessage encode(IpvsFamily family, const ports::DataplaneChange& change);
/// SET_CONFIG with those that are not zero.
NetlinkMessage encode(IpvsFamily family, const ipvs::Timeouts& timeouts);
NetlinkMessage encode_start(IpvsFamily family, const SyncDaemon& daemon);
NetlinkMessage encode_stop(IpvsFamily family, pulse::SyncRole role);
NetlinkMessage encode_flush(IpvsFamily family);
/// To be dumped.
NetlinkMessage encode_get_services(IpvsFamily family);
/// To be dumped.
NetlinkMessage encode_get_destinations(IpvsFamily family, const ipvs::ServiceKey& service);
/// To be dumped.
NetlinkMessage encode_get_daemons(IpvsFamily family);
NetlinkMessage encode_get_timeouts(IpvsFamily family);
NetlinkMessage encode_get_info(IpvsFamily family);

// ---- answers; nothing if it is no such message, or not all in it ----

std::optional<ListedService> decode_service(std::span<const std::uint8_t> message);
std::optional<ListedDestination> decode_destination(std::span<const std::uint8_t> message,
                                                    Family service_family);
std::optional<SyncDaemon> decode_daemon(std::span<const std::uint8_t> message);
std::optional<ipvs::Timeouts> decode_timeouts(std::span<const std::uint8_t> message);
std::optional<IpvsInfo> decode_info(std::span<const std::uint8_t> message);

}  // namespace lvslab::realmode
