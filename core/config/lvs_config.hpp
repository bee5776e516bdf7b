// SPDX-License-Identifier: GPL-2.0-only
/// The model of an lvs.cf file, resolved: every directive with its value or its default.
/// The defaults written here are the only ones; the table of directives reads them from here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/quantities.hpp"
#include "core/base/time.hpp"

namespace lvslab::config {

enum class NetworkType : std::uint8_t { nat, direct, tunnel };
/// What the routers run: IPVS (lvs) or failover services without it (fos).
enum class ServiceType : std::uint8_t { lvs, fos };
/// Extension: who is active when a repaired primary returns. `none` is what Piranha's pulse does,
/// `primary` what its manual says.
enum class Failback : std::uint8_t { none, primary };
/// Extension: a check by its protocol instead of by `send` and `expect`.
enum class CheckType : std::uint8_t { tcp, http, https };

/// Extension: HTTP status codes that a check takes as good, both ends included.
struct StatusRange {
    std::uint16_t first = 200;
    std::uint16_t last = 399;
    friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

/// A number that Piranha stores as a port although no port has it (99999, -1). It is held so that
/// `--piranha` can show it; what Piranha then uses is its low 16 bits, the `port` beside it.
using PortOutOfRange = std::optional<std::int32_t>;

/// Where a directive's value stands; line 0 = nowhere, its default holds.
struct Place {
    unsigned line = 0;
    unsigned column = 0;
};
/// By the index of the directive in the table of its level; places.hpp looks them up.
using Places = std::vector<Place>;

/// A `server NAME { ... }` block of a virtual service.
struct RealServer {
    std::string name;
    Address address;
    bool active = false;
    Weight weight{1};
    Port port{80};  ///< resolved: the virtual service's if the block gives none
    PortOutOfRange port_out_of_range;
    std::int64_t u_threshold = 0;  ///< extension: connections that overload it; 0 = no limit
    std::int64_t l_threshold = 0;  ///< extension: below it, it is free again; 0 = 3/4 of the upper
    SourceLocation location;
    Places given;

    /// Same settings; the location does not count.
    friend bool operator==(const RealServer& a, const RealServer& b);
};

/// A `virtual NAME { ... }` or `failover NAME { ... }` block.
struct VirtualServer {
    std::string name;
    bool active = false;
    Address address;
    std::string device;  ///< "eth0:1"; empty = not given
    std::optional<Address> vip_nmask;
    Fwmark fwmark;
    Protocol protocol = Protocol::tcp;
    Port port{80};
    PortOutOfRange port_out_of_range;
    std::string scheduler = "wlc";
    std::optional<std::string> sched_flags;  ///< extension: "sh-port", "mh-fallback,mh-port", ...
    Duration persistent{};
    std::optional<Address> pmask;  ///< unset = 255.255.255.255
    Duration timeout = std::chrono::seconds(10);
    Duration reentry = std::chrono::seconds(180);
    /// none, rup, ruptime or uptime; Piranha's reader takes any word. Unset = none.
    std::optional<std::string> load_monitor;
    bool quiesce_server = false;
    std::optional<Address> sorry_server;
    /// Outer double quotes removed, single quotes kept, escapes not decoded (nanny does that).
    std::optional<std::string> send, expect, send_program;
    bool use_regex = false;
    std::optional<CheckType> check;  ///< extension; unset = as Piranha checks
    std::optional<std::string> check_path, check_host, check_body;  ///< extension: HTTP, HTTPS
    std::optional<StatusRange> check_status;                        ///< extension: HTTP, HTTPS
    std::optional<Duration> check_interval;  ///< extension, > 0; unset = timeout
    std::optional<Duration> check_timeout;   ///< extension, > 0; unset = timeout
    std::optional<std::int64_t> rise, fall;  ///< extension, >= 1; unset = as Piranha counts
    std::string client_monitor = "/usr/sbin/nanny";
    std::optional<std::string> start_cmd, stop_cmd;
    std::optional<Address> master;
    std::optional<std::vector<std::string>> dirs;
    std::vector<RealServer> servers;
    SourceLocation location;
    Places given;

    /// Same settings; locations do not count.
    friend bool operator==(const VirtualServer& a, const VirtualServer& b);
};

/// A whole lvs.cf.
struct LvsConfig {
    std::int64_t serial_no = 0;
    Address primary, primary_private, backup, backup_private;
    std::optional<std::string> primary_shared, backup_shared;
    ServiceType service = ServiceType::lvs;
    bool backup_active = false;
    bool heartbeat = false;
    Port heartbeat_port{539};
    PortOutOfRange heartbeat_port_out_of_range;
    Duration keepalive = std::chrono::seconds(2);
    Duration deadtime = std::chrono::seconds(5);
    Failback failback = Failback::none;  ///< extension
    NetworkType network = NetworkType::nat;
    std::optional<Address> nat_router;  ///< the real servers' default gateway under NAT
    std::string nat_router_device;
    std::optional<Address> nat_nmask;
    std::string debug_level = "NONE";
    std::int64_t monitor_links = 0;
    bool hard_shutdown = true;
    std::string rsh_command = "rsh";
    std::string ipvsadm = "/sbin/ipvsadm";
    std::optional<std::string> active_cmd, inactive_cmd;
    std::string reservation_conflict_action = "nothing";
    bool syncdaemon = false;
    std::string syncd_iface = "eth0";
    std::int64_t syncd_id = 0;  ///< Piranha hands its low 8 bits to the kernel
    Duration tcp_timeout{}, tcpfin_timeout{}, udp_timeout{};  ///< zero = leave the kernel's
    bool sync = false;
    std::vector<VirtualServer> virtual_servers;
    std::vector<VirtualServer> failover_services;  ///< read; run by no world
    SourceLocation location;                       ///< the file, without a line
    Places given;

    /// Same settings; locations do not count.
    friend bool operator==(const LvsConfig& a, const LvsConfig& b);
};

}  // namespace lvslab::config
