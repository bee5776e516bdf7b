// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/lab_network.hpp"

#include <net/if.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "realmode/host/announcer.hpp"
#include "realmode/lab/program.hpp"

namespace lvslab::lab {
namespace {

using world::Machine;
using world::MachineLinks;
using world::Side;
using world::Way;

/// What a card keeps while its machine stands still: as the packet world's, a common receive ring.
constexpr std::size_t ring_bytes = 256 * 1514;

void ip_batch(const NetworkNamespace& where, const std::string& lines) {
    if (!lines.empty()) {
        run_program(where, {"ip", "-batch", "-"}, lines);
    }
}

/// Frames and bytes of all cards but the loopback (/proc/net/dev).
journal::NodeTraffic cards_of(const NetworkNamespace& where) {
    const Inside inside(where);
    std::ifstream file("/proc/thread-self/net/dev");
    journal::NodeTraffic sum{};
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(':');
        if (colon == std::string::npos || line.find("lo:") != std::string::npos) {
            continue;
        }
        std::istringstream numbers(line.substr(colon + 1));
        std::uint64_t values[10] = {};
        for (auto& value : values) {
            numbers >> value;
        }
        sum.received_bytes += values[0];
        sum.received_packets += values[1];
        sum.sent_bytes += values[8];
        sum.sent_packets += values[9];
    }
    return sum;
}

void add(journal::NodeTraffic& sum, const journal::NodeTraffic& more) {
    sum.received_packets += more.received_packets;
    sum.received_bytes += more.received_bytes;
    sum.sent_packets += more.sent_packets;
    sum.sent_bytes += more.sent_bytes;
}

/// Two queues on a card: one for the datagrams to a port, one for all else (tc-prio(8), tc-u32(8)).
std::string two_queues(const std::string& device, const std::string& others,
                       const std::string& datagrams, Port to) {
    return fmt::format(
        "qdisc replace dev {0} root handle 1: prio bands 2 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "
        "0\n"
        "qdisc replace dev {0} parent 1:1 {1}\n"
        "qdisc replace dev {0} parent 1:2 {2}\n"
        "filter add dev {0} parent 1: protocol ip prio 1 u32 match ip protocol 17 0xff "
        "match ip dport {3} 0xffff flowid 1:2\n",
        device, others.empty() ? "pfifo limit 1000" : others, datagrams, to.value());
}

bool whole(const Impairment& way, const scenario::Link& link) {
    return !way.cut && way.loss.value_or(link.loss) == 0;
}

}  // namespace

LabNetwork::LabNetwork(const scenario::Scenario& scenario) : scenario_(scenario), plan_(scenario) {
    std::string lines;
    for (const auto& bridge : plan_.bridges()) {
        lines += fmt::format(
            "link add {0} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
            "link set dev {0} up\n",
            bridge);
    }
    ip_batch(switches_, lines);
    const auto add_machine = [&](const Machine& machine) {
        built_.emplace(machine, build(plan_.machine(machine, Boot::as_running)));
        counted_[machine].before.node = counted_[machine].last.node =
            world::name_of(scenario, machine);
    };
    for (unsigned i = 0; i < scenario.routers.size(); ++i) {
        add_machine({Machine::Kind::router, i});
    }
    for (unsigned i = 0; i < scenario.servers.size(); ++i) {
        add_machine({Machine::Kind::server, i});
    }
    for (unsigned i = 0; i < scenario.data.size(); ++i) {
        for (unsigned node = 0; node < plan_.topology().data[i].lans.size(); ++node) {
            add_machine({Machine::Kind::data_server, i, node});
        }
    }
    add_machine({Machine::Kind::gateway});
    if (scenario.gateway_standby) {
        add_machine({Machine::Kind::gateway, 0, 1});
    }
    for (unsigned g = 0; g < scenario.clients.size(); ++g) {
        clients_.push_back(build(plan_.clients(g)));
    }
    raise_gateway_addresses(0);
}

