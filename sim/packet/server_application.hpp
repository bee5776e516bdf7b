// SPDX-License-Identifier: GPL-2.0-only
/// A real server's application on the packet world's network: sockets in front of
/// server::Application.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/application.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// Listens on the server's endpoints (TCP and UDP), takes requests whole, lets them wait and be
/// served in the queueing model, and answers.
///
/// A request that finds no place in the queue is refused when it has arrived: over TCP by resetting
/// its connection, over UDP by silence, as a full socket buffer does. Work for a client that has
/// gone goes on: an application that computes does not look at its socket.
class ServerApplication {
public:
    /// Network, scenario and sink must outlive the application.
    ServerApplication(Network& network, std::uint32_t server, const scenario::Scenario& scenario,
                      journal::Sink& sink);
    ~ServerApplication();
    ServerApplication(const ServerApplication&) = delete;
    ServerApplication& operator=(const ServerApplication&) = delete;

    /// Tells the sink a ServerLoad, and lets go of connections whose clients have long given up.
    void sample();

    const server::Application& application() const { return application_; }
    /// Connections and UDP requests held now.
    std::size_t held() const { return sessions_.size(); }

private:
    class Session;
    class TcpSession;
    class UdpSession;
    using Ticket = server::Station::Ticket;

    void listen(const ListenEndpoint& where);
    void on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from);
    void on_datagrams(ns3::Ptr<ns3::Socket> socket);
    ns3::Ptr<ns3::Socket> reply_socket(const ns3::Ptr<ns3::Socket>& listening,
                                       const ns3::Packet& datagram);
    /// A session's request is whole. False: no place for it.
    bool submit(Ticket session, double service_quantile, const Address& destination);
    void serve();
    void wake();
    void arm();
    /// The session is over; destroyed by an event of its own.
    void retire(Ticket session);
    void dismiss();

    const scenario::Scenario& scenario_;
    journal::Sink& sink_;
    std::uint32_t index_;
    ns3::Ptr<ns3::Node> node_;
    server::Application application_;
    Duration longest_timeout_{};
    std::vector<ns3::Ptr<ns3::Socket>> listening_;
    /// Answers to datagrams that came to a socket without an address of its own, by the address and
    /// port that they came for.
    std::map<Endpoint, ns3::Ptr<ns3::Socket>> reply_sockets_;
    /// By age, so that whatever walks over them does so in the same order in every run.
    std::map<Ticket, std::unique_ptr<Session>> sessions_;
    std::vector<Ticket> retired_;
    Ticket next_ticket_ = 0;
    ns3::EventId completion_, dismissal_;
    Time armed_for_ = never;
};

}  // namespace lvslab::packet_world
