// SPDX-License-Identifier: GPL-2.0-only
/// A real server's accesses to its data server, over the kernel's sockets.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "core/world/data_client.hpp"
#include "core/world/machine_timers.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/run_timers.hpp"

namespace lvslab::lab {

/// world::DataClient over sockets in the server's namespace.
class DataClient final : public world::DataClient {
public:
    /// All of them must outlive it.
    DataClient(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
               std::uint32_t server, const scenario::Scenario& scenario, journal::Sink& sink,
               std::uint64_t seed, Ended ended);
    ~DataClient() override;

    /// The machine stands still: timeouts wait.
    void freeze() { timers_.suspend(); }
    void thaw() { timers_.resume(); }

private:
    class Connection;

    std::unique_ptr<world::DataConnection> connect(Ticket request) override;
    void clear_graves_later() override;

    boost::asio::io_context& loop_;
    RunTimers& run_timers_;
    world::MachineTimers timers_;
    const LabNetwork& network_;
    std::uint32_t index_;
    ports::TimerId burial_;
};

}  // namespace lvslab::lab
