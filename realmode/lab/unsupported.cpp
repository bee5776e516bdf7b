// SPDX-License-Identifier: GPL-2.0-only
#include <string>

#include <fmt/format.h>

#include "core/router/daemon_settings.hpp"
#include "core/world/check_answers.hpp"
#include "core/world/configurations.hpp"
#include "realmode/lab/lab_world.hpp"

namespace lvslab::lab {
namespace {

using scenario::FaultKind;
using scenario::FaultTarget;
using scenario::Scenario;

class Findings {
public:
    void refuse(const SourceLocation& where, const std::string& what) {
        found.error(where, what + ", which the kernel world cannot do yet; the packet world can");
    }
    /// All machines' packets are worked off by the one CPU and the one kernel of the run.
    void no_packet_cost(const SourceLocation& where, const std::string& whose) {
        found.error(where, fmt::format("{} has a cost a packet; a real kernel takes what it takes, "
                                       "and all machines of the kernel world share one, so only "
                                       "the packet world can give a machine a cost of its own",
                                       whose));
    }
    void needs_v4(const SourceLocation& where, const std::string& what, const Address& address) {
        if (address.is_v6()) {
            found.error(where, fmt::format("{} has the IPv6 address {}; the kernel world is IPv4 "
                                           "only",
                                           what, address.to_string()));
        }
    }
    Diagnostics found;
};

void look_at_machines(const Scenario& scenario, Findings& findings) {
    for (const auto& router : scenario.routers) {
        findings.needs_v4(router.location, "router " + router.name,
                          router.public_interface.address);
        if (router.packet_cost != Duration{}) {
            findings.no_packet_cost(router.location, "router " + router.name);
        }
        const bool helper = scenario.routers.front().running.ftp_helper;
        if (router.running.ftp_helper != helper || router.at_boot.ftp_helper != helper) {
            findings.found.error(router.location,
                                 fmt::format("router {} has ip_vs_ftp loaded at one time and not "
                                             "at another, or another one has; the kernel world's "
                                             "routers share one kernel and its modules; the packet "
                                             "world's do not",
                                             router.name));
        }
    }
    for (const auto& server : scenario.servers) {
        findings.needs_v4(server.location, "server " + server.name, server.interface.address);
        if (server.packet_cost != Duration{}) {
            findings.no_packet_cost(server.location, "server " + server.name);
        }
    }
    for (const auto& data : scenario.data) {
        findings.needs_v4(data.location, "data server " + data.name, data.interface.address);
    }
}

void look_at_workloads(const Scenario& scenario, Findings& findings) {
    for (const auto& group : scenario.clients) {
        findings.needs_v4(group.location, "client group " + group.name, group.network.address);
        if (group.count > 1 && group.link.rate.value() < scenario::Link{}.rate.value()) {
            findings.found.warning(
                group.location,
                fmt::format(
                    "the clients of {} share one link in the kernel world; its rate is left "
                    "out",
                    group.name));
        }
    }
    for (const auto& workload : scenario.workloads) {
        findings.needs_v4(workload.location, "workload " + workload.name, workload.to.address);
        if (workload.protocol != Protocol::tcp && workload.protocol != Protocol::udp) {
            findings.found.error(
                workload.location,
                fmt::format("workload {} uses {}; the kernel world's clients speak "
                            "TCP and UDP",
                            workload.name, to_string(workload.protocol)));
        }
    }
}

void look_at_fault(const scenario::Fault& fault, Findings& findings) {
    if (fault.kind == FaultKind::kill) {
        findings.found.error(fault.location,
                             fmt::format("\"{}\": lvsrouter is one program and has no lvsd that "
                                         "could die alone; the packet world has, or use crash, "
                                         "suspend or terminate",
                                         fault.what));
    }
}

}  // namespace

Diagnostics unsupported(const Scenario& scenario) {
    Findings findings;
    look_at_machines(scenario, findings);
    look_at_workloads(scenario, findings);
    for (const auto* config : world::configurations_of(scenario)) {
        findings.found.append(router::check_runnable(*config));
    }
    for (const auto& fault : scenario.faults) {
        look_at_fault(fault, findings);
    }
    findings.found.append(world::unanswerable_checks(scenario));
    if (!scenario.outputs.pcap.empty()) {
        findings.found.warning(scenario.location, "the kernel world keeps no pcap");
    }
    findings.found.sort();
    return findings.found;
}

}  // namespace lvslab::lab
