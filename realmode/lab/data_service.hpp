// SPDX-License-Identifier: GPL-2.0-only
/// A data server's node: the kernel's TCP in front of server::DataStation, and the service address.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/base/random.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/data_station.hpp"
#include "core/world/data_server.hpp"
#include "core/world/machine.hpp"
#include "core/world/server_process.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/lab_socket.hpp"
#include "realmode/lab/run_timers.hpp"

namespace lvslab::lab {

/// Takes questions whole (world::DataQuestion), lets them wait for its workers, and answers. A
/// connection has one question at a time. Work for a client that has gone goes on.
class DataService final : public world::DataNode {
public:
    /// Runs after start(). All of them must outlive it.
    DataService(boost::asio::io_context& loop, RunTimers& timers, LabNetwork& network,
                const scenario::Scenario& scenario, unsigned index, unsigned node,
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
    void raise_address() override { network_.raise_data_address(machine_.index, machine_.node); }
    void lower_address() override { network_.lower_data_address(machine_.index, machine_.node); }
    void announce_address() override {
        network_.announce_data_address(machine_.index, machine_.node);
    }

private:
    class Session;
    using Ticket = server::Station::Ticket;

    void end();
    void accept();
    void submit(Ticket session);
    void answer(Ticket session);
    void retire(Ticket session);

    boost::asio::io_context& loop_;
    LabNetwork& network_;
    world::Machine machine_;
    const scenario::DataServer& server_;
    RandomStream draws_;
    world::ServerProcess<server::DataStation> process_;
    std::unique_ptr<LabSocket> listening_;
    std::map<Ticket, std::unique_ptr<Session>> sessions_;
    std::vector<std::unique_ptr<Session>> retired_;  ///< perhaps still in a call of their own
    Ticket next_ticket_ = 0;
};

}  // namespace lvslab::lab