LabNetwork::Built LabNetwork::build(const PlannedMachine& planned) {
    Built machine;
    std::string outside, inside;
    for (const auto& port : planned.ports) {
        outside += fmt::format(
            "link add {0} type veth peer name {1} netns {2}\n"
            "link set dev {0} gso_max_segs 1\n"
            "link set dev {0} master {3}\n"
            "link set dev {0} up\n",
            port.switch_port, port.device, machine.where.path(), plan_.bridges()[port.bridge]);
        inside += fmt::format(
            "link set dev {0} address {1}\n"
            "link set dev {0} gso_max_segs 1\n"
            "link set dev {0} up\n",
            port.device, to_string(port.mac));
        for (const auto& address : port.addresses) {
            inside += fmt::format("addr add {}/{} brd + dev {}\n", address.address.to_string(),
                                  address.prefix_length, port.device);
        }
        machine.ports.push_back({port, {}, {}, false, {}});
    }
    for (const auto& line : planned.ip_lines) {
        inside += line + "\n";
    }
    ip_batch(switches_, outside);
    ip_batch(machine.where, inside);
    for (const auto& [name, value] : planned.sysctls) {
        set_sysctl(machine.where, name, value);
    }
    for (const auto& [name, value] : planned.newer_sysctls) {
        if (has_sysctl(machine.where, name)) {
            set_sysctl(machine.where, name, value);
        }
    }
    if (!planned.iptables.empty()) {
        run_program(machine.where, {"iptables-restore"}, planned.iptables);
    }
    if (!planned.arptables.empty()) {
        run_program(machine.where, {"arptables-restore"}, planned.arptables);
    }
    for (const auto& port : machine.ports) {
        if (!netem_words(port.planned.link, {}).empty()) {
            shape(machine, port);
        }
    }
    return machine;
}

/// netem at both ends of the veth pair; nothing queues where it has nothing to do. The card of a
/// machine that stands still is shaped when it goes on.
void LabNetwork::shape(const Built& machine, const Port& port) {
    if (port.frozen) {
        return;
    }
    const auto end = [&](const NetworkNamespace& where, const std::string& device,
                         const Impairment& impairment,
                         const std::optional<DelayedDatagrams>& slow) {
        const auto words = netem_words(port.planned.link, impairment);
        auto lines = fmt::format("qdisc replace dev {} root {}\n", device,
                                 words.empty() || slow ? "noqueue" : words);
        if (slow) {
            auto more = impairment;
            more.delay += slow->delay;
            lines += two_queues(device, words, netem_words(port.planned.link, more), slow->to);
        }
        run_program(where, {"tc", "-batch", "-"}, lines);
    };
    end(machine.where, port.planned.device, port.up, port.slow);
    end(switches_, port.planned.switch_port, port.down, {});
}

const NetworkNamespace& LabNetwork::machine(const Machine& machine) const {
    return built_.at(machine).where;
}

// ---- machines ----

void LabNetwork::crash(const Machine& machine) {
    const auto found = built_.find(machine);
    if (found == built_.end()) {
        return;
    }
    count(machine);
    auto& counted = counted_[machine];
    add(counted.before, counted.last);
    counted.last = {counted.last.node, 0, 0, 0, 0};
    std::string lines;
    for (const auto& port : found->second.ports) {
        lines += fmt::format("link del dev {}\n", port.planned.switch_port);
    }
    ip_batch(switches_, lines);
    data_addresses_.erase(machine);
    built_.erase(found);
    if (machine.kind == Machine::Kind::gateway) {
        gateways_.erase(machine.node);
    }
}

void LabNetwork::boot(const Machine& machine) {
    if (!exists(machine)) {
        built_.emplace(machine, build(plan_.machine(machine, Boot::at_boot)));
        if (machine.kind == Machine::Kind::router) {
            filter_heartbeats(machine.index);
            leave_heartbeats_unheard(machine.index);
            delay_heartbeats(machine.index);
        }
    }
}

