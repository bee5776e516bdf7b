// SPDX-License-Identifier: GPL-2.0-only
/// A scenario's network as Linux is to have it: namespaces, their ports on bridges, addresses,
/// routes, sysctls, rules. Pure text, worked out before any namespace exists.
///
///     client group -- bridge -- gateway -- public bridge -- routers -- private bridge -- servers
///                                                \-- servers (direct routing, tunnel)
///
/// All clients of a group share one namespace and one link. IPv4 only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/address.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/machine.hpp"
#include "core/world/topology.hpp"

namespace lvslab::lab {

using MacAddress = std::array<std::uint8_t, 6>;
std::string to_string(const MacAddress& mac);

/// One end of a veth pair in a machine; the other one is a port of a bridge.
struct PlannedPort {
    std::string device;       ///< in the machine, as its configuration calls it ("eth0")
    std::string switch_port;  ///< of the bridge
    std::size_t bridge = 0;   ///< index into NetworkPlan::bridges
    MacAddress mac{};
    std::optional<scenario::Link> link;  ///< nothing: no delay, no limit (inside the gateway's box)
    std::optional<scenario::NetworkSide> side;  ///< of routers' and the gateway's ports
    std::vector<lvslab::Network> addresses;     ///< the machine's own
    std::vector<Address> shared{};  ///< of a redundant gateway: on whichever node is active
};

/// What a machine is made of, each time that it boots.
struct PlannedMachine {
    std::string name;
    std::vector<PlannedPort> ports;
    std::vector<std::pair<std::string, std::string>> sysctls;  ///< net.ipv4.ip_forward = 1
    /// Those that older kernels do not have and do not need.
    std::vector<std::pair<std::string, std::string>> newer_sysctls;
    std::vector<std::string> ip_lines;  ///< for `ip -batch`, once the ports are up
    std::string iptables;               ///< for iptables-restore; empty = none
    std::string arptables;              ///< for arptables-restore; empty = none
};

/// How a machine boots: as the run begins, or as it does after a crash.
enum class Boot : std::uint8_t { as_running, at_boot };

class NetworkPlan {
public:
    /// The scenario must outlive the plan.
    explicit NetworkPlan(const scenario::Scenario& scenario);

    const std::vector<std::string>& bridges() const { return bridges_; }
    const world::Topology& topology() const { return topology_; }

    /// `node`: 0 the gateway, 1 its standby if it has one.
    PlannedMachine gateway(unsigned node) const;
    PlannedMachine clients(unsigned group) const;
    PlannedMachine router(unsigned index, Boot boot) const;
    PlannedMachine server(unsigned index, Boot boot) const;
    /// The line for `ip -batch` by which a client group's frames go to that node of the gateway.
    std::string way_of_clients(unsigned group, unsigned gateway_node) const;
    PlannedMachine data_server(unsigned index, unsigned node) const;
    /// Of router, server, data server or gateway.
    PlannedMachine machine(const world::Machine& machine, Boot boot) const;

    /// Whose card it is; the index of a server.
    std::optional<std::uint32_t> server_of(const MacAddress& mac) const;

private:
    PlannedPort port(const std::string& machine, const std::string& device, std::size_t bridge,
                     std::optional<scenario::Link> link) const;
    std::size_t star(unsigned group) const { return topology_.lans.size() + group; }
    void take_virtual_addresses(PlannedMachine& machine, unsigned index,
                                scenario::VipGuard how) const;
    std::vector<lvslab::Network> virtual_networks() const;
    void raise_floating_addresses(PlannedMachine& machine) const;

    const scenario::Scenario& scenario_;
    world::Topology topology_;
    std::vector<std::string> bridges_;
};

/// What the scenario's mark and NAT rules are for iptables-restore; empty if there is none.
std::string iptables_text(const std::vector<scenario::MarkRule>& marks,
                          const std::vector<scenario::NatRule>& nat,
                          const std::array<std::string, 2>& devices);

/// The networks that hold exactly these addresses.
std::vector<lvslab::Network> networks_of_range(const Address& first, std::uint64_t count);

/// What is wrong with one way of a link, beside what the scenario says of it.
struct Impairment {
    bool cut = false;
    std::optional<double> loss;
    Duration delay{};
    friend bool operator==(const Impairment&, const Impairment&) = default;
};
/// netem's parameters for one way of a link (tc-netem(8)); empty if it has nothing to do.
std::string netem_words(const std::optional<scenario::Link>& link, const Impairment& impairment);

}  // namespace lvslab::lab
