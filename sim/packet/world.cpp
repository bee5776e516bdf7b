// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/world.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "core/router/desired_services.hpp"
#include "sim/packet/client_application.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/director.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/server_application.hpp"

namespace lvslab::packet_world {
namespace {

/// The weight that the first virtual service with this server gives it; 0 if it is inactive there
/// and never joins.
std::int32_t configured_weight(const scenario::Scenario& scenario, std::uint32_t index,
                               const std::vector<router::DesiredService>& services) {
    const bool joins = std::ranges::any_of(scenario.changes, [&](const auto& change) {
        return change.server == index && change.kind == scenario::MembershipChange::Kind::join;
    });
    for (const auto& service : services) {
        for (const auto& destination : service.destinations) {
            if (destination.endpoint.address == scenario.servers[index].interface.address &&
                (destination.active || joins)) {
                return destination.settings.weight.value();
            }
        }
    }
    return 0;
}

journal::RunStarted description(const scenario::Scenario& scenario, const RunOptions& options) {
    journal::RunStarted started;
    started.scenario = scenario.name;
    started.world = "packet";
    started.scheduler = options.scheduler.value_or("");
    started.seed = options.seed;
    const auto services = router::desired_services(scenario.config, options.scheduler);
    for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
        started.servers.push_back(scenario.servers[i].name);
        started.workers.push_back(scenario.servers[i].workers);
        started.weights.push_back(configured_weight(scenario, i, services));
    }
    for (const auto& workload : scenario.workloads) {
        started.workloads.push_back(workload.name);
    }
    for (const auto& service : services) {
        started.services.push_back(service.name);
    }
    for (const auto& router : scenario.routers) {
        started.routers.push_back(router.name);
    }
    return started;
}

class World {
public:
    World(const scenario::Scenario& scenario, const RunOptions& options, journal::Sink& sink)
        : scenario_(scenario),
          options_(options),
          sink_(sink),
          network_(scenario,
                   {.seed = options.seed, .plain_router = static_cast<bool>(options.straight_to)}) {
        for (unsigned i = 0; !options.straight_to && i < scenario.routers.size(); ++i) {
            directors_.push_back(std::make_unique<Director>(
                network_, i, scenario,
                DirectorOptions{.ipvs = {.seed = options.seed}, .scheduler = options.scheduler},
                sink));
        }
        for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
            servers_.push_back(std::make_unique<ServerApplication>(network_, i, scenario, sink));
        }
        clients_ = std::make_unique<ClientApplication>(network_, scenario, options.seed, sink,
                                                       options.straight_to);
        if (!options.pcap.empty()) {
            network_.enable_pcap(options.pcap, options.pcap_folder);
        }
    }

    RunResult run() {
        const Duration length = scenario_.end().time_since_epoch();
        sample();
        if (options_.progress) {
            step_ = std::max(length / 1000, Duration{1});
            report();
        }
        ns3::Simulator::Stop(to_ns3(length));
        // Run() forgets a stop that came before it.
        if (!stopped_) {
            ns3::Simulator::Run();
        }
        if (options_.progress && !stopped_) {
            options_.progress(now());
        }
        clients_->finish();
        take_sample();
        return {.complete = !stopped_,
                .end = now(),
                .connections = clients_->opened(),
                .events = ns3::Simulator::GetEventCount()};
    }

private:
    void sample() {
        take_sample();
        ns3::Simulator::Schedule(to_ns3(scenario_.outputs.sample), &World::sample, this);
    }

    void take_sample() {
        if (sampled_at_ == now()) {
            return;  // the last sample falls on a multiple of the period
        }
        sampled_at_ = now();
        for (const auto& server : servers_) {
            server->sample();
        }
        for (const auto& director : directors_) {
            director->sample();
        }
        const auto& nodes = network_.counted_nodes();
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const auto traffic = network_.traffic(i);
            sink_.take({now(), journal::NodeTraffic{nodes[i], traffic.received_packets,
                                                    traffic.received_bytes, traffic.sent_packets,
                                                    traffic.sent_bytes}});
        }
    }

    void report() {
        if (!options_.progress(now())) {
            stopped_ = true;
            ns3::Simulator::Stop();
            return;
        }
        ns3::Simulator::Schedule(to_ns3(step_), &World::report, this);
    }

    const scenario::Scenario& scenario_;
    const RunOptions& options_;
    journal::Sink& sink_;
    Network network_;  // before all that hangs on its nodes
    std::vector<std::unique_ptr<Director>> directors_;
    std::vector<std::unique_ptr<ServerApplication>> servers_;
    std::unique_ptr<ClientApplication> clients_;
    Duration step_{};
    Time sampled_at_ = never;
    bool stopped_ = false;
};

}  // namespace

RunResult run(const scenario::Scenario& scenario, const RunOptions& options, journal::Sink& sink) {
    sink.take({Time{}, description(scenario, options)});
    World world(scenario, options, sink);
    const RunResult result = world.run();
    if (result.complete) {
        sink.take({result.end, journal::RunEnded{}});
    }
    return result;
}

}  // namespace lvslab::packet_world
