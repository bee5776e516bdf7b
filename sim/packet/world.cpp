// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/world.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/router/desired_services.hpp"
#include "core/scenario/replicas.hpp"
#include "core/server/rwhod.hpp"
#include "core/world/configurations.hpp"
#include "core/world/data_server.hpp"
#include "core/world/fault_player.hpp"
#include "core/world/run_description.hpp"
#include "sim/packet/client_application.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/data_service.hpp"
#include "sim/packet/fault_effects.hpp"
#include "sim/packet/ftp_server.hpp"
#include "sim/packet/gateway_pair.hpp"
#include "sim/packet/load_service.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/router_host.hpp"
#include "sim/packet/server_application.hpp"
#include "sim/packet/simulation_timers.hpp"

namespace lvslab::packet_world {
namespace {

/// The run's events to whoever wants them, and to the faults, which wait for moments.
class Relay final : public journal::Sink {
public:
    explicit Relay(journal::Sink& sink) : sink_(sink) {}
    void also_to(journal::Sink& other) { other_ = &other; }
    void take(const journal::Event& event) override {
        sink_.take(event);
        if (other_ != nullptr) {
            other_->take(event);
        }
    }

private:
    journal::Sink& sink_;
    journal::Sink* other_ = nullptr;
};

class World {
public:
    World(const scenario::Scenario& scenario, const RunOptions& options, journal::Sink& sink)
        : scenario_(scenario),
          options_(options),
          sink_(sink),
          network_(scenario,
                   {.seed = options.seed, .plain_router = static_cast<bool>(options.straight_to)}) {
        for (unsigned i = 0; !options.straight_to && i < scenario.routers.size(); ++i) {
            routers_.push_back(
                std::make_unique<RouterHost>(network_, i, scenario,
                                             RouterHostOptions{.seed = options.seed,
                                                               .scheduler = options.scheduler,
                                                               .segments = options.segments},
                                             sink_));
        }
        for (unsigned i = 0; i < scenario.data.size(); ++i) {
            std::vector<std::unique_ptr<world::DataNode>> nodes;
            for (unsigned node = 0; node < (scenario.data[i].standby ? 2U : 1U); ++node) {
                nodes.push_back(
                    std::make_unique<DataService>(network_, scenario, i, node, options.seed));
            }
            data_servers_.push_back(std::make_unique<world::DataServer>(
                timers_, i, scenario.data[i], sink_, std::move(nodes)));
        }
        for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
            servers_.push_back(
                std::make_unique<ServerApplication>(network_, i, scenario, sink_, options.seed));
            servers_.back()->serve_from(replicas_);
        }
        start_load_daemons();
        faults_ = std::make_unique<world::FaultPlayer>(scenario, effects_, timers_, sink_);
        sink_.also_to(*faults_);
        for (const auto& change : scenario.changes) {
            ns3::Simulator::Schedule(to_ns3(change.at - now()), &World::change_membership, this,
                                     std::cref(change));
        }
        clients_ = std::make_unique<ClientApplication>(network_, scenario, options.seed, sink_,
                                                       options.straight_to);
        ftp_servers_ = make_ftp_servers(network_, scenario, options.seed);
        if (!options.pcap.empty()) {
            network_.enable_pcap(options.pcap, options.pcap_folder);
        }
    }

    RunResult run() {
        const Duration length = scenario_.end().time_since_epoch();
        begin();
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
    void begin() {
        sink_.take({Time{}, world::run_description(scenario_, {.world = "packet",
                                                               .scheduler = options_.scheduler,
                                                               .seed = options_.seed})});
        if (routers_.empty()) {
            return;
        }
        effects_.begin();
        if (!scenario_.daemons) {
            routers_[0]->director().load(scenario_.config);
        } else if (scenario_.start == scenario::Start::settled) {
            for (const auto& router : routers_) {
                router->begin_settled();
            }
        } else {
            for (const auto& floating : network_.topology().floating) {
                network_.lower_address(0, floating.address);
            }
            for (const auto& router : routers_) {
                router->begin_cold();
            }
        }
    }

    void start_load_daemons() {
        const bool wanted = world::follows_load(scenario_);
        for (unsigned i = 0; wanted && i < servers_.size(); ++i) {
            load_daemons_.push_back(std::make_unique<LoadDaemon>(
                network_.server(i), scenario_.servers[i].interface,
                server::first_rwhod_broadcast(options_.seed, scenario_.servers[i].name),
                [&server = *servers_[i]] { return server.population(); }));
        }
    }

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
        for (const auto& router : routers_) {
            router->director().sample();
        }
        const auto& nodes = network_.counted_nodes();
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const auto traffic = network_.traffic(i);
            sink_.take({now(), journal::NodeTraffic{nodes[i], traffic.received_packets,
                                                    traffic.received_bytes, traffic.sent_packets,
                                                    traffic.sent_bytes}});
        }
        for (const auto& link : network_.link_traffic()) {
            sink_.take({now(), link});
        }
    }

    void change_membership(const scenario::MembershipChange& change) {
        for (const auto& router : routers_) {
            router->director().change_membership(
                change, scenario_.daemons ? router->config() : scenario_.config);
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
    Relay sink_;
    Network network_;  // before all that hangs on its nodes
    std::vector<std::unique_ptr<RouterHost>> routers_;
    scenario::Replicas replicas_{scenario_, options_.seed};
    std::vector<std::unique_ptr<ServerApplication>> servers_;
    std::vector<std::unique_ptr<LoadDaemon>> load_daemons_;  ///< by server, if any load is asked
    std::vector<std::unique_ptr<FtpServer>> ftp_servers_;
    SimulationTimers timers_;
    std::vector<std::unique_ptr<world::DataServer>> data_servers_;
    GatewayPair gateways_{network_, scenario_, timers_};
    FaultEffects effects_{
        {network_, routers_, servers_, load_daemons_, ftp_servers_, data_servers_, gateways_},
        scenario_,
        sink_};
    std::unique_ptr<world::FaultPlayer> faults_;
    std::unique_ptr<ClientApplication> clients_;
    Duration step_{};
    Time sampled_at_ = never;
    bool stopped_ = false;
};

}  // namespace

RunResult run(const scenario::Scenario& scenario, const RunOptions& options, journal::Sink& sink) {
    World world(scenario, options, sink);
    const RunResult result = world.run();
    if (result.complete) {
        sink.take({result.end, journal::RunEnded{}});
    }
    return result;
}

}  // namespace lvslab::packet_world