void LabNetwork::freeze(const Machine& machine, bool frozen) {
    const auto found = built_.find(machine);
    if (found == built_.end()) {
        return;
    }
    // A gateway keeps nothing: all machines are one kernel, and a segment that waits on another
    // one's card still waits in its sender's queue, which then does not send it again.
    const auto kept = machine.kind == Machine::Kind::gateway ? std::size_t{1} : ring_bytes;
    for (auto& port : found->second.ports) {
        if (port.frozen == frozen) {
            continue;
        }
        port.frozen = frozen;
        if (frozen) {
            plug(switches_, port.planned.switch_port, kept);
            plug(found->second.where, port.planned.device, kept);
            continue;
        }
        release(switches_, port.planned.switch_port);
        release(found->second.where, port.planned.device);
        // An open plug does nothing more: it stays unless the link has netem.
        if (port.slow || !netem_words(port.planned.link, port.up).empty() ||
            !netem_words(port.planned.link, port.down).empty()) {
            shape(found->second, port);
        }
    }
}

// ---- links ----

std::vector<LabNetwork::Port*> LabNetwork::ports_on(const MachineLinks& links) {
    std::vector<Port*> ports;
    const auto found = built_.find(links.machine);
    if (found == built_.end()) {
        return ports;
    }
    for (auto& port : found->second.ports) {
        const bool client_side = links.machine.kind == Machine::Kind::gateway && !port.planned.link;
        if (!client_side &&
            (!links.side || !port.planned.side || port.planned.side == links.side)) {
            ports.push_back(&port);
        }
    }
    return ports;
}

/// A link that is cut both ways has no carrier: its port of the bridge goes down. One that is cut
/// one way keeps it.
template <class Change>
void LabNetwork::change(const MachineLinks& links, Way way, Change&& change) {
    for (auto* port : ports_on(links)) {
        const bool was_cut = port->up.cut && port->down.cut;
        if (way != Way::in) {
            change(port->up);
        }
        if (way != Way::out) {
            change(port->down);
        }
        const bool is_cut = port->up.cut && port->down.cut;
        if (was_cut != is_cut) {
            ip_batch(switches_, fmt::format("link set dev {} {}\n", port->planned.switch_port,
                                            is_cut ? "down" : "up"));
        }
        shape(built_.at(links.machine), *port);
    }
}

void LabNetwork::cut(const MachineLinks& links, Way way) {
    change(links, way, [](Impairment& i) { i.cut = true; });
}
void LabNetwork::heal(const MachineLinks& links, Way way) {
    change(links, way, [](Impairment& i) { i = {}; });
}
void LabNetwork::set_loss(const MachineLinks& links, Way way, std::optional<double> loss) {
    change(links, way, [&](Impairment& i) { i.loss = loss; });
}
void LabNetwork::set_extra_delay(const MachineLinks& links, Way way, Duration delay) {
    change(links, way, [&](Impairment& i) { i.delay = delay; });
}

// ---- heartbeats ----

template <class Change>
void LabNetwork::change_heartbeats(std::optional<Side> side, Way way, Change&& change) {
    for (unsigned router = 0; router < scenario_.routers.size(); ++router) {
        if (way != Way::both && (router == 0) != (way == Way::out)) {
            continue;
        }
        for (const auto each : {Side::public_net, Side::private_net}) {
            if (!side || *side == each) {
                change(words_[{router, each}]);
            }
        }
        filter_heartbeats(router);
        delay_heartbeats(router);
    }
    for (unsigned router = 0; router < scenario_.routers.size(); ++router) {
        leave_heartbeats_unheard(router);
    }
}

/// The sender's own OUTPUT chain loses words by chance: nothing else that takes the link is
/// touched.
void LabNetwork::filter_heartbeats(unsigned router) {
    const Machine machine{Machine::Kind::router, router};
    if (!exists(machine)) {
        return;
    }
    auto& built = built_.at(machine);
    std::string rules;
    for (const auto& port : built.ports) {
        const auto word = words_.find({router, *port.planned.side});
        if (word != words_.end() && !word->second.cut && word->second.loss.value_or(0) > 0) {
            rules += fmt::format(
                "-A OUTPUT -o {} -p udp --dport {} -m statistic --mode random --probability {:.6f} "
                "-j DROP\n",
                port.planned.device, scenario_.routers[router].config.heartbeat_port.value(),
                *word->second.loss);
        }
    }
    if (built.filters || !rules.empty()) {
        run_program(built.where, {"iptables-restore", "--noflush"},
                    "*filter\n:OUTPUT ACCEPT\n-F OUTPUT\n" + rules + "COMMIT\n");
        built.filters = !rules.empty();
    }
}

