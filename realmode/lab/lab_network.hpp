// SPDX-License-Identifier: GPL-2.0-only
/// A scenario's network from network namespaces, veth pairs, bridges and netem.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "core/world/machine.hpp"
#include "core/world/machine_states.hpp"
#include "realmode/lab/network_namespace.hpp"
#include "realmode/lab/network_plan.hpp"
#include "realmode/lab/route_requests.hpp"

namespace lvslab::lab {

/// All of it is held by descriptors of this process and goes with it. Needs root, and iproute2's
/// `ip` and `tc` (iptables-restore and arptables-restore where a scenario has rules).
class LabNetwork {
public:
    /// Builds everything, as the run begins. The scenario must outlive it. Throws std::system_error
    /// or std::runtime_error.
    explicit LabNetwork(const scenario::Scenario& scenario);

    const NetworkPlan& plan() const { return plan_; }
    const NetworkNamespace& clients(unsigned group) const { return clients_.at(group).where; }
    /// Where a machine's sockets are opened. Another one after each restart.
    const NetworkNamespace& machine(const world::Machine& machine) const;
    /// It has not crashed.
    bool exists(const world::Machine& machine) const { return built_.contains(machine); }

    /// The machine is gone, as if the current failed: no frame leaves any more. Whoever has sockets
    /// in it closes them afterwards.
    void crash(const world::Machine& machine);
    /// A machine that is gone boots, with what it has at boot.
    void boot(const world::Machine& machine);
    /// No frame goes in or out, and its cards notice nothing. Each card keeps some of what comes
    /// in, and of what the machine's own timers send, until it goes on.
    void freeze(const world::Machine& machine, bool frozen);

    void cut(const world::MachineLinks& links, world::Way way);
    void heal(const world::MachineLinks& links, world::Way way);
    void set_loss(const world::MachineLinks& links, world::Way way, std::optional<double> loss);
    void set_extra_delay(const world::MachineLinks& links, world::Way way, Duration delay);

    /// Heartbeats (UDP to the routers' port) alone; out is what the first router sends.
    void cut_heartbeats(std::optional<world::Side> side, world::Way way);
    void heal_heartbeats(std::optional<world::Side> side, world::Way way);
    void set_heartbeat_loss(std::optional<world::Side> side, world::Way way,
                            std::optional<double> loss);
    void set_heartbeat_delay(std::optional<world::Side> side, world::Way way, Duration delay);

    /// Of a redundant gateway: this node has its addresses from now on, the other one has not.
    void raise_gateway_addresses(unsigned node);
    /// One gratuitous ARP for each of them in the networks of the cluster.
    void announce_gateway_addresses(unsigned node);

    /// The service address of a data server's pair, on one of its nodes. No error if it is there,
    /// or not there, or the node is gone; nothing to do for a single one.
    void raise_data_address(unsigned data_server, unsigned node);
    void lower_data_address(unsigned data_server, unsigned node);
    /// One gratuitous ARP for it.
    void announce_data_address(unsigned data_server, unsigned node);

    /// As the packet world's: not open if anything on the way is cut, loses some or is gone.
    world::HeartbeatRoute heartbeat_route(unsigned from, unsigned to, world::Side side) const;

    /// Routers, servers and the gateway by name, in that order, and what their cards have counted
    /// since the run's start. A machine that has crashed keeps what it had counted.
    std::vector<journal::NodeTraffic> traffic();

private:
    struct DelayedDatagrams {
        lvslab::Port to;
        Duration delay{};
        friend bool operator==(const DelayedDatagrams&, const DelayedDatagrams&) = default;
    };
    struct Port {
        PlannedPort planned;
        Impairment up, down;  ///< leaving the machine, and coming to it
        bool frozen = false;
        std::optional<DelayedDatagrams> slow{};  ///< of what leaves
    };
    struct Built {
        NetworkNamespace where;
        std::vector<Port> ports;
        /// Heartbeats that it does not hear now.
        std::set<UnheardDatagrams> unheard{};
        bool filters = false;  ///< its OUTPUT chain loses words by chance
    };
    struct Counted {
        journal::NodeTraffic before;  ///< of earlier lives
        journal::NodeTraffic last;
    };

    Built build(const PlannedMachine& planned);
    void shape(const Built& machine, const Port& port);
    std::vector<Port*> ports_on(const world::MachineLinks& links);
    template <class Change>
    void change(const world::MachineLinks& links, world::Way way, Change&& change);
    template <class Change>
    void change_heartbeats(std::optional<world::Side> side, world::Way way, Change&& change);
    void filter_heartbeats(unsigned router);
    void leave_heartbeats_unheard(unsigned router);
    void delay_heartbeats(unsigned router);
    void move_data_address(unsigned data_server, unsigned node, const char* how);
    void count(const world::Machine& machine);

    const scenario::Scenario& scenario_;
    NetworkPlan plan_;
    NetworkNamespace switches_;
    std::map<world::Machine, Built> built_;
    std::set<unsigned> gateways_;  ///< nodes of a redundant one that have its addresses
    std::vector<Built> clients_;
    std::set<world::Machine> data_addresses_;  ///< nodes of pairs that have the service address
    std::map<world::Machine, Counted> counted_;
    /// What befalls the words that a router sends, by router and side.
    std::map<std::pair<unsigned, world::Side>, Impairment> words_;
};

}  // namespace lvslab::lab
