// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/world.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "core/router/desired_services.hpp"
#include "core/scenario/replicas.hpp"
#include "core/server/rwhod.hpp"
#include "core/world/configurations.hpp"
#include "core/world/fault_player.hpp"
#include "core/world/run_description.hpp"
#include "core/world/standby_pair.hpp"
#include "sim/flow/data_tier.hpp"
#include "sim/flow/fault_effects.hpp"
#include "sim/flow/traffic.hpp"

namespace lvslab::flow_world {
namespace {

constexpr std::uint64_t rwhod_bytes = 84;  // nobody is logged in

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
        : scenario_(scenario), options_(options), sink_(sink) {
        for (unsigned i = 0; i < scenario.routers.size(); ++i) {
            routers_.push_back(
                std::make_unique<RouterHost>(around_, i,
                                             RouterHostOptions{.seed = options.seed,
                                                               .scheduler = options.scheduler,
                                                               .segments = options.segments,
                                                               .connections = tells()}));
        }
        for (unsigned i = 0; i < scenario.data.size(); ++i) {
            data_servers_.push_back(
                std::make_unique<DataServerHost>(simulation_, i, scenario, sink_, options.seed));
        }
        for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
            add_server(i);
        }
        if (!scenario.faults.empty()) {
            faults_ = std::make_unique<world::FaultPlayer>(scenario, effects_, simulation_, sink_);
            sink_.also_to(*faults_);
        }
        for (const auto& change : scenario.changes) {
            simulation_.at(change.at, [this, &change] { change_membership(change); });
        }
    }

    RunResult run() {
        begin();
        sample();
        begin_loads();
        traffic_.begin();
        if (options_.progress) {
            step_ = std::max(scenario_.end().time_since_epoch() / 1000, Duration{1});
            report();
        }
        simulation_.run(scenario_.end(),
                        [this](Hop hop, std::uint32_t number, std::uint32_t detail) {
                            traffic_.handle(hop, number, detail);
                        });
        if (options_.progress && !simulation_.stopped()) {
            options_.progress(simulation_.now());
        }
        traffic_.finish();
        take_sample();
        return {.complete = !simulation_.stopped(),
                .end = simulation_.now(),
                .connections = traffic_.opened(),
                .events = simulation_.events()};
    }

private:
    /// Faults that wait for a moment may wait for a connection's.
    bool tells() const {
        return options_.connections || std::ranges::any_of(scenario_.faults, [](const auto& fault) {
                   return fault.after.has_value();
               });
    }

    void add_server(std::uint32_t i) {
        servers_.push_back(std::make_unique<ServerHost>(simulation_, i, scenario_, sink_,
                                                        options_.seed, traffic_, replicas_));
        if (const auto& need = scenario_.servers[i].data) {
            data_clients_.push_back(std::make_unique<DataClient>(
                simulation_, network_, i, scenario_, sink_, options_.seed,
                *data_servers_[need->data_server], *servers_.back()));
            servers_.back()->set_data(data_clients_.back().get());
        }
    }

    void begin() {
        sink_.take({Time{}, world::run_description(scenario_, {.world = "flow",
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

    void sample() {
        take_sample();
        simulation_.after(scenario_.outputs.sample, [this] { sample(); });
    }

    void take_sample() {
        if (sampled_at_ == simulation_.now()) {
            return;  // the last sample falls on a multiple of the period
        }
        sampled_at_ = simulation_.now();
        for (const auto& server : servers_) {
            server->sample();
        }
        for (const auto& router : routers_) {
            router->director().sample();
        }
    }

    void begin_loads() {
        sample_loads();
        if (!world::follows_load(scenario_)) {
            return;
        }
        for (std::uint32_t i = 0; i < servers_.size(); ++i) {
            broadcast_load(i,
                           server::first_rwhod_broadcast(options_.seed, scenario_.servers[i].name));
        }
    }

    void sample_loads() {
        simulation_.after(server::LoadAverage::period, [this] {
            for (const auto& server : servers_) {
                server->sample_load();
            }
            sample_loads();
        });
    }

    /// rwhod of a server tells the routers on its network.
    void broadcast_load(std::uint32_t server, Time at) {
        simulation_.at(at, [this, server, at] {
            broadcast_load(server, at + server::rwhod_period);
            for (unsigned i = 0; i < routers_.size(); ++i) {
                send_load(server, i);
            }
        });
    }

    void send_load(std::uint32_t server, unsigned router) {
        const auto& interface = scenario_.servers[server].interface;
        const auto& to = scenario_.routers[router];
        const bool near =
            interface.contains(to.public_interface.address) ||
            (to.private_interface && interface.contains(to.private_interface->address));
        const auto way = network_.between({Machine::Kind::server, server},
                                          {Machine::Kind::router, router}, rwhod_bytes);
        if (near && way) {
            simulation_.after(
                *way, [this, server, router, load = servers_[server]->one_minute_load()] {
                    routers_[router]->hear_load(scenario_.servers[server].interface.address, load);
                });
        }
    }

    void change_membership(const scenario::MembershipChange& change) {
        for (const auto& router : routers_) {
            router->director().change_membership(
                change, scenario_.daemons ? router->config() : scenario_.config);
        }
    }

    void report() {
        if (!options_.progress(simulation_.now())) {
            simulation_.stop();
            return;
        }
        simulation_.after(step_, [this] { report(); });
    }

    const scenario::Scenario& scenario_;
    const RunOptions& options_;
    Relay sink_;
    Simulation simulation_;
    Network network_{scenario_};
    std::vector<std::unique_ptr<RouterHost>> routers_;
    scenario::Replicas replicas_{scenario_, options_.seed};
    std::vector<std::unique_ptr<ServerHost>> servers_;
    std::vector<std::unique_ptr<DataServerHost>> data_servers_;
    std::vector<std::unique_ptr<DataClient>> data_clients_;
    Surroundings around_{scenario_, simulation_, network_, routers_, servers_, sink_};
    Traffic traffic_{around_, {options_.seed, tells()}};
    world::StandbyPair gateways_{
        simulation_,
        scenario_.gateway_standby ? 2U : 1U,
        scenario_.gateway_standby ? scenario_.gateway_standby->takeover : Duration{},
        {.activate = [this](unsigned node) { network_.set_gateway(node); },
         .deactivate = [](unsigned, Time) {},
         .announce = {}}};
    FaultEffects effects_{around_, data_servers_, traffic_, gateways_};
    std::unique_ptr<world::FaultPlayer> faults_;
    Duration step_{};
    Time sampled_at_ = never;
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

}  // namespace lvslab::flow_world
