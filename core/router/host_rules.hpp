// SPDX-License-Identifier: GPL-2.0-only
/// What the hosts of a cluster need besides IPVS for an lvs.cf: firewall marks, masquerading,
/// kernel settings, and what keeps real servers from answering ARP requests for virtual addresses.
/// Sources: the manual's sections 2.5, 3.2, 3.4 and 3.5; the kernel's ip-sysctl.rst.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/quantities.hpp"
#include "core/config/lvs_config.hpp"

namespace lvslab::router {

/// Ports, both ends included.
struct PortRange {
    Port first, last;

    /// "80" or "10000:20000"
    static std::optional<PortRange> parse(std::string_view text);
    bool contains(Port port) const { return first <= port && port <= last; }
    std::string to_string() const;
    friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// More ports that carry a mark: an lvs.cf gives a marked service one port alone.
struct MarkPorts {
    Fwmark mark;
    PortRange ports;

    /// "80=443" or "21=10000:20000"
    static std::optional<MarkPorts> parse(std::string_view text);
    friend bool operator==(const MarkPorts&, const MarkPorts&) = default;
};

/// What an lvs.cf cannot say.
struct HostRulesOptions {
    /// Where FTP servers listen for passive data connections (manual, 3.5.3.2; pasv_min_port and
    /// pasv_max_port of vsftpd).
    PortRange ftp_ports{Port{10000}, Port{20000}};
    std::vector<MarkPorts> mark_ports;
};

/// Packets to `vip` and `ports` carry `mark` when they reach IPVS (mangle PREROUTING).
struct MarkNeed {
    Protocol protocol = Protocol::tcp;
    Address vip;
    PortRange ports;
    Fwmark mark;
    std::string reason;  ///< "virtual \"ftp\"", "passive FTP of virtual \"ftp\""
    SourceLocation location;
    friend bool operator==(const MarkNeed&, const MarkNeed&) = default;
};

/// TCP connections that real servers of `source` open from `source_port` leave with the router's
/// own address (manual, 3.5.3.1: active FTP).
struct MasqueradeNeed {
    Network source;
    Port source_port{20};
    std::string reason;
    SourceLocation location;
    friend bool operator==(const MasqueradeNeed&, const MasqueradeNeed&) = default;
};

/// A kernel setting (sysctl).
struct SettingNeed {
    std::string name;  ///< "net.ipv4.ip_forward"
    int value = 0;
    bool required = true;  ///< false: the manual asks for it, today's kernel works without
    std::string reason;
    friend bool operator==(const SettingNeed&, const SettingNeed&) = default;
};

/// What a real server needs under direct routing or tunnels; under NAT it needs nothing but the
/// routers' nat_router as its gateway.
struct RealServerNeed {
    struct Service {
        Protocol protocol = Protocol::tcp;
        Address vip;
        PortRange ports;
        SourceLocation location;
        friend bool operator==(const Service&, const Service&) = default;
    };

    Address address;
    std::vector<std::string> names;  ///< of its `server` blocks, each once
    std::vector<Address> vips;       ///< each once
    std::vector<Service> services;   ///< what it serves, marked ports included
    std::vector<SettingNeed> settings;
    std::string
        device;  ///< that carries the virtual addresses: "lo", "tunl0", "ip6tnl0"; "" = none
    SourceLocation location;
};

/// What all hosts need. Both routers need the same.
struct HostRules {
    config::NetworkType network = config::NetworkType::nat;
    std::vector<MarkNeed> marks;
    std::vector<MasqueradeNeed> masquerades;
    std::vector<SettingNeed> settings;
    /// Modules of the kernel besides ip_vs and its schedulers: "ip_vs_ftp", "ipip".
    std::vector<std::string> modules;
    std::vector<RealServerNeed> real_servers;  ///< in the order of the file
};

/// From the active virtual services and their active servers, in the order of the file.
HostRules host_rules(const config::LvsConfig& config, const HostRulesOptions& options = {});

}  // namespace lvslab::router
