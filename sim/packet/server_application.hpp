// SPDX-License-Identifier: GPL-2.0-only
/// A real server's application on the packet world's network: sockets in front of
/// server::Application.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/replicas.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/application.hpp"
#include "core/world/check_dialogue.hpp"
#include "core/world/server_process.hpp"
#include "sim/packet/data_client.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/ns3.hpp"
#include "sim/packet/simulation_timers.hpp"

namespace lvslab::packet_world {

using world::CheckDialogue;

/// Listens on the server's endpoints (TCP and UDP), takes requests whole, lets them wait and be
/// served in the queueing model, and answers. Health checks, at its own address, wait in the same
/// queue. Where requests need data, a request whose own work is done keeps its worker until its
/// accesses to the data server are over (DataClient); if one of them fails, so does the request:
/// its connection is reset.
///
/// A request that finds no place in the queue is refused when it has arrived: over TCP by resetting
/// its connection, over UDP by silence, as a full socket buffer does. Work for a client that has
/// gone goes on: an application that computes does not look at its socket.
class ServerApplication {
public:
    /// Network, scenario and sink must outlive the application. `seed` is that of its checks' work.
    ServerApplication(Network& network, std::uint32_t server, const scenario::Scenario& scenario,
                      journal::Sink& sink, std::uint64_t seed = 1);
    ~ServerApplication();
    ServerApplication(const ServerApplication&) = delete;
    ServerApplication& operator=(const ServerApplication&) = delete;

    /// The process ends: its connections are reset, what waited is lost, its ports refuse.
    void stop();
    /// The machine dies: as stop(), but nobody hears of it.
    void crash();
    /// The process starts, with nothing of what was. No error if it runs.
    void start();
    /// The machine stands still: no work is done until thaw().
    void freeze();
    void thaw();
    /// Work takes `factor` times as long, for requests from now on; 1 = as the scenario says.
    void slow_down(double factor) { process_.slow_down(factor); }
    bool running() const { return process_.running(); }

    /// It serves content from its own disk: responses say from now on how stale that is when they
    /// are sent. `replicas` must outlive the application.
    void serve_from(scenario::Replicas& replicas) { replicas_ = &replicas; }

    /// Tells the sink a ServerLoad, and lets go of connections whose clients have long given up.
    void sample();

    /// Requests that run or wait; 0 if it does not run.
    std::uint64_t population() const { return process_.population(); }
    /// Connections and UDP requests held now.
    std::size_t held() const { return sessions_.size(); }

private:
    class Session;
    class TcpSession;
    class UdpSession;
    class UdpCheck;
    using Ticket = server::Station::Ticket;

    void listen(const ListenEndpoint& where);
    void close_listening();
    void end(bool with_resets);
    void on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from);
    void on_datagrams(ns3::Ptr<ns3::Socket> socket);
    void on_check(const ns3::Ptr<ns3::Socket>& socket, const ns3::Packet& datagram,
                  const ns3::Address& from);
    ns3::Ptr<ns3::Socket> reply_socket(const ns3::Ptr<ns3::Socket>& listening,
                                       const ns3::Packet& datagram);
    CheckDialogue dialogue_at(Protocol protocol, ns3::Ptr<ns3::Socket> socket) const;
    /// A session's request is whole. False: no place for it.
    bool submit(Ticket session, double service_quantile, const Address& destination);
    bool submit_check(Ticket session);
    Duration staleness() const;
    void done(Ticket session);
    void answer(Ticket session, bool ok);
    /// The data of a held request is there, or it failed.
    void data_ended(Ticket session, bool ok);
    /// The session is over; destroyed by an event of its own.
    void retire(Ticket session);
    void dismiss();

    const scenario::Scenario& scenario_;
    journal::Sink& sink_;
    Network& network_;
    std::uint32_t index_;
    scenario::Replicas* replicas_ = nullptr;
    ns3::Ptr<ns3::Node> node_;
    SimulationTimers timers_;
    world::ServerProcess<server::Application> process_;
    std::unique_ptr<DataClient> data_;  ///< of a server that needs data
    RandomStream check_work_;
    Duration longest_timeout_{};
    std::set<Address> routers_;  ///< whoever comes from there checks
    std::vector<ns3::Ptr<ns3::Socket>> listening_;
    /// Answers to datagrams that came to a socket without an address of its own, by the address and
    /// port that they came for.
    std::map<Endpoint, ns3::Ptr<ns3::Socket>> reply_sockets_;
    /// By age, so that whatever walks over them does so in the same order in every run.
    std::map<Ticket, std::unique_ptr<Session>> sessions_;
    std::vector<Ticket> retired_;
    Ticket next_ticket_ = 0;
    ns3::EventId dismissal_;
};

}  // namespace lvslab::packet_world
