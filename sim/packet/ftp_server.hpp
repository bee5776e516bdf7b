// SPDX-License-Identifier: GPL-2.0-only
/// An FTP server on a real server's node, as vsftpd behaves where the manual (3.5) needs it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/scenario/scenario.hpp"
#include "core/world/ftp_server_dialogue.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// Listens for control connections and speaks as world::FtpServerDialogue does, over data
/// connections of its own. Passive ports are drawn from the server's range (pasv_min_port,
/// pasv_max_port); active connections come from port 20 and stand within 60 s (accept_timeout,
/// connect_timeout). A session without a command, and a transfer without progress, ends after 300 s
/// (idle_session_timeout, data_connection_timeout).
///
/// Each session is a process of its own in vsftpd: transfers do not wait for the server's workers.
class FtpServer {
public:
    /// Listens on `port` of every address. Network and scenario must outlive the server.
    FtpServer(Network& network, std::uint32_t server, const scenario::Scenario& scenario, Port port,
              std::uint64_t seed);
    ~FtpServer();
    FtpServer(const FtpServer&) = delete;
    FtpServer& operator=(const FtpServer&) = delete;

    /// The process starts, with nothing of what was. No error if it runs.
    void start();
    /// The process ends, its sessions' with it: connections are reset, its ports refuse.
    void stop();
    /// The machine dies: as stop(), but nobody hears of it.
    void crash();

    /// The real server that it runs on.
    std::uint32_t server() const { return server_; }
    /// Control connections held now.
    std::size_t held() const { return sessions_.size(); }

private:
    class Session;
    using Ticket = std::uint64_t;

    void end(bool with_resets);
    void on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from);
    /// A data connection has come. Its session may have ended since its SYN was answered.
    static void at_passive_port(FtpServer* server, Ticket session, ns3::Ptr<ns3::Socket> socket,
                                const ns3::Address& from);
    /// A listening socket on a free port of the passive range, or null.
    ns3::Ptr<ns3::Socket> passive_socket();
    /// The session is over; destroyed by an event of its own.
    void retire(Ticket session);
    void dismiss();

    std::uint32_t server_;
    const scenario::Server& settings_;
    Port port_;
    ns3::Ptr<ns3::Node> node_;
    world::FtpPassivePorts ports_;
    ns3::Ptr<ns3::Socket> listening_;  ///< null while it does not run
    std::map<Ticket, std::unique_ptr<Session>> sessions_;
    std::vector<Ticket> retired_;
    Ticket next_ticket_ = 0;
    ns3::EventId dismissal_;
};

/// On every real server, one for each port that a workload of FTP goes to. Empty without any.
std::vector<std::unique_ptr<FtpServer>> make_ftp_servers(Network& network,
                                                         const scenario::Scenario& scenario,
                                                         std::uint64_t seed);

}  // namespace lvslab::packet_world
