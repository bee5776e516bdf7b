// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include <fmt/format.h>

#include "core/router/daemon_settings.hpp"
#include "core/world/check_answers.hpp"
#include "core/world/configurations.hpp"
#include "core/world/topology.hpp"
#include "sim/flow/world.hpp"

namespace lvslab::flow_world {
namespace {

using scenario::Scenario;

class Findings {
public:
    explicit Findings(const Scenario& scenario) : scenario_(scenario) {}

    void routers() {
        for (const auto& r : scenario_.routers) {
            address(r.location, "router " + r.name, r.public_interface.address);
            cost(r.location, "router " + r.name, r.packet_cost);
            loss(r.location, "router " + r.name, r.public_link);
            loss(r.location, "router " + r.name, r.private_link);
            if (!r.running.nat.empty() || !r.at_boot.nat.empty()) {
                found.warning(
                    r.location,
                    fmt::format("router {} has rules of source NAT: the flow world has no "
                                "packets that IPVS does not know, and passes them over",
                                r.name));
            }
        }
    }

    void servers() {
        const auto topology = world::topology_of(scenario_);
        const bool nat = scenario_.config.network == config::NetworkType::nat;
        for (std::size_t i = 0; i < scenario_.servers.size(); ++i) {
            const auto& s = scenario_.servers[i];
            const auto what = "server " + s.name;
            address(s.location, what, s.interface.address);
            cost(s.location, what, s.packet_cost);
            loss(s.location, what, s.link);
            gateways(s, nat, topology.server_gateway[i], topology);
            for (const auto guard : {s.vip, s.vip_at_boot}) {
                if (!nat && guard == scenario::VipGuard::unprotected) {
                    found.error(s.location,
                                fmt::format("{} answers ARP for the virtual address; the flow "
                                            "world has no ARP",
                                            what));
                    break;
                }
            }
        }
    }

    void others() {
        for (const auto& d : scenario_.data) {
            address(d.location, "data server " + d.name, d.interface.address);
            loss(d.location, "data server " + d.name, d.link);
        }
        for (const auto& g : scenario_.clients) {
            address(g.location, "client group " + g.name, g.network.address);
            loss(g.location, "client group " + g.name, g.link);
        }
        for (const auto& f : scenario_.faults) {
            if (f.kind == scenario::FaultKind::loss &&
                f.target.kind != scenario::FaultTarget::Kind::heartbeat) {
                found.error(f.location, fmt::format("\"{}\": the flow world loses no packets; only "
                                                    "heartbeats can be lost by chance",
                                                    f.what));
            }
        }
        if (!scenario_.outputs.pcap.empty()) {
            found.warning(scenario_.location, "the flow world has no packets to capture");
        }
    }

    void workloads() {
        for (const auto& w : scenario_.workloads) {
            address(w.location, "workload " + w.name, w.to.address);
            if (w.kind == scenario::Workload::Kind::ftp) {
                found.error(w.location,
                            fmt::format("workload {} is FTP: its dialogue on the control "
                                        "connection is only in the packet world",
                                        w.name));
            } else if (w.protocol != Protocol::tcp && w.protocol != Protocol::udp) {
                found.error(w.location, fmt::format("workload {} uses {}; the flow world has TCP "
                                                    "and UDP",
                                                    w.name, to_string(w.protocol)));
            }
        }
    }

    void expectations() {
        for (const auto* config : world::configurations_of(scenario_)) {
            if (scenario_.daemons) {
                found.append(router::check_runnable(*config));
            }
        }
        found.append(world::unanswerable_checks(scenario_));
    }

    Diagnostics found;

private:
    void address(const SourceLocation& where, const std::string& what, const Address& a) {
        if (a.is_v6()) {
            found.error(where, fmt::format("{} has the IPv6 address {}; scenarios run with IPv4 "
                                           "only",
                                           what, a.to_string()));
        }
    }
    void cost(const SourceLocation& where, const std::string& what, Duration cost) {
        if (cost > Duration::zero()) {
            found.error(where,
                        fmt::format("{} has a packet_cost; the flow world has no packets", what));
        }
    }
    void loss(const SourceLocation& where, const std::string& what, const scenario::Link& link) {
        if (link.loss > 0) {
            found.warning(where, fmt::format("a link of {} loses {:.2g} % of its packets; the flow "
                                             "world's links lose none",
                                             what, 100 * link.loss));
        }
    }
    void gateways(const scenario::Server& s, bool nat, const Address& gateway,
                  const world::Topology& topology) {
        const auto is_router = [&] {
            return std::ranges::any_of(topology.floating,
                                       [&](const auto& f) { return f.address == gateway; }) ||
                   std::ranges::any_of(scenario_.routers, [&](const auto& r) {
                       return r.public_interface.address == gateway ||
                              (r.private_interface && r.private_interface->address == gateway);
                   });
        };
        if (s.gateways.size() > 1 || (!nat && !s.gateways.empty()) || (nat && !is_router())) {
            found.error(s.location,
                        fmt::format("server {} sends its replies by a gateway of its own; in the "
                                    "flow world they go by the routers under NAT, and else by the "
                                    "clients' gateway",
                                    s.name));
        }
    }

    const Scenario& scenario_;
};

}  // namespace

Diagnostics unsupported(const Scenario& scenario) {
    Findings findings(scenario);
    findings.routers();
    findings.servers();
    findings.others();
    findings.workloads();
    findings.expectations();
    findings.found.sort();
    return findings.found;
}

}  // namespace lvslab::flow_world