/// Words that are cut are not heard by the other router, and their sender does not notice.
void LabNetwork::leave_heartbeats_unheard(unsigned router) {
    const Machine machine{Machine::Kind::router, router};
    if (!exists(machine)) {
        return;
    }
    auto& built = built_.at(machine);
    std::set<UnheardDatagrams> wanted;
    for (const auto& port : built.ports) {
        for (unsigned from = 0; from < scenario_.routers.size(); ++from) {
            const auto word = words_.find({from, *port.planned.side});
            if (from != router && word != words_.end() && word->second.cut) {
                wanted.insert({port.planned.device, scenario_.routers[from].config.heartbeat_port});
            }
        }
    }
    for (const auto& which : wanted) {
        if (!built.unheard.contains(which)) {
            leave_unheard(built.where, which);
        }
    }
    for (const auto& which : built.unheard) {
        if (!wanted.contains(which)) {
            hear_again(built.where, which);
        }
    }
    built.unheard = std::move(wanted);
}

void LabNetwork::cut_heartbeats(std::optional<Side> side, Way way) {
    change_heartbeats(side, way, [](Impairment& i) { i.cut = true; });
}
void LabNetwork::heal_heartbeats(std::optional<Side> side, Way way) {
    change_heartbeats(side, way, [](Impairment& i) { i = {}; });
}
void LabNetwork::set_heartbeat_loss(std::optional<Side> side, Way way, std::optional<double> loss) {
    change_heartbeats(side, way, [&](Impairment& i) { i.loss = loss; });
}

void LabNetwork::set_heartbeat_delay(std::optional<Side> side, Way way, Duration delay) {
    change_heartbeats(side, way, [&](Impairment& i) { i.delay = delay; });
}

/// The sender's card has a queue of their own for its words: nothing else is delayed.
void LabNetwork::delay_heartbeats(unsigned router) {
    const auto found = built_.find({Machine::Kind::router, router});
    if (found == built_.end()) {
        return;
    }
    for (auto& port : found->second.ports) {
        const auto word = words_.find({router, *port.planned.side});
        std::optional<DelayedDatagrams> slow;
        if (word != words_.end() && word->second.delay != Duration{}) {
            slow = {scenario_.routers[router].config.heartbeat_port, word->second.delay};
        }
        if (port.slow != slow) {
            port.slow = slow;
            shape(found->second, port);
        }
    }
}

// ---- the gateway's addresses ----

void LabNetwork::raise_gateway_addresses(unsigned node) {
    if (!scenario_.gateway_standby) {
        return;
    }
    const auto move = [&](unsigned of, const char* how) {
        const auto& machine = built_.at({Machine::Kind::gateway, 0, of});
        std::string lines;
        for (const auto& port : machine.ports) {
            for (const auto& address : port.planned.shared) {
                lines += fmt::format("addr {} {}/32 dev {}\n", how, address.to_string(),
                                     port.planned.device);
            }
        }
        ip_batch(machine.where, lines);
    };
    for (const auto other : std::exchange(gateways_, {})) {
        if (other != node) {
            move(other, "del");
        } else {
            gateways_.insert(node);
        }
    }
    if (gateways_.insert(node).second) {
        move(node, "add");
    }
    for (unsigned g = 0; g < clients_.size(); ++g) {
        ip_batch(clients_[g].where, plan_.way_of_clients(g, node) + "\n");
    }
}

