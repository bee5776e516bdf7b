// SPDX-License-Identifier: GPL-2.0-only
/// The model of an lvs.cf file, resolved: every directive with its value or its default.
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
enum class LoadMonitor : std::uint8_t { none, rup, ruptime, uptime };

/// A `server NAME { ... }` block of a virtual service.
struct RealServer {
    std::string name;
    Address address;
    bool active = false;
    Weight weight{1};
    Port port;  ///< resolved: the virtual service's if the block gives none
    SourceLocation location;
};

/// A `virtual NAME { ... }` block.
struct VirtualServer {
    std::string name;
    bool active = false;
    Address address;
    std::string device;               ///< "eth0:1"; empty = not given
    std::optional<Address> vip_nmask;
    Fwmark fwmark;
    Protocol protocol = Protocol::tcp;
    Port port{80};
    std::string scheduler = "wlc";
    Duration persistent{};
    std::optional<Address> pmask;     ///< unset = 255.255.255.255
    Duration timeout = std::chrono::seconds(10);
    Duration reentry = std::chrono::seconds(180);
    LoadMonitor load_monitor = LoadMonitor::none;
    bool quiesce_server = false;
    std::optional<Address> sorry_server;
    std::optional<std::string> send, expect, send_program;
    bool use_regex = false;
    std::string client_monitor = "/usr/sbin/nanny";
    std::optional<std::string> start_cmd, stop_cmd;
    std::vector<RealServer> servers;
    SourceLocation location;
};

/// A whole lvs.cf.
struct LvsConfig {
    std::int64_t serial_no = 0;
    Address primary, primary_private, backup, backup_private;
    bool backup_active = false;
    bool heartbeat = false;
    Port heartbeat_port{539};
    Duration keepalive = std::chrono::seconds(2);
    Duration deadtime = std::chrono::seconds(5);
    NetworkType network = NetworkType::nat;
    std::optional<Address> nat_router;  ///< the real servers' default gateway under NAT
    std::string nat_router_device;
    std::optional<Address> nat_nmask;
    std::int64_t monitor_links = 0;
    bool hard_shutdown = true;
    bool syncdaemon = false;
    std::string syncd_iface = "eth0";
    std::int64_t syncd_id = 0;
    Duration tcp_timeout{}, tcpfin_timeout{}, udp_timeout{};  ///< zero = leave the kernel's
    std::vector<VirtualServer> virtual_servers;
    std::vector<VirtualServer> failover_services;  ///< read; run by no world
};

}  // namespace lvslab::config
