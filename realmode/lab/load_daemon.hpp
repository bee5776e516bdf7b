// SPDX-License-Identifier: GPL-2.0-only
/// What tells a real server's load to the routers: rstatd behind its port mapper, rwhod, and the
/// remote shell's uptime.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "core/scenario/scenario.hpp"
#include "core/server/load_average.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/lab_socket.hpp"
#include "realmode/lab/run_timers.hpp"

namespace lvslab::lab {

/// Keeps the load average of its server's station: all namespaces share the kernel's own. Part of
/// the system, not of the application: it goes on when that is stopped. rstatd and the port mapper
/// speak their protocols (realmode/probes/rstat_rpc.hpp); rwhod broadcasts every three minutes,
/// with a phase of its own; the remote shell is a line that asks, and one that answers.
class LoadDaemon {
public:
    static constexpr Port remote_shell_port{514};

    /// All of them must outlive it. `tasks` counts the requests that run or wait.
    LoadDaemon(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
               std::uint32_t server, const scenario::Scenario& scenario, std::uint64_t seed,
               std::function<std::uint64_t()> tasks);
    ~LoadDaemon();
    LoadDaemon(const LoadDaemon&) = delete;
    LoadDaemon& operator=(const LoadDaemon&) = delete;

    /// The run begins: from now on loads are sampled and told.
    void begin();
    /// The machine boots, with no load. Throws std::runtime_error if it cannot listen.
    void boot();
    /// The machine has died.
    void crash();

private:
    void open(Protocol protocol, Port port, std::function<void()> ready);
    void answer_calls(LabSocket& socket);
    void accept(LabSocket& listening);
    void answer_line(std::uint64_t connection);
    void sample(Time at);
    void broadcast(Time at);

    boost::asio::io_context& loop_;
    RunTimers& timers_;
    const LabNetwork& network_;
    std::uint32_t index_;
    const scenario::Server& server_;
    std::function<std::uint64_t()> tasks_;
    server::LoadAverage load_;
    Time first_broadcast_;
    std::unique_ptr<LabSocket> mapper_, rstat_, who_, shell_;
    std::map<std::uint64_t, std::unique_ptr<LabSocket>> connections_;
    std::uint64_t last_ = 0;
    ports::TimerId sampling_, broadcasting_;
};

}  // namespace lvslab::lab
