// SPDX-License-Identifier: GPL-2.0-only
/// The process of a data server on one of its nodes: the kernel's TCP in front of
/// server::DataStation.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/base/random.hpp"
#include "core/scenario/data_server.hpp"
#include "core/server/data_station.hpp"
#include "core/world/machine.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/lab_socket.hpp"
#include "realmode/lab/run_timers.hpp"

namespace lvslab::lab {

/// Takes questions whole (world::DataQuestion), lets them wait for its workers, and answers. A
/// connection has one question at a time. Work for a client that has gone goes on.
class DataService {
public:
    /// Runs after start(). All of them must outlive it.
    DataService(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
                const world::Machine& machine, const scenario::DataServer& server,
                std::uint64_t seed);
    ~DataService();
    DataService(const DataService&) = delete;
    DataService& operator=(const DataService&) = delete;

    /// As ServerApplication's.
    void start();
    void stop();
    void crash();
    void freeze();
    void thaw();
    void slow_down(double factor);

private:
    class Session;
    using Ticket = server::Station::Ticket;

    void end();
    void accept();
    void submit(Ticket session);
    void serve();
    void arm();
    void retire(Ticket session);
    Time working_time() const;

    boost::asio::io_context& loop_;
    RunTimers& timers_;
    const LabNetwork& network_;
    world::Machine machine_;
    const scenario::DataServer& server_;
    RandomStream draws_;
    std::optional<server::DataStation> station_;
    double slowness_ = 1;
    std::unique_ptr<LabSocket> listening_;
    std::map<Ticket, std::unique_ptr<Session>> sessions_;
    std::vector<std::unique_ptr<Session>> retired_;  ///< perhaps still in a call of their own
    Ticket next_ticket_ = 0;
    ports::TimerId completion_;
    Time armed_for_ = never;
    std::optional<Time> frozen_at_;
    Duration frozen_for_{};
};

}  // namespace lvslab::lab
