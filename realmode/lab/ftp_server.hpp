// SPDX-License-Identifier: GPL-2.0-only
/// The lab's own FTP server in a real server's namespace.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/scenario/scenario.hpp"
#include "core/world/ftp_server_dialogue.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/lab_socket.hpp"
#include "realmode/lab/run_timers.hpp"

namespace lvslab::lab {

/// Listens for control connections and speaks as world::FtpServerDialogue does. Each session is a
/// process of its own in vsftpd: transfers do not wait for the server's workers.
class FtpServer {
public:
    /// All of them must outlive it. It listens after start().
    FtpServer(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
              std::uint32_t server, const scenario::Scenario& scenario, Port port,
              std::uint64_t seed);
    ~FtpServer();
    FtpServer(const FtpServer&) = delete;
    FtpServer& operator=(const FtpServer&) = delete;

    /// The process starts, in the machine as it is now. No error if it runs. Throws
    /// std::runtime_error if it cannot listen.
    void start();
    /// The process ends, its sessions' with it: connections are reset, its ports refuse.
    void stop();

private:
    class Session;
    using Ticket = std::uint64_t;

    const NetworkNamespace& where() const;
    void accept();
    std::unique_ptr<LabSocket> passive_socket();
    void retire(Ticket session);

    boost::asio::io_context& loop_;
    RunTimers& timers_;
    const LabNetwork& network_;
    std::uint32_t server_;
    const scenario::Server& settings_;
    Port port_;
    world::FtpPassivePorts ports_;
    std::unique_ptr<LabSocket> listening_;
    std::map<Ticket, std::unique_ptr<Session>> sessions_;
    /// Over, but perhaps still in a call of their own.
    std::vector<std::unique_ptr<Session>> retired_;
    Ticket next_ticket_ = 0;
};

}  // namespace lvslab::lab
