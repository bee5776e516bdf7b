// SPDX-License-Identifier: GPL-2.0-only
/// A real server as a machine of the flow world: its application's station, and what happens to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/replicas.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/application.hpp"
#include "core/server/load_average.hpp"
#include "core/world/check_dialogue.hpp"
#include "core/world/topology.hpp"
#include "sim/flow/simulation.hpp"

namespace lvslab::flow_world {

class DataClient;

/// Who hears when a request's work is done.
class WorkOwner {
public:
    virtual ~WorkOwner() = default;
    /// False: it cannot be answered (its data server did not).
    virtual void work_done(std::uint64_t ticket, bool ok) = 0;
};

class ServerHost {
public:
    using Ticket = server::Station::Ticket;

    /// All must outlive it. The application runs.
    ServerHost(Simulation& simulation, std::uint32_t index, const scenario::Scenario& scenario,
               journal::Sink& sink, std::uint64_t seed, WorkOwner& owner,
               scenario::Replicas& replicas);
    ~ServerHost();
    ServerHost(const ServerHost&) = delete;
    ServerHost& operator=(const ServerHost&) = delete;

    /// What a session belongs to: it ends with the application that took it.
    std::uint32_t incarnation() const { return incarnation_; }
    bool running() const { return application_.has_value(); }
    /// Something answers there.
    bool listens(Protocol protocol, const Endpoint& endpoint) const;
    /// Packets for a virtual address are taken (direct routing, tunnels).
    bool takes_virtual() const { return guard_ != scenario::VipGuard::none; }

    /// False: there is no place for it. The owner hears of its end, unless the application ends.
    bool submit(Ticket ticket, double service_quantile, const Address& destination) {
        serve();
        const bool taken =
            application_->arrive(ticket, service_quantile, destination, working_time());
        arm();
        return taken;
    }
    /// A health check; `done` is called when it has been worked off.
    bool submit_check(std::function<void()> done);
    world::CheckDialogue dialogue_at(Protocol protocol, Port port) const;
    Duration staleness() const;

    /// The next completion's event.
    void wake();

    // Faults.
    void start();
    void stop();
    void crash();
    void boot();
    void freeze();
    void thaw();
    void slow_down(double factor);
    void set_data(DataClient* data) { data_ = data; }
    /// The data that a held request waited for is there, or is not to be had.
    void data_ended(Ticket ticket, bool ok);

    void sample();
    double one_minute_load() const { return load_.one_minute(); }
    void sample_load() { load_.sample(population()); }
    std::uint64_t population() const {
        return application_ ? application_->station().population() : 0;
    }

private:
    Time working_time() const { return frozen_at_.value_or(simulation_.now()) - frozen_for_; }
    void serve();
    void arm();
    void end();
    void set_guard(scenario::VipGuard guard);

    Simulation& simulation_;
    std::uint32_t index_;
    const scenario::Scenario& scenario_;
    journal::Sink& sink_;
    WorkOwner& owner_;
    scenario::Replicas& replicas_;
    RandomStream check_work_;
    scenario::VipGuard guard_;
    std::vector<world::ListenEndpoint> endpoints_;
    std::optional<server::Application> application_;
    DataClient* data_ = nullptr;
    server::LoadAverage load_;
    double slowness_ = 1;
    std::uint32_t incarnation_ = 1;
    Time armed_for_ = never;
    std::optional<Time> frozen_at_;
    Duration frozen_for_{};
    Duration work_before_{};
    std::uint64_t refused_before_ = 0;
    /// Checks under way; their tickets have the top bit.
    std::map<Ticket, std::function<void()>> checks_;
    Ticket next_check_ = std::uint64_t{1} << 63;
};

}  // namespace lvslab::flow_world
