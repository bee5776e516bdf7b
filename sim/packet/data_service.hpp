// SPDX-License-Identifier: GPL-2.0-only
/// A data server's node: TCP in front of server::DataStation, and the service address.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/base/random.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/data_station.hpp"
#include "core/world/data_server.hpp"
#include "core/world/server_process.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/ns3.hpp"
#include "sim/packet/simulation_timers.hpp"

namespace lvslab::packet_world {

/// Takes questions whole (data_message.hpp), lets them wait for its workers, and answers. A
/// connection has one question at a time. Work for a client that has gone goes on.
class DataService final : public world::DataNode {
public:
    /// Runs after start(). Network and scenario must outlive it.
    DataService(Network& network, const scenario::Scenario& scenario, unsigned index, unsigned node,
                std::uint64_t seed);
    ~DataService() override;
    DataService(const DataService&) = delete;
    DataService& operator=(const DataService&) = delete;

    void start() override;
    void stop() override;
    void crash() override;
    void freeze() override { process_.freeze(); }
    void thaw() override { process_.thaw(); }
    void slow_down(double factor) override { process_.slow_down(factor); }
    void raise_address() override { network_.raise_data_address(index_, number_); }
    void lower_address() override { network_.lower_data_address(index_, number_); }
    void announce_address() override { network_.announce_data_address(index_, number_); }

private:
    class Session;
    using Ticket = server::Station::Ticket;

    void end(bool with_resets);
    void on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from);
    void submit(Ticket session);
    void answer(Ticket session);
    void retire(Ticket session);
    void dismiss();

    Network& network_;
    unsigned index_, number_;
    ns3::Ptr<ns3::Node> node_;
    const scenario::DataServer& server_;
    RandomStream draws_;
    SimulationTimers timers_;
    world::ServerProcess<server::DataStation> process_;
    ns3::Ptr<ns3::Socket> listening_;
    std::map<Ticket, std::unique_ptr<Session>> sessions_;
    std::vector<Ticket> retired_;
    Ticket next_ticket_ = 0;
    ns3::EventId dismissal_;
};

}  // namespace lvslab::packet_world
