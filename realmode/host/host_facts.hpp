// SPDX-License-Identifier: GPL-2.0-only
/// What this host has of what an LVS router or a real server needs. Reading changes nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "core/config/lvs_config.hpp"
#include "core/router/host_rules.hpp"
#include "realmode/host/address_probe.hpp"
#include "realmode/host/loaded_rules.hpp"
#include "realmode/host/packet_filter.hpp"

namespace lvslab::realmode {

enum class ModuleState {
    absent,    ///< not in this kernel's folder of modules
    loadable,  ///< there, not loaded
    loaded,    ///< or built in
    unknown,   ///< this kernel's folder of modules is not on this host
};

struct HostDevice {
    std::string name;
    bool up = false;       ///< switched on
    bool carrier = false;  ///< and its link too
    bool loopback = false;
};

struct HostAddress {
    Network network;     ///< the address with its prefix
    std::string device;  ///< "eth0"
};

/// A bound UDP port.
struct UdpPort {
    Endpoint endpoint;    ///< unspecified address = every one
    std::string program;  ///< who holds it, if that can be seen
    int pid = 0;
};

struct HostFacts {
    bool ipvs = false;  ///< IPVS is in the kernel and can be used in this network namespace
    std::map<std::string, ModuleState> modules;  ///< asked for: ip_vs, its schedulers, ...
    std::map<std::string, int> settings;         ///< sysctls by name, as far as they exist
    std::vector<HostDevice> devices;
    std::vector<HostAddress> addresses;
    std::vector<UdpPort> udp_ports;
    LoadedRules rules;
    std::vector<FilterTable> filters;
    /// Why loaded rules are not known, one sentence for each program that should tell them.
    std::vector<std::string> rules_not_read;
    AddressProbe probe;                      ///< of a router's VIPs: see questions_to_neighbours()
    std::optional<int> router_pid;           ///< another lvsrouter of this network namespace
    std::optional<bool> clock_synchronised;  ///< as the kernel's clock says (adjtimex(2))
};

/// Reads what the configuration makes matter.
HostFacts read_host_facts(const config::LvsConfig& config, const router::HostRules& rules);

/// The addresses that move between the routers, with their devices ("eth0"): of each active virtual
/// service, and of the NAT router under NAT. Each once.
std::vector<AddressQuestion> floating_addresses(const config::LvsConfig& config);

/// Which of the two routers the host is (pulse.c, amMaster): the primary by `primary` alone, the
/// backup by `backup`, or by `backup_private` where its public interface is on another network (the
/// manual's 3.3).
struct RouterParts {
    bool primary = false, backup = false;
    bool any() const { return primary || backup; }
};
RouterParts router_parts(const config::LvsConfig& config, const HostFacts& facts);

/// What a router asks its networks for: the floating addresses that it does not hold itself, and on
/// the same devices those of its partner and of the real servers, to know who answers. Nothing if
/// the host is no router.
std::vector<AddressQuestion> questions_to_neighbours(const config::LvsConfig& config,
                                                     const HostFacts& facts);

/// Lines of /proc/net/udp and udp6, with the inode of each socket.
struct UdpSocketLine {
    Endpoint endpoint;
    std::string inode;
    friend bool operator==(const UdpSocketLine&, const UdpSocketLine&) = default;
};
std::vector<UdpSocketLine> parse_proc_net_udp(std::string_view text);

/// Whether modules.dep or modules.builtin lists the module: `_` and `-` are the same in names.
bool lists_module(std::string_view text, std::string_view name);

}  // namespace lvslab::realmode
