// SPDX-License-Identifier: GPL-2.0-only
/// A real server's application in its namespace: sockets in front of server::Application.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/replicas.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/application.hpp"
#include "core/world/check_dialogue.hpp"
#include "core/world/server_process.hpp"
#include "core/world/topology.hpp"
#include "realmode/lab/data_client.hpp"
#include "realmode/lab/ftp_server.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/lab_socket.hpp"
#include "realmode/lab/load_daemon.hpp"
#include "realmode/lab/run_timers.hpp"
#include "realmode/lab/server_program.hpp"
#include "realmode/lab/server_programs.hpp"

namespace lvslab::lab {

/// Listens on the server's endpoints, takes requests whole, lets them wait and be served in the
/// queueing model, and answers; health checks wait in the same queue. The rules are those of the
/// packet world's ServerApplication; TCP and UDP are the kernel's. Programs of others may serve
/// some of its ports in its place; then it starts and ends them.
class ServerApplication {
public:
    /// Programs that serve in its place, and where what they need is.
    struct Programs {
        ServerPrograms which;
        std::filesystem::path scratch;  ///< has `documents`; other folders are made
        std::filesystem::path logs;     ///< is made; configurations go there too
    };

    /// All of them must outlive the application. `seed` is that of its checks' work.
    ServerApplication(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
                      std::uint32_t server, const scenario::Scenario& scenario,
                      scenario::Replicas& replicas, journal::Sink& sink, std::uint64_t seed,
                      const Programs& programs);
    ~ServerApplication();
    ServerApplication(const ServerApplication&) = delete;
    ServerApplication& operator=(const ServerApplication&) = delete;

    /// The process starts, in the machine as it is now. No error if it runs. Throws
    /// std::runtime_error if it cannot listen.
    void start();
    /// The process ends: its connections are reset, what waited is lost, its ports refuse.
    void stop();
    /// The machine has died: nobody hears of it, since no link is left.
    void crash();
    /// The machine stands still: no work is done, nothing is read until thaw().
    void freeze();
    void thaw();
    /// Work takes `factor` times as long, for requests from now on; 1 = as the scenario says.
    void slow_down(double factor) { process_.slow_down(factor); }
    bool running() const { return process_.running(); }
    /// The run begins. At time 0 its loop throws std::runtime_error if a program has not come up.
    void begin();

    /// Tells the sink a ServerLoad of this time (unless nginx does its work), and lets go of
    /// connections whose clients have long given up.
    void sample(Time now);

private:
    class TcpSession;
    struct UdpRequest;
    using Ticket = server::Station::Ticket;

    void configure(const Programs& programs);
    void listen(const world::ListenEndpoint& where);
    void accept(LabSocket& listening, Port port);
    void read_datagrams(LabSocket& socket, Port port);
    void take_datagram(LabSocket& socket, Port port, const UdpRequest& from,
                       std::span<const std::uint8_t> bytes);
    void respond_datagram(const UdpRequest& request);
    world::CheckDialogue dialogue_at(Protocol protocol, Port port) const;
    void end();
    bool submit(Ticket session, double service_quantile, const Address& destination);
    bool submit_check(Ticket session);
    void done(Ticket session);
    void answer(Ticket session, bool ok);
    /// The data of a held request is there, or it failed.
    void data_ended(Ticket session, bool ok);
    void retire(Ticket session);
    void dismiss();
    Duration staleness() { return replicas_.stale_for(index_, timers_.now()); }

    boost::asio::io_context& loop_;
    RunTimers& timers_;
    const LabNetwork& network_;
    std::uint32_t index_;
    const scenario::Scenario& scenario_;
    scenario::Replicas& replicas_;
    journal::Sink& sink_;
    world::ServerProcess<server::Application> process_;
    RandomStream check_work_;
    Duration longest_timeout_{};
    std::set<Address> routers_;  ///< whoever comes from there checks
    std::vector<std::unique_ptr<LabSocket>> listening_;
    std::vector<std::unique_ptr<FtpServer>> ftp_;  ///< one for each port that is FTP's
    bool serves_web_ = true;                       ///< its TCP ports that are not FTP's
    std::vector<std::unique_ptr<ServerProgram>> programs_;
    std::unique_ptr<DataClient> data_;  ///< of a server that needs data
    std::unique_ptr<LoadDaemon> load_;  ///< where weights follow loads
    bool dead_ = false;
    /// By age, so that whatever walks over them does so in the same order in every run.
    std::map<Ticket, std::unique_ptr<TcpSession>> sessions_;
    std::map<Ticket, std::unique_ptr<UdpRequest>> datagrams_;
    std::vector<std::unique_ptr<TcpSession>> retired_;
    Ticket next_ticket_ = 0;
};

}  // namespace lvslab::lab