void LabNetwork::announce_gateway_addresses(unsigned node) {
    const auto found = built_.find({Machine::Kind::gateway, 0, node});
    if (!scenario_.gateway_standby || found == built_.end()) {
        return;
    }
    const Inside inside(found->second.where);
    realmode::Announcer announcer;
    for (const auto& port : found->second.ports) {
        realmode::Interface card;
        card.index = static_cast<int>(::if_nametoindex(port.planned.device.c_str()));
        card.hardware_address = port.planned.mac;
        for (const auto& address : port.planned.shared) {
            if (port.planned.link) {  // among the clients no ARP is spoken
                // A card that is cut loses it, as any frame.
                static_cast<void>(announcer.announce(address, card));
            }
        }
    }
}

world::HeartbeatRoute LabNetwork::heartbeat_route(unsigned from, unsigned to, Side side) const {
    const auto card = [&](unsigned router) -> const Port* {
        const auto found = built_.find({Machine::Kind::router, router});
        if (found == built_.end()) {
            return nullptr;
        }
        const auto port = std::ranges::find_if(
            found->second.ports, [&](const Port& p) { return p.planned.side == side; });
        return port == found->second.ports.end() ? nullptr : &*port;
    };
    const auto* out = card(from);
    const auto* in = card(to);
    if (out == nullptr || in == nullptr) {
        return {};
    }
    const auto found = words_.find({from, side});
    const auto words = found == words_.end() ? Impairment{} : found->second;
    const auto out_link = out->planned.link.value_or(scenario::Link{});
    const auto in_link = in->planned.link.value_or(scenario::Link{});
    world::HeartbeatRoute route{
        .open = !out->frozen && !in->frozen && whole(out->up, out_link) &&
                whole(in->down, in_link) && whole(words, {}),
        .delay = out_link.delay + out->up.delay + in_link.delay + in->down.delay + words.delay};
    if (out->planned.bridge != in->planned.bridge) {
        // The clients' gateway joins the public networks; nothing joins private ones.
        const bool joined =
            exists({Machine::Kind::gateway}) || exists({Machine::Kind::gateway, 0, 1});
        route.open = route.open && side == Side::public_net && joined;
    }
    return route;
}

// ---- data servers' addresses ----

void LabNetwork::move_data_address(unsigned index, unsigned node, const char* how) {
    const auto& address = scenario_.data[index].interface;
    ip_batch(built_.at({Machine::Kind::data_server, index, node}).where,
             fmt::format("addr {} {}/{} dev eth0\n", how, address.address.to_string(),
                         address.prefix_length));
}

void LabNetwork::raise_data_address(unsigned index, unsigned node) {
    const Machine machine{Machine::Kind::data_server, index, node};
    if (scenario_.data[index].standby && exists(machine) &&
        data_addresses_.insert(machine).second) {
        move_data_address(index, node, "add");
    }
}

void LabNetwork::lower_data_address(unsigned index, unsigned node) {
    if (data_addresses_.erase({Machine::Kind::data_server, index, node}) > 0) {
        move_data_address(index, node, "del");
    }
}

void LabNetwork::announce_data_address(unsigned index, unsigned node) {
    const auto found = built_.find({Machine::Kind::data_server, index, node});
    if (found == built_.end()) {
        return;
    }
    const Inside inside(found->second.where);
    const auto& port = found->second.ports.front().planned;
    realmode::Interface card;
    card.index = static_cast<int>(::if_nametoindex(port.device.c_str()));
    card.hardware_address = port.mac;
    // A card that is cut loses it, as any frame.
    static_cast<void>(
        realmode::Announcer().announce(scenario_.data[index].interface.address, card));
}

// ---- counters ----

void LabNetwork::count(const Machine& machine) {
    const auto found = built_.find(machine);
    if (found != built_.end()) {
        auto& last = counted_[machine].last;
        const auto now = cards_of(found->second.where);
        last = {last.node, now.received_packets, now.received_bytes, now.sent_packets,
                now.sent_bytes};
    }
}

std::vector<journal::NodeTraffic> LabNetwork::traffic() {
    std::vector<journal::NodeTraffic> all;
    for (auto& [machine, counted] : counted_) {
        count(machine);
        auto sum = counted.before;
        add(sum, counted.last);
        all.push_back(std::move(sum));
    }
    return all;
}

}  // namespace lvslab::lab
