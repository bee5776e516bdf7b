// SPDX-License-Identifier: GPL-2.0-only
/// A real server as a machine of the flow world: its application's station, and what happens to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/replicas.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/application.hpp"
#include "core/server/load_average.hpp"
#include "core/world/check_dialogue.hpp"
#include "core/world/server_process.hpp"
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
    bool running() const { return process_.running(); }
    /// Something answers there.
    bool listens(Protocol protocol, const Endpoint& endpoint) const;
    /// Packets for a virtual address are taken (direct routing, tunnels).
    bool takes_virtual() const { return guard_ != scenario::VipGuard::none; }

    /// False: there is no place for it. The owner hears of its end, unless the application ends.
    bool submit(Ticket ticket, double service_quantile, const Address& destination) {
        return process_.offer([&](server::Application& application, Time now) {
            return application.arrive(ticket, service_quantile, destination, now);
        });
    }
    /// A health check; `done` is called when it has been worked off.
    bool submit_check(std::function<void()> done);
    world::CheckDialogue dialogue_at(Protocol protocol, Port port) const;
    Duration staleness() const;

    // Faults.
    void start();
    void stop();
    void crash();
    void boot();
    void freeze() { process_.freeze(); }
    void thaw() { process_.thaw(); }
    void slow_down(double factor) { process_.slow_down(factor); }
    void set_data(DataClient* data) { data_ = data; }
    /// The data that a held request waited for is there, or is not to be had.
    void data_ended(Ticket ticket, bool ok);

    void sample();
    double one_minute_load() const { return load_.one_minute(); }
    void sample_load() { load_.sample(population()); }
    std::uint64_t population() const { return process_.population(); }

private:
    void done(Ticket ticket);
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
    world::ServerProcess<server::Application> process_;
    DataClient* data_ = nullptr;
    server::LoadAverage load_;
    std::uint32_t incarnation_ = 1;
    /// Checks under way; their tickets have the top bit.
    std::map<Ticket, std::function<void()>> checks_;
    Ticket next_check_ = std::uint64_t{1} << 63;
};

}  // namespace lvslab::flow_world
